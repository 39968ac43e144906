/** Writes the system call filter of a wall as classic BPF; the same policy for each processor, no library. */
import { type Architecture, architectures, type Syscall, syscalls } from './syscalls.ts';

export interface FilterSwitches {
  /** Debuggers: ptrace and reading another process's memory. */
  allowPtrace?: boolean;
  /** Sandboxes inside the wall: user namespaces and mounts in them. */
  allowNesting?: boolean;
}

export const errno = { EPERM: 1, ENOSYS: 38, EAFNOSUPPORT: 97 } as const;
const allow = 0x7fff0000;
const refuse = (code: number): number => 0x00050000 | code;

// Offsets in struct seccomp_data; arguments are 64 bits and both processors are little-endian.
const numberAt = 0;
const architectureAt = 4;
const argument = (index: number): number => 16 + 8 * index;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, k: number];
const load = (offset: number): Instruction => [0x20, 0, 0, offset];
const jumpEqual = (k: number, ifTrue: number, ifFalse: number): Instruction => [0x15, ifTrue, ifFalse, k];
const jumpAtLeast = (k: number, ifTrue: number, ifFalse: number): Instruction => [0x35, ifTrue, ifFalse, k];
const jumpAnyBit = (k: number, ifTrue: number, ifFalse: number): Instruction => [0x45, ifTrue, ifFalse, k];
const give = (action: number): Instruction => [0x06, 0, 0, action];

const namespaceCalls: readonly Syscall[] = ['unshare', 'setns', 'pivot_root', 'chroot', 'mount', 'umount2'];
const memoryCalls: readonly Syscall[] = ['ptrace', 'process_vm_readv', 'process_vm_writev', 'pidfd_getfd', 'kcmp'];
const inspected: readonly Syscall[] = ['clone', 'clone3', 'ioctl', 'socket', 'socketpair'];

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
export const namespaceFlags = 0x7e020000;
/** TIOCSTI and TIOCLINUX; the kernel looks at the low 32 bits only, and so does this filter. */
export const terminalRequests = [0x5412, 0x541c];
export const family = { unix: 1, inet: 2, inet6: 10, netlink: 16 };

/** Calls that are refused whatever they are asked. */
export function refused(switches: FilterSwitches): Syscall[] {
  const skipped = new Set<Syscall>(inspected);
  if (switches.allowNesting) for (const name of namespaceCalls) skipped.add(name);
  if (switches.allowPtrace) for (const name of memoryCalls) skipped.add(name);
  return (Object.keys(syscalls) as Syscall[]).filter((name) => !skipped.has(name));
}

function program(architecture: Architecture, switches: FilterSwitches): Instruction[] {
  const { audit, column } = architectures[architecture];
  const numberOf = (name: Syscall): number | undefined => syscalls[name][column];
  /** `body` runs for one call only, and must end it. */
  const on = (name: Syscall, body: Instruction[]): Instruction[] => {
    const number = numberOf(name);
    return number === undefined ? [] : [jumpEqual(number, 0, body.length), ...body];
  };
  const out: Instruction[] = [
    load(architectureAt),
    jumpEqual(audit, 1, 0),
    give(refuse(errno.ENOSYS)), // 32-bit calls
    load(numberAt),
  ];
  if (architecture === 'x64') out.push(jumpAtLeast(0x40000000, 0, 1), give(refuse(errno.ENOSYS))); // x32
  for (const name of refused(switches)) out.push(...on(name, [give(refuse(errno.EPERM))]));
  if (!switches.allowNesting) {
    out.push(
      ...on('clone', [load(argument(0)), jumpAnyBit(namespaceFlags, 0, 1), give(refuse(errno.EPERM)), give(allow)]),
      // Its flags are behind a pointer; libc falls back to clone.
      ...on('clone3', [give(refuse(errno.ENOSYS))]),
    );
  }
  out.push(
    ...on('ioctl', [
      load(argument(1)),
      ...terminalRequests.flatMap((request) => [jumpEqual(request, 0, 1), give(refuse(errno.EPERM))]),
      give(allow),
    ]),
  );
  for (const name of ['socket', 'socketpair'] as const) {
    out.push(
      ...on(name, [
        load(argument(0)),
        jumpEqual(family.unix, 5, 0),
        jumpEqual(family.inet, 4, 0),
        jumpEqual(family.inet6, 3, 0),
        jumpEqual(family.netlink, 0, 3),
        load(argument(2)),
        jumpEqual(0, 0, 1), // NETLINK_ROUTE
        give(allow),
        give(refuse(errno.EAFNOSUPPORT)),
      ]),
    );
  }
  out.push(give(allow));
  return out;
}

/** The filter as bytes for `bwrap --seccomp`: an array of struct sock_filter. */
export function seccompFilter(architecture: Architecture, switches: FilterSwitches = {}): Buffer {
  const instructions = program(architecture, switches);
  const bytes = Buffer.alloc(instructions.length * 8);
  instructions.forEach(([code, ifTrue, ifFalse, k], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(k, index * 8 + 4);
  });
  return bytes;
}
