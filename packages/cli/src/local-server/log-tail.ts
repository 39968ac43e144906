/** The last lines of a file, without reading what comes before them. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const step = 64 * 1024;

/** The last `lines` lines of a file as text; empty when there is no such file. */
export function readTail(path: string, lines: number): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    let start = fstatSync(file).size;
    const parts: Buffer[] = [];
    let found = 0;
    // One line break more than lines: the last one ends the file.
    while (start > 0 && found <= lines) {
      const part = Buffer.alloc(Math.min(step, start));
      start -= part.length;
      readSync(file, part, 0, part.length, start);
      parts.unshift(part);
      found += part.filter((byte) => byte === 10).length;
    }
    const all = Buffer.concat(parts).toString('utf8').split('\n');
    return all.slice(Math.max(0, all.length - lines - (all.at(-1) === '' ? 1 : 0))).join('\n');
  } finally {
    closeSync(file);
  }
}
