/** Files of variables (`.env`), as Node reads them. */
import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { codeOf, Failure } from './failure.ts';

/** The variables of several files; of two with one name the later counts. */
export async function readEnvFiles(paths: readonly string[]): Promise<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch((cause: unknown) => {
      throw new Failure(`${path} can't be read (${codeOf(cause) ?? 'unknown'})`, { cause });
    });
    Object.assign(variables, parseEnv(text));
  }
  return variables;
}
