/** A server of its own for a benchmark: a child process that runs what is built, as an installed one does, on a free port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AshClient } from '@ash-ai/sdk';

const program = new URL('./serve.ts', import.meta.url).pathname;
const compileCache = new URL('../../bench-results/compile-cache', import.meta.url).pathname;

export class AshServer implements AsyncDisposable {
  readonly dataDir: string;
  readonly url: string;
  readonly apiKey: string;
  readonly client: AshClient;
  /** From spawn to the first answer, in ms. */
  readonly startMs: number;
  readonly #child: ChildProcess;
  readonly #keep: boolean;

  private constructor(
    made: Pick<AshServer, 'dataDir' | 'url' | 'apiKey' | 'startMs'>,
    child: ChildProcess,
    keep: boolean,
  ) {
    this.dataDir = made.dataDir;
    this.url = made.url;
    this.apiKey = made.apiKey;
    this.startMs = made.startMs;
    this.#child = child;
    this.#keep = keep;
    this.client = new AshClient({ serverUrl: made.url, apiKey: made.apiKey });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /**
   * @param modelUrl where model calls go
   * @param env settings; without ASH_SPARES there are no spares
   * @param given an earlier data folder, which stays
   */
  static async start(
    modelUrl: string,
    env: Record<string, string> = {},
    given?: { dataDir: string; apiKey?: string },
  ): Promise<AshServer> {
    const dataDir = given?.dataDir ?? (await mkdtemp(join(tmpdir(), 'ash-bench-')));
    const start = performance.now();
    const child = spawn(process.execPath, [program], {
      env: {
        PATH: process.env.PATH,
        // As `ash start` has it from its second start on.
        NODE_COMPILE_CACHE: compileCache,
        ASH_HOST: '127.0.0.1',
        ASH_PORT: '0',
        ASH_DATA_DIR: dataDir,
        ASH_LOG_LEVEL: 'warn',
        ASH_SPARES: 'off',
        ANTHROPIC_BASE_URL: modelUrl,
        ANTHROPIC_API_KEY: 'bench',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (child.stdout === null) throw new Error('no stdout');
    const [ready] = (await once(child.stdout, 'data')) as [Buffer];
    const { url } = JSON.parse(ready.toString()) as { url: string };
    await fetch(`${url}/health`);
    const startMs = performance.now() - start;
    const apiKey = given?.apiKey ?? (await readFile(join(dataDir, 'initial-api-key'), 'utf8')).trim();
    return new AshServer({ dataDir, url, apiKey, startMs }, child, given !== undefined);
  }

  /** Deploys an agent with nothing but instructions. */
  async deploy(name: string): Promise<void> {
    const content = Buffer.from('# Bench\n').toString('base64');
    await this.client.createAgent(name, { files: [{ path: 'CLAUDE.md', content }] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGINT');
    await once(this.#child, 'exit');
    if (!this.#keep) await rm(this.dataDir, { recursive: true, force: true });
  }
}
