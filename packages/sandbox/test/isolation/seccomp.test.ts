/** The filter's verdicts, by running the bytes as the kernel would, and inside a real wall. */
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seccompFilter } from '../../src/isolation/seccomp.ts';
import { containerSeccomp } from '../../src/isolation/seccomp-container.ts';
import { type OciSeccomp, ociSeccomp } from '../../src/isolation/seccomp-oci.ts';
import { architectures, type Syscall, syscalls } from '../../src/isolation/syscalls.ts';
import { sandboxIn, tempDir } from './harness.ts';
import { providers } from './providers.ts';

interface Call {
  arch: number;
  nr: number;
  args?: bigint[];
}

/** A classic BPF machine with the instructions that the filter uses. */
function verdict(program: Buffer, { arch, nr, args = [] }: Call): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(nr, 0);
  data.writeUInt32LE(arch, 4);
  args.forEach((value, index) => {
    data.writeBigUInt64LE(value, 16 + index * 8);
  });
  let accumulator = 0;
  for (let at = 0; ; at++) {
    const code = program.readUInt16LE(at * 8);
    const [yes, no] = [program.readUInt8(at * 8 + 2), program.readUInt8(at * 8 + 3)];
    const k = program.readUInt32LE(at * 8 + 4);
    if (code === 0x06) return k;
    if (code === 0x20) accumulator = data.readUInt32LE(k);
    else {
      const holds = { 21: accumulator === k, 53: accumulator >= k, 69: (accumulator & k) !== 0 }[code];
      if (holds === undefined) throw new Error(`unknown instruction ${code}`);
      at += holds ? yes : no;
    }
  }
}

/** What an OCI runtime makes of the rules: the first that holds. */
function ociVerdict({ syscalls: rules }: OciSeccomp, name: string, args: readonly bigint[]): number {
  for (const rule of rules) {
    if (!rule.names.includes(name)) continue;
    const holds = (rule.args ?? []).every(({ index, op, value, valueTwo = 0 }) => {
      const given = args[index] ?? 0n;
      if (op === 'SCMP_CMP_EQ') return given === BigInt(value);
      if (op === 'SCMP_CMP_NE') return given !== BigInt(value);
      if (op === 'SCMP_CMP_GE') return given >= BigInt(value);
      return (given & BigInt(value)) === BigInt(valueTwo);
    });
    if (holds) return refused(rule.errnoRet);
  }
  return allow;
}

const allow = 0x7fff0000;
const refused = (errno: number) => 0x00050000 | errno;

for (const name of ['x64', 'arm64'] as const) {
  describe(`filter for ${name}`, () => {
    const { audit, column } = architectures[name];
    const filter = seccompFilter(name);
    const of = (call: Syscall, ...args: (number | bigint)[]) =>
      verdict(filter, { arch: audit, nr: syscalls[call][column] ?? -1, args: args.map(BigInt) });

    it('refuses every listed call and lets the others through', () => {
      const looked = new Set<string>(['clone', 'clone3', 'ioctl', 'socket', 'socketpair']);
      for (const call of Object.keys(syscalls) as Syscall[]) {
        if (!looked.has(call) && syscalls[call][column] !== undefined)
          expect([call, of(call)]).toEqual([call, refused(1)]);
      }
      const listed = new Set<number | undefined>(Object.values(syscalls).map((numbers) => numbers[column]));
      for (let nr = 0; nr < 470; nr++)
        if (!listed.has(nr)) expect([nr, verdict(filter, { arch: audit, nr })]).toEqual([nr, allow]);
    });

    it('looks at arguments: namespaces, socket families, terminal requests with high bits set', () => {
      expect(of('clone', 0x01200011)).toBe(allow);
      for (const flag of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]) {
        expect(of('clone', flag | 17)).toBe(refused(1));
      }
      expect(of('clone3')).toBe(refused(38));
      for (const family of [1, 2, 10])
        expect([of('socket', family, 1, 6), of('socketpair', family, 1, 0)]).toEqual([allow, allow]);
      expect([of('socket', 16, 3, 0), of('socket', 16, 3, 9), of('socket', 16, 3, 12)]).toEqual([
        allow,
        refused(97),
        refused(97),
      ]);
      for (const family of [17, 38, 40, 44]) expect(of('socket', family, 1, 0)).toBe(refused(97));
      expect([of('ioctl', 0, 0x5412), of('ioctl', 0, 0x5412n | (1n << 40n)), of('ioctl', 0, 0x541c)]).toEqual(
        Array(3).fill(refused(1)),
      );
      expect(of('ioctl', 0, 0x5413)).toBe(allow);
    });

    it('says the same in the words of OCI, and refuses more only for what the kernel does not look at', () => {
      const switches = fc.record({ allowPtrace: fc.boolean(), allowNesting: fc.boolean() });
      const known = (Object.keys(syscalls) as Syscall[]).filter((call) => syscalls[call][column] !== undefined);
      const small = fc.oneof(fc.bigInt({ min: 0n, max: 0x7fffffffn }), fc.bigInt({ min: 0n, max: 60n }));
      const value = fc.oneof(small, fc.constantFrom(0x5412n, 0x541cn, 16n, 0x10000011n));
      const args = fc.array(value, { minLength: 3, maxLength: 3 });
      const high = fc.array(fc.constantFrom(0n, 1n << 32n), { minLength: 3, maxLength: 3 });
      fc.assert(
        fc.property(switches, fc.constantFrom(...known), args, high, (on, call, low, above) => {
          const given = low.map((part, index) => part | (above[index] ?? 0n));
          const nr = syscalls[call][column] ?? -1;
          const bytes = verdict(seccompFilter(name, on), { arch: audit, nr, args: given });
          const words = ociVerdict(ociSeccomp([name], on), call, given);
          if (above.every((part) => part === 0n)) expect([call, words]).toEqual([call, bytes]);
          else if (bytes !== allow) expect([call, words === allow]).toEqual([call, false]);
        }),
        { numRuns: 2000 },
      );
    });

    it('refuses calls of other processors and modes', () => {
      expect(verdict(filter, { arch: 0x40000003, nr: 1 })).toBe(refused(38));
      if (name === 'x64') expect(verdict(filter, { arch: audit, nr: 0x40000001 })).toBe(refused(38));
    });

    it('opens for debuggers and for nested sandboxes when told to', () => {
      const at = (call: Syscall) => ({ arch: audit, nr: syscalls[call][column] ?? -1 });
      const debug = seccompFilter(name, { allowPtrace: true });
      expect([verdict(debug, at('ptrace')), verdict(debug, at('mount'))]).toEqual([allow, refused(1)]);
      const nested = seccompFilter(name, { allowNesting: true });
      for (const call of ['unshare', 'mount', 'clone3', 'pivot_root'] as const)
        expect(verdict(nested, at(call))).toBe(allow);
      expect(verdict(nested, at('keyctl'))).toBe(refused(1));
    });
  });
}

it.runIf(process.arch === 'x64').each(providers)(
  'holds inside a real wall of $title (traps 6, 7)',
  async ({ make }) => {
    const stateDir = await tempDir();
    const isolation = await make({ stateDir });
    const sandbox = await sandboxIn(stateDir);
    const calls: [string, number, ...number[]][] = [
      ...(['add_key', 'keyctl', 'bpf', 'perf_event_open', 'userfaultfd', 'io_uring_setup', 'ptrace'] as const).map(
        (name) => [name, syscalls[name][0], 0, 0, 0] as [string, number, ...number[]],
      ),
      ...(
        ['process_vm_readv', 'mount', 'fsopen', 'open_tree', 'setns', 'kexec_load', 'open_by_handle_at'] as const
      ).map((name) => [name, syscalls[name][0], 0, 0, 0] as [string, number, ...number[]]),
      ['unshare', syscalls.unshare[0], 0x10000000],
      ['clone', syscalls.clone[0], 0x10000011],
      ['clone3', syscalls.clone3[0], 0, 0],
      ['vsock', syscalls.socket[0], 40, 1, 0],
      ['packet', syscalls.socket[0], 17, 3, 0],
      ['netfilter', syscalls.socket[0], 16, 3, 12],
      ['tiocsti', syscalls.ioctl[0], 0, 0x5412, 0],
      ['tiocsti with high bits', syscalls.ioctl[0], 0, 2 ** 32 + 0x5412, 0],
      ['unix', syscalls.socket[0], 1, 1, 0],
    ];
    const script = calls
      .map(
        ([name, ...numbers]) =>
          `$! = 0; my $r = syscall(${numbers.join(', ')}); print "${name} ", $r < 0 ? $! + 0 : 0, "\\n";`,
      )
      .join('\n');
    const { stdout } = await isolation.exec({
      ...sandbox,
      ...{
        argv: ['/usr/bin/perl', '-e', `no strict; ${script.replaceAll('my $r', '$r')}`],
        env: {},
        timeoutMs: 10_000,
        maxBytes: 10_000,
      },
    });
    const expected: Record<string, number> = { clone3: 38, vsock: 97, packet: 97, netfilter: 97, unix: 0 };
    expect(stdout.toString().trim().split('\n')).toEqual(calls.map(([name]) => `${name} ${expected[name] ?? 1}`));
  },
);

it('is in deploy/seccomp.json for the container of a server, but for what raises walls (vitest -u writes it)', async () => {
  const filter = containerSeccomp();
  const names = filter.syscalls.flatMap((rule) => rule.names);
  for (const name of ['mount', 'umount2', 'pivot_root', 'unshare', 'clone', 'clone3', 'sethostname']) {
    expect(names).not.toContain(name);
  }
  expect(names).toEqual(expect.arrayContaining(['bpf', 'keyctl', 'ptrace', 'io_uring_setup', 'open_by_handle_at']));
  const place = new URL('../../../../deploy/seccomp.json', import.meta.url);
  await expect(`${JSON.stringify(filter, null, 2)}\n`).toMatchFileSnapshot(fileURLToPath(place));
});
