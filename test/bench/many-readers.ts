/** A thousand readers of one session, and five hundred sessions with one reader each: how far they fall behind, and what they cost. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { script } from '@ash-ai/scripted-model';
import { AshServer } from './ash-server.ts';
import { pssMb } from './machine.ts';
import { type Figures, figuresOf, type Results } from './measure.ts';

const program = new URL('./readers.ts', import.meta.url).pathname;

export class Readers {
  readonly #child: ChildProcess;
  readonly #said: AsyncIterator<string>;

  private constructor(child: ChildProcess, said: AsyncIterator<string>) {
    this.#child = child;
    this.#said = said;
  }

  static async open(server: AshServer, count: number, sessions: readonly string[]): Promise<Readers> {
    const args = [program, server.url, `Bearer ${server.apiKey}`, String(count), ...sessions];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (child.stdout === null) throw new Error('no stdout');
    const readers = new Readers(child, createInterface({ input: child.stdout })[Symbol.asyncIterator]());
    await readers.#line();
    return readers;
  }

  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  async lags(): Promise<Figures> {
    this.#child.stdin?.end();
    const lags = JSON.parse(await this.#line()) as Omit<Figures, 'unit'>;
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    return { ...lags, unit: 'ms' };
  }

  async #line(): Promise<string> {
    const { value } = await this.#said.next();
    if (value === undefined) throw new Error('the readers ended without a word');
    return value;
  }
}

export async function manyReaders(modelUrl: string): Promise<Results> {
  return { ...(await ofOne(modelUrl)), ...(await ofMany(modelUrl)) };
}

/** A turn with two thousand previews at the runtime's own pace. */
async function ofOne(modelUrl: string, count = 1000): Promise<Results> {
  await using server = await AshServer.start(modelUrl);
  await server.deploy('bench');
  const { id } = await server.client.createSession('bench');
  for await (const _ of server.client.sendMessageStream(id, 'Hello'));
  const before = pssMb(server.pid);
  const readers = await Readers.open(server, count, [id]);
  let most = pssMb(server.pid);
  const watch = setInterval(() => {
    most = Math.max(most, pssMb(server.pid));
  }, 200);
  const long = script({ text: 'word ', repeat: 200, deltas: 200 });
  for await (const _ of server.client.sendMessageStream(id, long, { includePartialMessages: true }));
  clearInterval(watch);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const lags = await readers.lags();
  return {
    [`${count} readers of one session: behind the first`]: lags,
    '  server memory on top': figuresOf([most - before], 'MB'),
  };
}

/** An entry in each of many sleeping sessions, one after another. */
async function ofMany(modelUrl: string, count = 500): Promise<Results> {
  await using server = await AshServer.start(modelUrl, { ASH_MAX_SANDBOXES: '1' });
  await server.deploy('bench');
  const sessions: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const { id } = await server.client.createSession('bench');
    await server.client.pauseSession(id);
    sessions.push(id);
  }
  const before = pssMb(server.pid);
  const readers = await Readers.open(server, count, sessions);
  for (let round = 0; round < 4; round += 1) {
    for (const id of sessions) {
      const { lastSeq } = await server.client.updateSessionConfig(id, { model: `model-${round}` });
      readers.tell(`${id} ${lastSeq} ${performance.timeOrigin + performance.now()}`);
    }
  }
  const after = pssMb(server.pid);
  const lags = await readers.lags();
  return {
    [`${count} sessions, a reader each: behind the writer's answer`]: lags,
    '  server memory on top ': figuresOf([after - before], 'MB'),
  };
}
