/** Makes a session's workspace from an agent version, once. */
import { execFile } from 'node:child_process';
import { lchown, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errors, instructionsFile } from '@ash-ai/shared';
import type { WorkspaceSource } from '../runner.ts';

const run = promisify(execFile);

/**
 * Fills `workspace` unless `marker` says that it was filled before. A copy that was cut short is made anew.
 * Only for a workspace that no agent has touched: afterwards its content is hostile.
 *
 * @param uid kernel user that owns the files; undefined leaves them with the server
 */
export async function prepareWorkspace(options: {
  workspace: string;
  marker: string;
  source: WorkspaceSource;
  uid: number | undefined;
  /** Runs what the agent brings to set itself up; when it throws, the workspace is made anew the next time. */
  setUp: () => Promise<void>;
}): Promise<'kept' | 'fresh'> {
  const { workspace, marker, source, uid } = options;
  if (await exists(marker)) return 'kept';
  if (!(await exists(join(source.agentDir, instructionsFile)))) {
    throw errors.agent_directory_missing({ agent: '', path: source.agentDir });
  }
  // `cp` is 8 times as fast as Node's own copy (5,000 files: 0.26 s against 2.1 s). The folder itself stays: it has an owner.
  await run('find', [workspace, '-mindepth', '1', '-delete']);
  await run('cp', ['-a', '--no-preserve=ownership', '--reflink=auto', '--', `${source.agentDir}/.`, workspace]);
  if (source.instructions !== undefined) await replace(join(workspace, instructionsFile), source.instructions);
  if (uid !== undefined) {
    await run('chown', ['-R', '-h', `${uid}:${uid}`, '--', workspace]);
    await lchown(workspace, uid, uid);
  }
  await run('chmod', ['-R', 'u+rwX,go-rwx', '--', workspace]);
  await options.setUp();
  await writeFile(marker, JSON.stringify({ from: source.agentDir }), { mode: 0o600 });
  return 'fresh';
}

/** Whether a workspace was filled: `marker` is there. */
export function isPrepared(marker: string): Promise<boolean> {
  return exists(marker);
}

/** A new file under the name, so that a link of that name isn't followed. */
async function replace(path: string, text: string): Promise<void> {
  await rm(path, { force: true, recursive: true });
  await writeFile(path, text, { flag: 'wx' });
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
