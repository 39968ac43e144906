/** `ash logs`: the log of a server in the background. */

import { once } from 'node:events';
import { closeSync, openSync, readSync, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { dataDirOf } from '../local-server/environment.ts';
import { logPath } from '../local-server/launch.ts';
import { readTail } from '../local-server/log-tail.ts';
import { count } from '../option-values.ts';

export async function logs(
  { terminal }: Context,
  options: { dataDir?: string; follow?: boolean; lines: string },
): Promise<void> {
  const path = logPath(dataDirOf(options.dataDir));
  const lines = count('--lines', options.lines) ?? 100;
  let offset = sizeOf(path);
  if (offset === undefined) throw new Failure(`no log at ${path}: no server was started in the background there`);
  if (!options.follow) {
    terminal.out(readTail(path, lines));
    return;
  }
  const showNew = () => {
    const size = sizeOf(path) ?? 0;
    // A new start may have put a long log aside.
    if (offset === undefined || size < offset) offset = 0;
    if (size > offset) terminal.out(readRange(path, offset, size));
    offset = size;
  };
  const watcher = watch(dirname(path), (_event, name) => {
    if (name === basename(path)) showNew();
  });
  terminal.out(readTail(path, lines));
  showNew();
  await once(watcher, 'close');
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

function readRange(path: string, from: number, to: number): string {
  const file = openSync(path, 'r');
  try {
    const part = Buffer.alloc(to - from);
    const read = readSync(file, part, 0, part.length, from);
    return part.subarray(0, read).toString('utf8');
  } finally {
    closeSync(file);
  }
}
