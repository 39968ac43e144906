/** The file in which an agent's folder says what its sandboxes need. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errors } from '@ash-ai/shared';

export const sandboxFile = '.ash/sandbox.json';

/** What the file says, with nothing checked but that it is an object; empty when there is none. @throws agent_file_invalid */
export async function readSandboxFile(agentDir: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readFile(join(agentDir, sandboxFile), 'utf8').catch(() => undefined);
  if (text === undefined) return {};
  const invalid = (reason: string) => errors.agent_file_invalid({ path: sandboxFile, reason });
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw invalid('it is not JSON');
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw invalid('it is not an object');
  return given as Readonly<Record<string, unknown>>;
}
