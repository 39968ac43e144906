/** One Ash server on one data folder: a real process that tests start, kill, restart and stop, and that must leave nothing. */
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ScriptedModel, type ScriptedModelOptions, startScriptedModel } from '@ash-ai/scripted-model';
import { AshClient, type Session } from '@ash-ai/sdk';
import { afterAll, beforeAll, expect } from 'vitest';
import { Gate } from './gate.ts';
import { mountsOf, OwnGroups, processesOf } from './leaks.ts';
import { type LogLine, type ServerProcess, spawnServer } from './server-process.ts';

const clockedProgram = fileURLToPath(new URL('../chaos/clocked-server.ts', import.meta.url));

/** What the tests' agent is told; the scripted model doesn't mind. */
export const instructions = '# An agent for tests\n\nDo what the user says.\n';

export interface AshOptions {
  /** Settings beside those that every test server has. */
  env?: Readonly<Record<string, string>>;
  model?: ScriptedModelOptions;
  /** A disk of its own for the data folder, so large; only for root. */
  diskMb?: number;
  /** Its clock can be put forward and back, by {@link Ash.setClock}. */
  clocked?: boolean;
  /** Errors that the server is expected to log; any other one fails the file. */
  expectedErrors?: RegExp;
}

/** A server on a data folder of its own, with its scripted model, client and an agent called `agent`. */
export class Ash implements AsyncDisposable {
  readonly dataDir: string;
  readonly model: ScriptedModel;
  readonly gate: Gate;
  /** Follows the server over restarts, to whatever port. */
  readonly client: AshClient;
  /** Everything logged, by all server processes. */
  readonly log: LogLine[] = [];
  url = '';
  key = '';
  readonly #options: AshOptions;
  readonly #root: string;
  readonly #groups: OwnGroups;
  #server: ServerProcess | undefined;
  #env: Readonly<Record<string, string>>;

  private constructor(root: string, model: ScriptedModel, gate: Gate, options: AshOptions) {
    this.#root = root;
    this.dataDir = join(root, 'data');
    this.model = model;
    this.gate = gate;
    this.#options = options;
    this.#env = options.env ?? {};
    this.#groups = new OwnGroups(basename(root));
    this.client = this.clientOf(() => this.key);
  }

  static async start(options: AshOptions = {}): Promise<Ash> {
    const gate = new Gate();
    const root = await mkdtemp(join(tmpdir(), 'ash-e2e-'));
    const model = await startScriptedModel({ ...options.model, onRequest: (request) => gate.pass(request) });
    const ash = new Ash(root, model, gate, options);
    try {
      if (options.diskMb !== undefined) mountDisk(ash.dataDir, options.diskMb);
      await ash.start();
      ash.key = (await readFile(join(ash.dataDir, 'initial-api-key'), 'utf8')).trim();
      await ash.client.deployAgent('agent', await ash.agentFolder('agent', { 'CLAUDE.md': instructions }));
      return ash;
    } catch (cause) {
      await ash[Symbol.asyncDispose]().catch(() => undefined);
      throw cause;
    }
  }

  /** A client with a key; its calls reach the server wherever it is at the moment. @param through what responses go through */
  clientOf(key: () => string, through: (response: Response) => Response = (response) => response): AshClient {
    const serverUrl = 'http://ash.test';
    const send: typeof fetch = async (input, init) => {
      const headers = new Headers(init?.headers);
      headers.set('authorization', `Bearer ${key()}`);
      return through(await fetch(String(input).replace(serverUrl, this.url), { ...init, headers }));
    };
    return new AshClient({ serverUrl, fetch: send });
  }

  /** The environment of the server. */
  environment(): Record<string, string> {
    return {
      ASH_HOST: '127.0.0.1',
      ASH_PORT: '0',
      ASH_DATA_DIR: this.dataDir,
      // A test that is killed would leave mounts behind; those that are about disks ask for them.
      ASH_SANDBOX_DISK: 'watchdog',
      // Sandboxes that come and go by themselves: those that are about them ask for them.
      ASH_SPARES: 'off',
      ANTHROPIC_BASE_URL: this.model.url,
      ANTHROPIC_API_KEY: 'key-of-the-model',
      ...this.#env,
    };
  }

  /** Starts the server on its data folder. @param env takes the place of the settings given before */
  async start(env?: Readonly<Record<string, string>>): Promise<void> {
    if (env !== undefined) this.#env = env;
    const { clocked } = this.#options;
    const server = clocked
      ? spawnServer({ ...this.environment(), CHAOS_CLOCK: this.#clockPath }, this.#groups.dirs, clockedProgram)
      : spawnServer(this.environment(), this.#groups.dirs);
    const url = await server.ready;
    if (url === undefined) {
      throw new Error(`the server did not start: ${JSON.stringify(server.log)} ${server.stderr()}`);
    }
    this.#server = server;
    this.url = url;
  }

  /** Everything logged so far, by all servers including the one that runs. */
  get lines(): readonly LogLine[] {
    return [...this.log, ...(this.#server?.log ?? [])];
  }

  get pid(): number {
    return this.#server?.child.pid ?? 0;
  }

  get #clockPath(): string {
    return join(this.#root, 'clock');
  }

  /** Sets the server's clock so far off, in ms; it notices within 50 ms. Only of one that is `clocked`. */
  setClock(offsetMs: number): void {
    writeFileSync(this.#clockPath, String(offsetMs));
  }

  /** `kill -9`: the server knows nothing of it. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Tells the server to stop; its exit code. */
  async stop(signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<number | null> {
    return (await this.#end(signal))?.code ?? null;
  }

  async #end(signal: NodeJS.Signals): Promise<{ code: number | null } | undefined> {
    const server = this.#server;
    if (server === undefined) return undefined;
    this.#server = undefined;
    server.child.kill(signal);
    const exit = await server.exited;
    this.log.push(...server.log);
    // Whatever is said on stderr did not go through the log: a crash, a warning of Node.
    expect(server.stderr()).toBe('');
    return exit;
  }

  /** Makes a folder with these files; its path. */
  async agentFolder(name: string, files: Readonly<Record<string, string>>): Promise<string> {
    const folder = join(this.#root, 'agents', name);
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    return folder;
  }

  session(): Promise<Session> {
    return this.client.createSession('agent');
  }

  /** The session's workspace on the host. */
  workspace(sessionId: string): string {
    return join(this.dataDir, 'sandboxes', sessionId, 'disk', 'workspace');
  }

  /** The bridge of an awake session. */
  bridgePid(sessionId: string): number {
    const record = readFileSync(join(this.dataDir, 'sandboxes', sessionId, 'sandbox.json'), 'utf8');
    return (JSON.parse(record) as { bridge: { pid: number } }).bridge.pid;
  }

  /** The agent runtime of an awake session, inside its wall. */
  runtimePid(sessionId: string): number {
    const dir = join(this.dataDir, 'sandboxes', sessionId);
    const runtimes = processesOf(dir).filter(({ command }) => /^\S*\/claude /.test(command));
    expect(runtimes).toHaveLength(1);
    return runtimes[0]?.pid ?? 0;
  }

  /** Rows of the database, also while no server runs. */
  rows<T>(query: string, ...parameters: string[]): T[] {
    using database = new DatabaseSync(join(this.dataDir, 'ash.db'), { readOnly: true, timeout: 5000 });
    return database.prepare(query).all(...parameters) as T[];
  }

  /** Changes the database behind the server's back, to a state that only a crash at the right moment would leave. */
  change(statement: string, ...parameters: string[]): void {
    using database = new DatabaseSync(join(this.dataDir, 'ash.db'), { timeout: 5000 });
    database.prepare(statement).run(...parameters);
  }

  /** Makes a key of another tenant; there is no way to do so over the API. */
  keyOf(tenantId: string): string {
    const key = `ash_${randomBytes(24).toString('base64url')}`;
    const hash = createHash('sha256').update(key).digest('hex');
    this.change(
      'insert into api_keys (id, tenant_id, key_hash, key_prefix, label, created_at) values (?, ?, ?, ?, ?, ?)',
      ...[randomUUID(), tenantId, hash, key.slice(0, 8), 'e2e', new Date().toISOString()],
    );
    return key;
  }

  /** Calls the API as it is, without a client in between. */
  async call(
    method: string,
    path: string,
    given: { body?: unknown; key?: string | undefined; headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<Response> {
    const key = 'key' in given ? given.key : this.key;
    const headers = new Headers(given.headers);
    if (key !== undefined && !headers.has('authorization')) headers.set('authorization', `Bearer ${key}`);
    const { body } = given;
    if (body !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json');
    return await fetch(`${this.url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(given.signal === undefined ? {} : { signal: given.signal }),
    });
  }

  /** Drains the server, then proves that nothing of it is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#server === undefined && this.key !== '') await this.start();
      this.gate.openAll();
      if (this.#server !== undefined) expect(await this.stop('SIGINT')).toBe(0);
      const { expectedErrors } = this.#options;
      const unexpected = this.log.filter(({ level }) => level >= 50);
      expect(unexpected.filter((line) => !expectedErrors?.test(JSON.stringify(line)))).toEqual([]);
      // What was killed takes a moment to die on a busy machine.
      await until(() => processesOf(this.dataDir).length === 0);
      expect(mountsOf(this.dataDir)).toHaveLength(this.#options.diskMb === undefined ? 0 : 1);
      expect(this.#groups.left()).toEqual([]);
      expect(await this.#leftFiles()).toEqual([]);
    } finally {
      for (const { pid } of processesOf(this.dataDir)) killIfThere(pid);
      await until(() => processesOf(this.dataDir).length === 0);
      for (const place of mountsOf(this.dataDir)) spawnSync('umount', ['-l', place.split(' ')[4] ?? '']);
      const patience = AbortSignal.timeout(5_000);
      await until(() => this.#groups.remove() || patience.aborted);
      await this.model[Symbol.asyncDispose]();
      if (this.#options.diskMb !== undefined) spawnSync('umount', ['-l', this.dataDir]);
      await rm(this.#root, { recursive: true, force: true });
    }
  }

  /** What only a running server or sandbox may have on disk. */
  async #leftFiles(): Promise<string[]> {
    const paths = (await readdir(this.dataDir, { recursive: true }).catch(() => [])).map(String);
    const temporary =
      /^tmp\/|^isolation\/self-test\/|(?<!\.ash)\/sandbox\.json(\.new)?$|\/bridge\.sock$|^ash\.db-(wal|shm)$/;
    return paths.filter((path) => temporary.test(path) && !path.includes('/workspace/'));
  }
}

/** A server for all tests of a file. */
export function useAsh(options: AshOptions = {}): { readonly ash: Ash } {
  let ash: Ash | undefined;
  beforeAll(async () => {
    ash = await Ash.start(options);
  });
  afterAll(async () => {
    await ash?.[Symbol.asyncDispose]();
  });
  return {
    get ash() {
      if (ash === undefined) throw new Error('the server did not start');
      return ash;
    },
  };
}

function mountDisk(dir: string, sizeMb: number): void {
  mkdirSync(dir);
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'none', dir]);
  if (status !== 0) throw new Error(`no disk for the test: ${stderr}`);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went since it was listed.
  }
}

/** Awaits what has no event of its own, such as the end of a process that isn't ours. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(10);
}
