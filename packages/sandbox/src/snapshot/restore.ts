/** Puts a snapshot back into folders that are empty and that no agent has touched; checks every byte on the way. */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { contentOf } from './content.ts';
import { type FileEntry, nameBytes, readList } from './entry.ts';
import { names, type SnapshotHead } from './head.ts';
import { PackReader } from './pack-file.ts';
import { Target } from './target.ts';
import { TreeUnfit } from './walk.ts';

export interface RestoreRequest {
  folder: string;
  head: SnapshotHead;
  /** Folder of the agent version that the head names. */
  agentDir: string | undefined;
  /** Holds `workspace` and `home`, empty. Undefined: everything is checked and nothing written. */
  disk: string | undefined;
  /** Which of the two; default both. */
  only?: 'workspace' | 'home';
  owner: number | undefined;
}

export interface Restored {
  entries: number;
  contentBytes: number;
}

/** @throws Error when anything isn't what the snapshot says */
export function restore(request: RestoreRequest): Restored {
  const { folder, head, only } = request;
  const all = readList(join(folder, names.list(head.n)), head.list.sha256);
  if (all.length !== head.entries) throw new TreeUnfit('the list of files is not that of the snapshot');
  const entries = only === undefined ? all : all.filter(({ path }) => path === only || path.startsWith(`${only}/`));
  using target = new Target(request.disk, request.owner);
  for (const entry of entries) if (entry.kind === 'folder') target.folder(entry.path);
  const files = entries.filter((entry) => entry.kind === 'file');
  for (const entry of files) if (entry.size === 0) target.file(entry, []);
  fromAgent(request, files, target);
  for (const pack of head.packs) {
    using reader = new PackReader(join(folder, names.pack(pack.n)), pack);
    const own = files.flatMap((file) => {
      const { place, size } = file;
      return size > 0 && 'pack' in place && place.pack === pack.n ? [{ file, offset: place.offset }] : [];
    });
    for (const { file, offset } of own.sort((a, b) => a.offset - b.offset)) {
      target.file(file, reader.read(offset, file.size));
    }
  }
  target.others(entries);
  if (request.disk !== undefined) spawnSync('sync', ['-f', request.disk]);
  return { entries: entries.length, contentBytes: files.reduce((sum, { size }) => sum + size, 0) };
}

function fromAgent({ agentDir }: RestoreRequest, files: readonly FileEntry[], target: Target): void {
  for (const file of files) {
    if (!('agent' in file.place)) continue;
    if (agentDir === undefined) throw new TreeUnfit('the agent version that it needs is missing');
    const path = [Buffer.from(agentDir), ...file.place.agent.split('/').map(nameBytes)];
    const slash = Buffer.from('/');
    const fd = openSync(Buffer.concat(path.flatMap((part) => [part, slash]).slice(0, -1)), constants.O_RDONLY);
    try {
      if (fstatSync(fd).size !== file.size) throw new TreeUnfit('the agent version that it needs is damaged');
      target.file(file, contentOf(fd, file.size));
    } finally {
      closeSync(fd);
    }
  }
}
