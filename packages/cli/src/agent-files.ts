/** The files of an agent folder, as they are uploaded. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { agentLimits, instructionsFile, isSkipped } from '@ash-ai/shared';
import { Failure } from './failure.ts';

export interface AgentFiles {
  files: { path: string; content: string; executable: boolean }[];
  bytes: number;
  /** What was left out although nobody would expect it, with the reason. */
  leftOut: string[];
}

/** A JSON body holds base64, four characters for three bytes. */
const longestContent = Math.floor((agentLimits.maxUploadBytes * 3) / 4);

/**
 * Reads a folder. Secrets (`.env` files), caches and sockets stay where they are.
 *
 * @throws Failure when it is no agent folder, or more than a deployment may hold
 */
export async function readAgentFiles(folder: string): Promise<AgentFiles> {
  const root = await realpath(folder).catch(() => folder);
  if (!(await stat(root).catch(() => undefined))?.isDirectory()) throw new Failure(`${folder} is not a folder`);
  const { paths, leftOut } = await walk(root);
  if (!paths.includes(instructionsFile))
    throw new Failure(`No ${instructionsFile} in ${folder}. It holds the agent's instructions.`);
  if (paths.length > agentLimits.maxFiles)
    throw new Failure(`${folder} holds ${paths.length} files, more than ${agentLimits.maxFiles}`);

  let bytes = 0;
  const files: AgentFiles['files'] = [];
  for (const path of paths) {
    const content = await readFile(join(root, path));
    bytes += content.length;
    if (bytes > longestContent) {
      throw new Failure(`${folder} holds more than ${longestContent >> 20} MiB: too much for one upload (at ${path})`);
    }
    const executable = ((await stat(join(root, path))).mode & 0o100) !== 0;
    files.push({ path, content: content.toString('base64'), executable });
  }
  return { files, bytes, leftOut };
}

/** The files of a folder that are uploaded, and what is left out. @param root its real path */
export async function walk(root: string): Promise<{ paths: string[]; leftOut: string[] }> {
  const paths: string[] = [];
  const leftOut: string[] = [];
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const full = join(folder, entry.name);
      const path = relative(root, full).split(sep).join('/');
      if (isSkipped(entry.name) || isSecret(entry.name)) continue;
      if (entry.isDirectory()) folders.push(full);
      else if (entry.isFile()) paths.push(path);
      else if (entry.isSymbolicLink() && (await isFileWithin(root, full))) paths.push(path);
      else leftOut.push(path);
    }
  }
  return { paths, leftOut };
}

/** Whether a file of this name holds secrets by custom. */
export function isSecret(name: string): boolean {
  return name.endsWith('.env') || name.endsWith('.env.local');
}

/** A link that leads out of the folder would carry away what nobody meant to deploy. */
async function isFileWithin(root: string, link: string): Promise<boolean> {
  const target = await realpath(link).catch(() => undefined);
  if (target === undefined || !target.startsWith(root + sep)) return false;
  return (await stat(target)).isFile();
}
