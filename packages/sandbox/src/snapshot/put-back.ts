/** Puts a session's workspace back from its newest snapshot that is whole. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errors, isAshError } from '@ash-ai/shared';
import type { Disks } from '../disk/disks.ts';
import type { DiskSize } from '../disk/image.ts';
import { diskOf, layoutOf, makeSandboxDir } from '../isolation/layout.ts';
import { type UidPool, uidsOf } from '../isolation/uids.ts';
import type { WorkspaceSource } from '../runner.ts';
import { isThere } from '../workspace/exists.ts';
import { removeTree } from '../workspace/remove-tree.ts';
import type { SnapshotHead } from './head.ts';
import { type LocalSnapshots, toSnapshot } from './local-snapshots.ts';
import type { PutBack } from './snapshots.ts';

export const workspaceMarker = 'workspace.json';
/** What a broken workspace is renamed to, beside the new one; of several the newest stays. */
export const setAsideName = 'set-aside';

interface Place {
  disks: Disks;
  uids: UidPool | undefined;
  size: DiskSize;
  snapshots: LocalSnapshots;
}

/** Why a workspace that there was can't be used as it lies there; undefined when nothing speaks against it. */
export async function whyLost(dir: string, snapshots: Pick<LocalSnapshots, 'has'>): Promise<string | undefined> {
  if (await isThere(join(dir, workspaceMarker))) {
    const there = (await isThere(join(dir, 'disk.img'))) || (await isThere(layoutOf(dir).workspace));
    return there ? undefined : 'its files are missing';
  }
  return (await snapshots.has(basename(dir))) ? 'its folder is missing' : undefined;
}

/** Undefined when it needs not be put back. No sandbox may live in it. @throws workspace_lost */
export async function putBack(
  { disks, uids: pool, size, snapshots }: Place,
  dir: string,
  source: WorkspaceSource,
): Promise<PutBack | undefined> {
  const sessionId = basename(dir);
  const reason = (await whyLost(dir, snapshots)) ?? (await whyNoMount(disks, dir));
  if (reason === undefined) return undefined;
  const { head, damaged } = await snapshots.verified(sessionId, source.agentDir);
  if (head === undefined) {
    const without = damaged.length === 0 ? 'there is no snapshot of it' : 'its snapshots are damaged';
    throw errors.workspace_lost({ sessionId, reason: `${reason}, and ${without}` });
  }
  const uids = (await uidsOf(dir)) ?? pool?.take();
  await setAside(dir);
  await fillFrom(head, {
    snapshots,
    disks,
    dir,
    uids,
    agentDir: source.agentDir,
    size: head.disk ?? source.disk ?? size,
  });
  return { snapshot: toSnapshot(head), damaged, reason };
}

/** Makes the workspace and home of a sandbox folder that has none from a snapshot. */
export async function fillFrom(
  head: SnapshotHead,
  to: {
    snapshots: LocalSnapshots;
    disks: Disks;
    dir: string;
    uids: ReturnType<UidPool['take']> | undefined;
    agentDir: string;
    size: DiskSize;
  },
): Promise<void> {
  await using _disk = await to.disks.hold(to.dir, to.size);
  await makeSandboxDir(to.dir, to.uids);
  await to.snapshots.fill(head, { sandboxDir: to.dir, agentDir: to.agentDir, owner: to.uids?.wall });
  const from = { from: 'snapshot', n: head.n, seq: head.seq };
  await writeFile(join(to.dir, workspaceMarker), JSON.stringify(from), { mode: 0o600 });
}

async function whyNoMount(disks: Disks, dir: string): Promise<string | undefined> {
  try {
    await using _disk = await disks.hold(dir);
    return undefined;
  } catch (cause) {
    if (!isAshError(cause) || cause.code !== 'workspace_lost') throw cause;
    return 'its disk is broken';
  }
}

/** Out of the way, not away: what is broken may still be saved by hand. What a restore left half done is removed. */
async function setAside(dir: string): Promise<void> {
  const whole = await isThere(join(dir, workspaceMarker));
  const aside = join(dir, setAsideName);
  if (whole) {
    await removeTree(aside);
    await mkdir(aside, { recursive: true, mode: 0o700 });
  }
  for (const path of [join(dir, 'disk.img'), diskOf(dir)]) {
    if (!(await isThere(path))) continue;
    if (whole) await rename(path, join(aside, basename(path)));
    else await removeTree(path);
  }
  await rm(join(dir, workspaceMarker), { force: true });
}
