/** What histories happen in: a server on a data folder, its model and its database, and whatever may befall them. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ModelRequest, type ScriptedModel, startScriptedModel } from '@ash-ai/scripted-model';
import { AshClient } from '@ash-ai/sdk';
import { type PostgresCluster, startPostgres } from '../conformance/postgres.ts';
import { mountsOf, OwnGroups, processesOf } from '../e2e/leaks.ts';
import { type ServerProcess, spawnServer } from '../e2e/server-process.ts';
import { LeaseWatch } from './lease-watch.ts';

/** How long a server may take to answer, or to stop, in ms; far more than it takes on a busy machine. */
const patienceMs = 60_000;

const clockedServer = fileURLToPath(new URL('./clocked-server.ts', import.meta.url));

export interface WorldOptions {
  database: 'sqlite' | 'postgres';
  /** Where the servers' output goes. */
  logPath: string;
  /** The server to run, in place of this checkout's. */
  program?: string | undefined;
  /** The agent runtime's executable, in place of the Agent SDK's. */
  executable?: string | undefined;
  env?: Readonly<Record<string, string>>;
}

/** One call of the API as it was answered. */
export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the wire brought
  body: any;
}

export class World implements AsyncDisposable {
  readonly dataDir: string;
  readonly model: ScriptedModel;
  /** Follows the server over restarts. */
  readonly client: AshClient;
  /** Hears what the model is asked. */
  readonly heard = new Set<(request: ModelRequest) => void>();
  /** Servers started, and when. */
  starts = 0;
  readonly leases: LeaseWatch;
  readonly #root: string;
  readonly #options: WorldOptions;
  readonly #groups: OwnGroups;
  readonly #postgres: PostgresCluster | undefined;
  readonly #databaseUrl: string | undefined;
  #key = '';
  #server: ServerProcess | undefined;
  #up: PromiseWithResolvers<string> = Promise.withResolvers();
  /** One thing after another: a server that is being killed can't be stopped too. */
  #deeds: Promise<void> = Promise.resolve();

  private constructor(
    root: string,
    options: WorldOptions,
    made: {
      model: ScriptedModel;
      postgres: PostgresCluster | undefined;
      databaseUrl: string | undefined;
      heard: World['heard'];
    },
  ) {
    this.#root = root;
    this.#options = options;
    this.#postgres = made.postgres;
    this.#databaseUrl = made.databaseUrl;
    this.dataDir = join(root, 'data');
    const databasePath = made.databaseUrl === undefined ? join(this.dataDir, 'ash.db') : undefined;
    this.leases = new LeaseWatch(databasePath, () => this.starts);
    this.model = made.model;
    this.heard = made.heard;
    this.#groups = new OwnGroups(basename(root));
    const send: typeof fetch = async (input, init) => {
      const headers = new Headers(init?.headers);
      headers.set('authorization', `Bearer ${this.#key}`);
      return await fetch(String(input).replace('http://ash.chaos', await this.url()), { ...init, headers });
    };
    this.client = new AshClient({ serverUrl: 'http://ash.chaos', fetch: send, maxRetries: 20 });
  }

  static async start(options: WorldOptions): Promise<World> {
    const root = await mkdtemp(join(tmpdir(), 'ash-chaos-'));
    await chmod(root, 0o711);
    const heard: World['heard'] = new Set();
    const model = await startScriptedModel({ onRequest: (request) => heard.forEach((hear) => void hear(request)) });
    const postgres = options.database === 'postgres' ? await startPostgres() : undefined;
    const databaseUrl = await postgres?.createDatabase();
    const world = new World(root, options, { model, postgres, databaseUrl, heard });
    try {
      await world.#start();
      world.#key = readFileSync(join(world.dataDir, 'initial-api-key'), 'utf8').trim();
      const content = Buffer.from('# An agent for chaos\n\nDo what the user says.\n').toString('base64');
      await world.client.createAgent('chaos', { files: [{ path: 'CLAUDE.md', content }] });
      return world;
    } catch (cause) {
      await world[Symbol.asyncDispose]().catch(() => undefined);
      throw cause;
    }
  }

  /** The server's address, as soon as there is one. */
  async url(): Promise<string> {
    return await this.#up.promise;
  }

  get #clockPath(): string {
    return join(this.#root, 'clock');
  }

  get serverPid(): number {
    return this.#server?.child.pid ?? 0;
  }

  /** One call of the API; fails when the server goes away meanwhile. */
  async call(
    method: string,
    path: string,
    given: { body?: unknown; headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#key}`, ...given.headers };
    const body = given.body === undefined ? {} : { body: JSON.stringify(given.body) };
    return await fetch(`${await this.url()}${path}`, {
      method,
      headers: given.body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      ...body,
      ...(given.signal === undefined ? {} : { signal: given.signal }),
    });
  }

  /** Calls until a server is there that answers other than by a failure of its own. */
  async ask(
    method: string,
    path: string,
    given: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      try {
        const response = await this.call(method, path, given);
        const text = await response.text();
        if (response.status < 500) return { status: response.status, body: parsed(text) };
        if (Date.now() > deadline) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      } catch (cause) {
        if (Date.now() > deadline) throw new Error(`${method} ${path} is not answered`, { cause });
      }
      await delay(50);
    }
  }

  /** `kill -9`, or SIGTERM; `awayMs` later the next server is started. */
  async replaceServer(how: 'SIGKILL' | 'SIGTERM', awayMs: number): Promise<void> {
    await this.#deed(async () => {
      const server = this.#server;
      if (server === undefined) return;
      this.#up = Promise.withResolvers();
      server.child.kill(how);
      const late = setTimeout(() => server.child.kill('SIGKILL'), patienceMs);
      const { code } = await server.exited;
      clearTimeout(late);
      if (how === 'SIGTERM' && code !== 0) this.failures.push(`a server told to stop by SIGTERM exited with ${code}`);
      await delay(awayMs);
      await this.#start();
    });
  }

  async pauseServer(ms: number): Promise<void> {
    await this.#deed(async () => {
      const child = this.#server?.child;
      child?.kill('SIGSTOP');
      await delay(ms);
      child?.kill('SIGCONT');
    });
  }

  /** Sets the servers' clock so far off; false when they have the machine's. */
  setClock(offsetMs: number): boolean {
    if (this.#options.program !== undefined) return false;
    writeFileSync(this.#clockPath, String(offsetMs));
    return true;
  }

  async loseDatabase(ms: number): Promise<void> {
    const postgres = this.#postgres;
    if (postgres === undefined) throw new Error('there is no PostgreSQL to take away');
    await this.#deed(async () => {
      await postgres.stop('immediate');
      await delay(ms);
      await postgres.start();
    });
  }

  /** What went wrong with the servers themselves. */
  readonly failures: string[] = [];

  /** An awake session's processes, 0 for one that is gone; undefined while it is asleep. For faults, not for checks. */
  async sandboxOf(sessionId: string): Promise<{ bridge: number; wall: number } | undefined> {
    const path = join(this.dataDir, 'sandboxes', sessionId, 'sandbox.json');
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const { bridge, wall } = JSON.parse(text) as Record<'bridge' | 'wall', { pid: number; startedAt: string }>;
    // A pid may be somebody else's by now.
    const there = ({ pid, startedAt }: typeof bridge): number => (startTimeOf(pid) === startedAt ? pid : 0);
    return { bridge: there(bridge), wall: there(wall) };
  }

  async #deed(work: () => Promise<void>): Promise<void> {
    const mine = this.#deeds.then(work);
    this.#deeds = mine.catch(() => undefined);
    await mine;
  }

  async #start(): Promise<void> {
    const env = {
      ASH_HOST: '127.0.0.1',
      ASH_PORT: '0',
      ASH_DATA_DIR: this.dataDir,
      ASH_SANDBOX_DISK: 'watchdog',
      ASH_MODEL_RETRIES: '4',
      // Most of a server's start is the loading of its code.
      NODE_COMPILE_CACHE: join(tmpdir(), 'ash-chaos-compiled'),
      ANTHROPIC_BASE_URL: this.model.url,
      ANTHROPIC_API_KEY: 'key-of-the-model',
      ...(this.#databaseUrl === undefined ? {} : { ASH_DATABASE_URL: this.#databaseUrl }),
      ...(this.#options.executable === undefined ? {} : { CLAUDE_CODE_EXECUTABLE: this.#options.executable }),
      ...this.#options.env,
    };
    const { program = clockedServer } = this.#options;
    const server = spawnServer({ ...env, CHAOS_CLOCK: this.#clockPath }, this.#groups.dirs, program);
    this.#server = server;
    server.child.stdout?.on('data', (chunk: Buffer) => appendFileSync(this.#options.logPath, chunk));
    const url = await server.ready;
    if (url === undefined) {
      const said = server.log.map(({ msg }) => msg).join('; ');
      throw new Error(`the server did not start: ${said} ${server.stderr()}`);
    }
    this.starts += 1;
    this.#up.resolve(url);
  }

  /** Stops the server in good order; what is left that should not be. */
  async stop(): Promise<string[]> {
    await this.#deeds;
    const server = this.#server;
    if (server === undefined) return [];
    this.#server = undefined;
    server.child.kill('SIGINT');
    const late = setTimeout(() => server.child.kill('SIGKILL'), patienceMs);
    const { code } = await server.exited;
    clearTimeout(late);
    if (code !== 0) this.failures.push(`a server told to stop by SIGINT exited with ${code}`);
    await untilOr(() => processesOf(this.dataDir).length === 0, 10_000);
    const paths = (await readdir(this.dataDir, { recursive: true }).catch(() => [])).map(String);
    const temporary = /^tmp\/|(?<!\.ash)\/sandbox\.json(\.new)?$|\/bridge\.sock$|^ash\.db-(wal|shm)$/;
    return [
      ...processesOf(this.dataDir).map(({ pid, command }) => `process ${pid}: ${command.slice(0, 100)}`),
      ...mountsOf(this.dataDir).map((mount) => `mount ${mount}`),
      ...this.#groups.left().map((group) => `control group ${group}`),
      ...spawnSync('losetup', ['-a'], { encoding: 'utf8' })
        .stdout.split('\n')
        .filter((line) => line.includes(this.#root)),
      ...paths.filter((path) => temporary.test(path) && !path.includes('/workspace/')).map((path) => `file ${path}`),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.leases[Symbol.dispose]();
    this.#server?.child.kill('SIGKILL');
    await this.#server?.exited;
    for (const { pid } of processesOf(this.dataDir)) spawnSync('kill', ['-9', String(pid)]);
    await untilOr(() => processesOf(this.dataDir).length === 0, 5_000);
    await untilOr(() => this.#groups.remove(), 5_000);
    await this.model[Symbol.asyncDispose]();
    await this.#postgres?.[Symbol.asyncDispose]();
    await rm(this.#root, { recursive: true, force: true });
  }
}

/** Awaits what has no event of its own, but not for ever; whether it came. */
export async function untilOr(
  holds: () => boolean | Promise<boolean>,
  withinMs: number,
  everyMs = 20,
): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) return false;
    await delay(everyMs);
  }
  return true;
}

/** Field 22 of /proc/<pid>/stat. */
function startTimeOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
