/** Folders of agent versions on disk: immutable, addressed by content, kept apart by tenant. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, lstat, mkdir, readdir, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { agentLimits, errors, instructionsFile, isInnerPath, newId } from '@ash-ai/shared';

const run = promisify(execFile);

/** A folder on its way to become a version. */
export interface Staged {
  dir: string;
}

export interface StoredFolder {
  hash: string;
  path: string;
  sizeBytes: number;
  fileCount: number;
}

export class AgentFolders {
  readonly #root: string;
  readonly #staging: string;

  /** @param dataDir where `agent-versions` is made */
  constructor(dataDir: string) {
    this.#root = join(dataDir, 'agent-versions');
    this.#staging = join(dataDir, 'tmp');
  }

  /** Where a version lies. */
  path(tenantId: string, hash: string): string {
    return join(this.#root, createHash('sha256').update(tenantId).digest('hex').slice(0, 32), hash);
  }

  /** The version's folder. @throws agent_directory_missing */
  async need(tenantId: string, agent: string, hash: string): Promise<string> {
    const path = this.path(tenantId, hash);
    const found = await stat(join(path, instructionsFile)).catch(() => undefined);
    if (found === undefined) throw errors.agent_directory_missing({ agent, path });
    return path;
  }

  /** An empty folder to fill; `discard` it or `store` it. */
  async stage(): Promise<Staged> {
    const dir = join(this.#staging, `deploy-${newId()}`);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return { dir };
  }

  async discard({ dir }: Staged): Promise<void> {
    await rm(dir, { recursive: true, force: true });
  }

  /** Removes what a server that died left half staged. Only while no deployment is under way. */
  async sweepStaging(): Promise<void> {
    const left = (await readdir(this.#staging).catch(() => [])).filter((name) => /^(deploy|backup)-/.test(name));
    await Promise.all(left.map((name) => rm(join(this.#staging, name), { recursive: true, force: true })));
  }

  /** Copies a folder of the host, as it is. @throws agent_file_invalid, agent_too_large */
  async copyIn(source: string, staged: Staged): Promise<void> {
    const budget = { files: 0, bytes: 0 };
    await copyTree(source, source, staged.dir, budget);
  }

  /** Writes one uploaded file. @throws agent_file_invalid */
  async writeIn(staged: Staged, path: string, content: Buffer, executable = false): Promise<void> {
    if (!isInnerPath(path)) throw errors.agent_file_invalid({ path, reason: 'it does not stay within the folder' });
    const target = join(staged.dir, path);
    try {
      await mkdir(dirname(target), { recursive: true });
      await rm(target, { force: true });
      await writeFile(target, content, { flag: 'wx', mode: executable ? 0o755 : 0o644 });
    } catch (cause) {
      throw errors.agent_file_invalid({ path, reason: 'another file of the upload stands in its way' }, { cause });
    }
  }

  /** Gives a staged folder its address; an equal one that exists is used instead. */
  async store(tenantId: string, staged: Staged): Promise<StoredFolder> {
    const { hash, sizeBytes, fileCount } = await measure(staged.dir);
    const path = this.path(tenantId, hash);
    const known = await stat(path).catch(() => undefined);
    if (known === undefined) {
      // What the database will call deployed must be on the disk.
      await run('sync', ['-f', staged.dir]);
      await mkdir(dirname(path), { recursive: true, mode: 0o711 });
      await rename(staged.dir, path).catch(async (cause: unknown) => {
        // Two equal deployments at once: the other one was first.
        if ((await stat(path).catch(() => undefined)) === undefined) throw cause;
      });
    }
    await this.discard(staged);
    return { hash, path, sizeBytes, fileCount };
  }
}

async function copyTree(
  root: string,
  from: string,
  to: string,
  budget: { files: number; bytes: number },
): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) {
      await mkdir(target);
      await copyTree(root, source, target, budget);
    } else if (entry.isSymbolicLink()) {
      const link = await readlink(source);
      const inside = relative(root, resolve(dirname(source), link));
      if (isAbsolute(link) || inside.startsWith('..')) {
        throw errors.agent_file_invalid({
          path: relative(root, source),
          reason: 'it is a link that leads out of the folder',
        });
      }
      await symlink(link, target);
    } else if (entry.isFile()) {
      budget.files += 1;
      budget.bytes += (await lstat(source)).size;
      if (budget.files > agentLimits.maxFiles)
        throw errors.agent_too_large({ reason: `more than ${agentLimits.maxFiles} files` });
      if (budget.bytes > agentLimits.maxBytes)
        throw errors.agent_too_large({ reason: `more than ${agentLimits.maxBytes} bytes` });
      await copyFile(source, target, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    }
  }
}

/** The address of a folder: a hash over names, kinds, execute bits and contents, independent of times and owners. */
async function measure(dir: string): Promise<{ hash: string; sizeBytes: number; fileCount: number }> {
  const whole = createHash('sha256');
  let sizeBytes = 0;
  let fileCount = 0;
  const visit = async (folder: string, prefix: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const path = join(folder, entry.name);
      const name = `${prefix}${entry.name}`;
      if (entry.isDirectory()) {
        whole.update(`d ${name}\0`);
        await visit(path, `${name}/`);
      } else if (entry.isSymbolicLink()) whole.update(`l ${name}\0${await readlink(path)}\0`);
      else {
        const { mode, size } = await lstat(path);
        sizeBytes += size;
        fileCount += 1;
        whole.update(`f ${name}\0${(mode & 0o100) === 0 ? '-' : 'x'}${await hashFile(path)}\0`);
      }
    }
  };
  await visit(dir, '');
  return { hash: whole.digest('hex'), sizeBytes, fileCount };
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
