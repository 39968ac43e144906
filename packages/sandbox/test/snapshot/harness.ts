/** What the snapshot tests share: a sandbox folder whose files are made by a script, and what find and sha256sum say of it. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@ash-ai/shared';
import { expect, onTestFinished } from 'vitest';
import { Disks } from '../../src/disk/disks.ts';
import { createProcessIsolation } from '../../src/isolation/process.ts';
import type { SnapshotHead } from '../../src/snapshot/head.ts';
import { LocalSnapshots } from '../../src/snapshot/local-snapshots.ts';
import { removeTree } from '../../src/workspace/remove-tree.ts';

export interface Ground {
  dir: string;
  sandboxDir: string;
  agentDir: string;
  sessionId: string;
  /** Of this session's snapshots. */
  folder: string;
  snapshots: LocalSnapshots;
  /** Runs bash in the folder that holds `workspace` and `home`. */
  bash(script: string): string;
  take(seq: number, signal?: AbortSignal): ReturnType<LocalSnapshots['take']>;
  /** Fills a new sandbox folder from a snapshot; the folder that holds `workspace` and `home`. */
  filled(head: SnapshotHead | undefined): Promise<string>;
}

/** The test fails when a process is left. */
export async function ground({ maxBytes = 1024 ** 3 } = {}): Promise<Ground> {
  const dir = await mkdtemp(join(tmpdir(), 'ash-snapshots-'));
  const sessionId = newId();
  const sandboxesDir = join(dir, 'sandboxes');
  const sandboxDir = join(sandboxesDir, sessionId);
  const agentDir = join(dir, 'agent-versions', 'tenant', 'version');
  const snapshotsDir = join(dir, 'snapshots');
  for (const path of [join(sandboxDir, 'disk', 'workspace'), join(sandboxDir, 'disk', 'home'), agentDir]) {
    await mkdir(path, { recursive: true });
  }
  const disks = new Disks(sandboxesDir, false);
  const snapshots = new LocalSnapshots({ snapshotsDir, maxBytes, disks, isolation: createProcessIsolation() });
  onTestFinished(async () => {
    await snapshots[Symbol.asyncDispose]();
    expect(execFileSync('sh', ['-c', `pgrep -P ${process.pid} -f '[s]napshot/worker' || true`]).toString()).toBe('');
    await removeTree(dir);
  });
  const bash = (script: string) =>
    execFileSync('bash', ['-ec', script], { cwd: join(sandboxDir, 'disk'), maxBuffer: 1024 ** 3 }).toString();
  return {
    ...{ dir, sandboxDir, agentDir, sessionId, snapshots, bash },
    folder: join(snapshotsDir, sessionId),
    take: (seq, signal) => snapshots.take({ sessionId, seq, session: { of: 'test' }, agentDir }, sandboxDir, signal),
    filled: async (head) => {
      if (head === undefined) throw new Error('no snapshot');
      const to = join(sandboxesDir, newId());
      for (const name of ['workspace', 'home']) await mkdir(join(to, 'disk', name), { recursive: true });
      await snapshots.fill(head, { sandboxDir: to, agentDir, owner: undefined });
      return join(to, 'disk');
    },
  };
}

/** What other programs say of a tree: kinds, modes, sizes, times to the microsecond, link targets, contents, hard links. */
export function described(disk: string): string {
  const script = `
    find . -mindepth 1 -printf '%P %y %#m %s %TY-%Tm-%Td %TH:%TM:%TS %l %n\\n' | sed -E 's/ d (0[0-7]+) [0-9]+/ d \\1 -/; s/(\\.[0-9]{6})[0-9]+/\\1/' | LC_ALL=C sort
    find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum`;
  return execFileSync('bash', ['-ec', script], {
    cwd: disk,
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
  }).toString();
}

export async function packs(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.tar.zst')).sort();
}
