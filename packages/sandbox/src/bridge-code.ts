/**
 * Compiled code of the bridge program: made once by the server, read by all bridges, which saves each of them 50 ms of
 * processor time and 9 MB. Node keeps such code by the user's id in the name of its folder; every bridge has an id of its
 * own, and gets a link of that name to what only the server may write.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';

export interface BridgeCodeOptions {
  /** Holds it; a folder of the server's own that bridges may read. */
  dir: string;
  /** Names what is compiled: another program has another. */
  revision: string;
  /** The program: arguments for this Node. */
  args: readonly string[];
}

export class BridgeCode implements AsyncDisposable {
  readonly #options: BridgeCodeOptions;
  readonly #base: string;
  /** The name of Node's folder without the id of its user, once there is one. */
  #tag: string | undefined;
  #child: ChildProcess | undefined;
  #work: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: BridgeCodeOptions) {
    this.#options = options;
    this.#base = join(options.dir, options.revision);
  }

  /** Has it made in the background if it isn't there. @param failed hears why it could not be */
  begin(failed: (cause: unknown) => void): void {
    this.#work = this.#make().catch((cause: unknown) => {
      if (!this.#stopped) failed(cause);
    });
  }

  /** What a bridge of this user is started with; nothing as long as there is no code. */
  async envFor(uid: number | undefined): Promise<Readonly<Record<string, string>>> {
    const tag = this.#tag;
    if (tag === undefined) return {};
    if (uid !== undefined) {
      await symlink(`${tag}${serversId()}`, join(this.#base, `${tag}${uid}`)).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code !== 'EEXIST') throw cause;
      });
    }
    return { NODE_COMPILE_CACHE: this.#base };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#child?.kill('SIGKILL');
    await this.#work;
  }

  async #make(): Promise<void> {
    const { dir } = this.#options;
    const names = await readdir(dir);
    if (!names.includes(basename(this.#base))) {
      // Of other revisions, or of a server that was killed meanwhile.
      for (const name of names) await rm(join(dir, name), { recursive: true, force: true });
      await this.#compile(`${this.#base}.new`);
    }
    const [name] = (await readdir(this.#base)).filter((entry) => entry.endsWith(`-${serversId()}`));
    if (name === undefined) throw new Error('Node has kept no compiled code');
    this.#tag = name.slice(0, name.lastIndexOf('-') + 1);
  }

  async #compile(making: string): Promise<void> {
    await mkdir(making, { mode: 0o755 });
    if (this.#stopped) return;
    const child = spawn(process.execPath, [...this.#options.args, 'compile'], {
      env: { NODE_COMPILE_CACHE: making },
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    this.#child = child;
    const [code] = (await once(child, 'exit')) as [number | null];
    this.#child = undefined;
    if (code !== 0) throw new Error(`the bridge program ended with ${code}`);
    for (const name of await readdir(making, { recursive: true, withFileTypes: true })) {
      await chmod(join(name.parentPath, name.name), name.isDirectory() ? 0o755 : 0o644);
    }
    await rename(making, this.#base);
  }
}

const serversId = (): number => process.getuid?.() ?? 0;
