/** Files that a message mentions. */
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** A path as people type it. */
export function typedPath(path: string): string {
  return resolve(path.startsWith('~/') ? join(homedir(), path.slice(2)) : path);
}

export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}

/** The paths in a message that are marked with `@` and lead to files: `look at @report.csv`. */
export async function mentionedFiles(text: string): Promise<string[]> {
  const mentioned = [...text.matchAll(/(?:^|\s)@(?:"([^"\n]+)"|([^\s"]+))/g)].map(
    ([, quoted, bare]) => quoted ?? bare ?? '',
  );
  const found = new Set<string>();
  for (const path of mentioned) {
    // A full stop after a path ends the sentence.
    for (const each of [path, path.replace(/[.,;:!?)]+$/, '')].map(typedPath)) {
      if (await isFile(each)) {
        found.add(each);
        break;
      }
    }
  }
  return [...found];
}
