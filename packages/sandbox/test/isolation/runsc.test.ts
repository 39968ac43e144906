/**
 * Walls by runsc, as far as that goes without a gVisor that is new enough: which one is taken, what it is told, and the supervisor
 * around it, with a program in its place that runs what the bundle says.
 */
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeSandboxDir } from '../../src/isolation/layout.ts';
import { createOciIsolation } from '../../src/isolation/oci.ts';
import { isRoot } from './harness.ts';

const stand = (version: string, flags: string, dir: string) => `#!/usr/bin/python3
import json, os, shutil, sys
if sys.argv[1:] == ['flags']: print('${flags}')
elif sys.argv[1:] == ['--version']: print('runsc version ${version}')
else:
    bundle = sys.argv[sys.argv.index('--bundle') + 1] + '/config.json'
    shutil.copy(bundle, '${dir}/config.json')
    json.dump(sys.argv[1:], open('${dir}/told', 'w'))
    args = json.load(open(bundle))['process']['args']
    if args[-1] == 'broken':
        open(sys.argv[sys.argv.index('--log') + 1], 'w').write('no such luck')
        sys.exit(128)
    os.execv(args[0], args)
`;

if (!isRoot) console.warn('runsc: not tested, oci maps kernel users, which only root may');

describe.skipIf(!isRoot)('runsc', () => {
  let dir = '';
  let runtime = '';

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ash-runsc-'));
    await chmod(dir, 0o711);
    runtime = join(dir, 'runsc');
    await mkdir(join(dir, 'state'));
  });
  afterEach(async () => {
    await rm(dir, { recursive: true });
  });

  async function made(version: string, flags: string) {
    await writeFile(runtime, stand(version, flags, dir), { mode: 0o755 });
    return await createOciIsolation({ stateDir: join(dir, 'state'), runtime });
  }

  it.each([
    ['0.0~20221219.0', '  -host-uds value', 'is too old to run agents'],
    ['release-20990101.0', '  -network value', 'is too old to run agents'],
  ])('%s with %s is refused', async (version, flags, words) => {
    await expect(made(version, flags)).rejects.toThrow(words);
  });

  it('what is no runtime, or is not there, is refused by name', async () => {
    const stateDir = join(dir, 'state');
    await expect(createOciIsolation({ stateDir, runtime: 'youki' })).rejects.toThrow(
      'youki is no OCI runtime that Ash knows',
    );
    await expect(createOciIsolation({ stateDir, runtime: '/nowhere/runsc' })).rejects.toThrow(
      '/nowhere/runsc is not there',
    );
  });

  it('gets the argv in the bundle, and its end is reported; failures of its own are not taken for ends of the program', async () => {
    const isolation = await made('release-20990101.0', '  -host-uds value\\n  -overlay2 value');
    expect(isolation).toMatchObject({ name: 'oci', ownKernel: true });
    const sandboxDir = join(dir, 'sandbox');
    const uids = { wall: 199_986, bridge: 199_987 };
    await makeSandboxDir(sandboxDir, uids);
    const limits = {
      memoryBytes: 256 << 20,
      pids: 64,
      cpus: 1,
      tmpBytes: 16 << 20,
      fileBytes: 64 << 20,
      openFiles: 256,
    };
    const exec = (argv: string[], timeoutMs = 20_000) =>
      isolation.exec({
        ...{ sandboxId: `runsc-${process.pid}`, sandboxDir, uids, limits, runtimeDir: '/usr/lib', argv, timeoutMs },
        ...{ env: { ODD: 'a"b\\c\n\u00fc\u0001' }, maxBytes: 65_536 },
      });
    const said = await exec(['/bin/bash', '-c', 'printf %s "$ODD"; echo oh >&2; exit 3']);
    expect([said.exitCode, said.stdout.toString(), said.stderr.toString()]).toEqual([
      3,
      'a"b\\c\n\u00fc\u0001',
      'oh\n',
    ]);
    const told = JSON.parse(await readFile(join(dir, 'told'), 'utf8')) as string[];
    expect(told).toEqual(
      expect.arrayContaining(['--network=none', '--ignore-cgroups', '--host-uds=open', '--overlay2=none', 'run']),
    );
    const config = JSON.parse(await readFile(join(dir, 'config.json'), 'utf8'));
    expect(config).toMatchObject({
      process: { cwd: '/workspace', user: { uid: 1000, gid: 1000 }, noNewPrivileges: true },
      root: { readonly: true },
      linux: {
        uidMappings: [
          { containerID: 0, hostID: uids.wall + 2 },
          { containerID: 1000, hostID: uids.wall },
        ],
      },
    });
    expect(config.linux.seccomp).toBeUndefined();
    await expect(exec(['broken'])).rejects.toThrow('no such luck');
    // Killed, with all that it left: the supervisor is the first process of their namespace.
    const mark = `runsc-${crypto.randomUUID()}`;
    const late = await exec(
      ['/bin/bash', '-c', `setsid bash -c 'exec -a ${mark} sleep 1000' & exec -a ${mark} sleep 1000`],
      1500,
    );
    expect(late.stopped).toBe('timeout');
    expect(execFileSync('ps', ['ax', '-o', 'args'], { encoding: 'utf8' })).not.toContain(mark);
  });
});
