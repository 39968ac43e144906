/** What a dead bridge left behind: frames that no server has committed. */

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { LineSplitter } from '@ash-ai/shared';
import { type Frame, MalformedFrame, maxFrameBytes, parseFrame } from '@ash-ai/shared/bridge-wire';
import type { Committed } from './runner.ts';

/** The life and the uncommitted frames in the spool of a bridge folder; undefined when there is no spool to read. @throws MalformedFrame, LineTooLong */
export async function readSpool(
  folder: string,
  committed: Committed,
): Promise<{ life: string; frames: Frame[] } | undefined> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(join(folder, 'spool'), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  }
  await using file = handle;
  // Anything else would have to be waited for, or never ends.
  if (!(await file.stat()).isFile()) throw new MalformedFrame('the spool is no file');
  const lines = new LineSplitter(maxFrameBytes);
  let life: string | undefined;
  const frames: Frame[] = [];
  for await (const chunk of file.createReadStream({ autoClose: false })) {
    // A last line without its newline was cut by the bridge's death and was never sent.
    for (const line of lines.push(chunk as Buffer)) {
      if (life === undefined) life = lifeOf(line);
      else {
        const frame = parseFrame(line);
        const known = life === committed.life ? committed.n : 0;
        if ('n' in frame.header && frame.header.n > known) frames.push(frame);
      }
    }
  }
  return life === undefined ? undefined : { life, frames };
}

/** The first line names the life that the frames are of. */
function lifeOf(line: string): string {
  try {
    const { life } = JSON.parse(line) as { life: unknown };
    if (typeof life === 'string' && life !== '') return life;
  } catch {
    // Said below.
  }
  throw new MalformedFrame('a spool that names no life');
}
