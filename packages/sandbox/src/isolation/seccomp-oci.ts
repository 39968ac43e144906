/**
 * The system call filter of a wall in the words of the OCI runtime specification: the same policy as `seccomp.ts`, which
 * writes it as instructions. libseccomp compares all 64 bits of an argument, so what the kernel looks at the low half of
 * is refused here with anything in the high half; calls of other processors end the process instead of failing.
 */
import { errno, type FilterSwitches, family, namespaceFlags, refused, terminalRequests } from './seccomp.ts';

type Op = 'SCMP_CMP_EQ' | 'SCMP_CMP_NE' | 'SCMP_CMP_GE' | 'SCMP_CMP_MASKED_EQ';

interface Condition {
  index: number;
  op: Op;
  /** For MASKED_EQ: the mask. */
  value: number;
  valueTwo?: number;
}

export interface OciRule {
  names: string[];
  action: 'SCMP_ACT_ERRNO';
  errnoRet: number;
  args?: Condition[];
}

export interface OciSeccomp {
  defaultAction: 'SCMP_ACT_ALLOW';
  architectures: string[];
  syscalls: OciRule[];
}

const architectures = { x64: 'SCMP_ARCH_X86_64', arm64: 'SCMP_ARCH_AARCH64' } as const;

/** The filter for `linux.seccomp` of a bundle, and for `--security-opt seccomp=` of a container engine. */
export function ociSeccomp(on: readonly (keyof typeof architectures)[], switches: FilterSwitches = {}): OciSeccomp {
  const rules: OciRule[] = [refuse(refused(switches), errno.EPERM)];
  if (!switches.allowNesting) {
    for (const flag of bitsOf(namespaceFlags)) {
      rules.push(refuse(['clone'], errno.EPERM, [{ index: 0, op: 'SCMP_CMP_MASKED_EQ', value: flag, valueTwo: flag }]));
    }
    rules.push(refuse(['clone3'], errno.ENOSYS));
  }
  for (const request of terminalRequests) {
    const low = { index: 1, op: 'SCMP_CMP_MASKED_EQ', value: 0xffffffff, valueTwo: request } as const;
    rules.push(refuse(['ioctl'], errno.EPERM, [low]));
  }
  const allowed: readonly number[] = Object.values(family);
  const sockets = ['socket', 'socketpair'];
  const highest = Math.max(...allowed);
  for (let other = 0; other < highest; other++) {
    if (allowed.includes(other)) continue;
    rules.push(refuse(sockets, errno.EAFNOSUPPORT, [{ index: 0, op: 'SCMP_CMP_EQ', value: other }]));
  }
  rules.push(
    refuse(sockets, errno.EAFNOSUPPORT, [{ index: 0, op: 'SCMP_CMP_GE', value: highest + 1 }]),
    refuse(sockets, errno.EAFNOSUPPORT, [
      { index: 0, op: 'SCMP_CMP_EQ', value: family.netlink },
      { index: 2, op: 'SCMP_CMP_NE', value: 0 },
    ]),
  );
  return { defaultAction: 'SCMP_ACT_ALLOW', architectures: on.map((name) => architectures[name]), syscalls: rules };
}

function refuse(names: readonly string[], errnoRet: number, args?: Condition[]): OciRule {
  return { names: [...names], action: 'SCMP_ACT_ERRNO', errnoRet, ...(args === undefined ? {} : { args }) };
}

function bitsOf(flags: number): number[] {
  return Array.from({ length: 31 }, (_, bit) => 2 ** bit).filter((bit) => (flags & bit) !== 0);
}
