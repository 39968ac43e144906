/** Bombs behind an OCI runtime, where the runtime could have a say in them: memory, processes, and the end of everything. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { until, useAsh } from '../e2e/harness.ts';
import { say } from '../e2e/streams.ts';
import { bash, bombs, expectAlive, explode, sessionWith, toolOutput } from './bomb.ts';
import { whyNoOci } from './oci-here.ts';

// Bombs take their time on a machine that is busy with others.
vi.setConfig({ testTimeout: 240_000 });

const why = whyNoOci();
if (why !== undefined) console.warn(`oci: bombs not tested, ${why}`);

describe.skipIf(why !== undefined)(`behind oci${why === undefined ? '' : ` (${why})`}`, () => {
  const use = useAsh({
    env: { ASH_ISOLATION: 'oci', ASH_SANDBOX_CEILING: 'memoryMb=1024', ASH_SANDBOX_DISK_MB: '64' },
  });

  test('memory of a tool', async () => {
    const { ash } = use;
    const id = await sessionWith(ash, { memoryMb: 512 });
    const turn = await explode(ash, id, bombs.memoryOfTool);
    expect(turn).toMatchObject({ status: 'completed', error: undefined });
    expect(toolOutput(turn)).toMatch(/137|Killed/);
    await expectAlive(ash, id);
  });

  test('memory of the runtime', async () => {
    const { ash } = use;
    const id = await sessionWith(ash, { memoryMb: 512, pids: 200 });
    const turn = await explode(ash, id, bombs.memoryOfRuntime);
    expect(turn.error).toMatchObject({ code: 'memory_limit_reached', error: expect.stringContaining('512 MiB') });
    await expectAlive(ash, id);
  });

  test('a fork bomb', async () => {
    const { ash } = use;
    const id = await sessionWith(ash, { pids: 64, cpus: 1 });
    const turn = await explode(ash, id, bombs.forks);
    expect(turn.error).toMatchObject({ code: 'process_limit_reached', error: expect.stringContaining('64') });
    await expectAlive(ash, id);
  });

  test('what detached itself, twice forked, ends with its session', async () => {
    const { ash } = use;
    const id = await sessionWith(ash, {});
    const name = `detached-${id}`;
    const detach = `setsid perl -e 'exit if fork; exit if fork; $0 = "${name}"; sleep 1000' < /dev/null > /dev/null 2>&1`;
    const turn = await say(ash, id, bash(`for i in 1 2 3; do ${detach}; done; echo up`));
    expect(turn).toMatchObject({ status: 'completed', text: 'It said up.' });
    await until(() => named(name).length === 3);
    await ash.client.endSession(id);
    await until(() => named(name).length === 0);
  });
});

/** Processes of this machine that call themselves so. */
function named(name: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(name);
    } catch {
      return false;
    }
  });
}
