/** What a server leaves that dies at the worst moment is found and ended; what lives is left alone. */
import { mkdir, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '@ash-ai/shared';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createBubblewrapIsolation } from '../src/isolation/bubblewrap.ts';
import { detectCgroups } from '../src/isolation/cgroup-host.ts';
import { makeSandboxDir } from '../src/isolation/layout.ts';
import { makeGroups, removeGroups } from '../src/isolation/limits.ts';
import { sweepGroups } from '../src/isolation/sweep-groups.ts';
import { removeRecord, writeRecord } from '../src/sandbox-record.ts';
import { sandboxIdOf, strayFolders, sweepSandboxes, tagOf } from '../src/sweep.ts';
import { Bridge, freshUids, limits, sandboxIn, tempDir, until } from './isolation/harness.ts';

const host = await detectCgroups();
const hasGroups = host.v2 !== undefined || Object.keys(host.v1).length > 0;
if (!hasGroups) console.warn('sweep: sandboxes without a record are not looked for, no control groups here');

describe.runIf(hasGroups)('sandboxes', () => {
  async function launchedAs(sandboxesDir: string, sessionId: string, sandboxId: string) {
    const isolation = await createBubblewrapIsolation({ stateDir: await tempDir() });
    const sandboxDir = join(sandboxesDir, sessionId);
    const uids = freshUids();
    const made = await sandboxIn(sandboxesDir, { sandboxId, sandboxDir, ...(uids ? { uids } : {}) });
    await makeSandboxDir(sandboxDir, uids);
    const record = await isolation.launch({ ...made, sandboxId, sandboxDir });
    onTestFinished(() => isolation.destroy(record));
    const bridge = await Bridge.at(sandboxDir);
    bridge.run(['/bin/bash', '-c', '(setsid sleep 1000 &); echo up; sleep 1000']);
    await bridge.until(() => bridge.text('stdout').includes('up'));
    return { isolation, record, sandboxDir };
  }

  it('end when nobody recorded them, and only then', async () => {
    const sandboxesDir = await tempDir();
    const tag = await tagOf(sandboxesDir);
    const sessionId = newId();
    const sandboxId = sandboxIdOf(tag, sessionId);
    const { isolation, record, sandboxDir } = await launchedAs(sandboxesDir, sessionId, sandboxId);
    const sweep = (launching: string[]) =>
      sweepSandboxes({ sandboxesDir, isolation, tag, launching: new Set(launching) });
    expect(await sweep([sandboxId])).toEqual([]);
    await writeRecord(sandboxDir, record);
    expect(await sweep([])).toEqual([]);
    expect(await sweepSandboxes({ sandboxesDir, isolation, tag: 'anothers', launching: new Set() })).toEqual([]);
    expect(await isolation.isAlive(record)).toEqual({ bridge: true, wall: true });
    await removeRecord(sandboxDir);
    expect(await sweep([])).toEqual([sandboxId]);
    // Where no group has the bridge (cgroup 1), it ends by itself once its wall has.
    await until(async () => !(await isolation.isAlive(record)).wall);
  });

  it('leave empty groups, which are removed when they are old', async () => {
    const made = await makeGroups(host, `t-${newId()}`, limits);
    onTestFinished(async () => void (await removeGroups(made.groups)));
    expect(await sweepGroups(host, () => Promise.resolve('not ours'))).toEqual([]);
    expect(
      await sweepGroups(host, (id) =>
        Promise.resolve(made.groups.remove[0]?.includes(id) ? 'ours to end' : 'ours to keep'),
      ),
    ).toHaveLength(1);
  });
});

describe('folders', () => {
  it('are strays when the store doesn’t know them, unless they are young or it knows none', async () => {
    const dir = await tempDir();
    const [known, stray, young] = [newId(), newId(), newId()];
    for (const id of [known, stray, young]) await mkdir(join(dir, id));
    await mkdir(join(dir, 'not-an-id'));
    const old = new Date(Date.now() - 2 * 3_600_000);
    for (const id of [known, stray]) await utimes(join(dir, id), old, old);
    expect(await strayFolders(dir, () => Promise.resolve(new Set([known])))).toEqual([stray]);
    expect(await strayFolders(dir, () => Promise.resolve(new Set()))).toEqual([]);
    await rm(join(dir, stray), { recursive: true });
  });
});
