/** The bridge process with a runtime that is out to break it: it ends turns with a code, or goes on, and stays small. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LineSplitter } from '@ash-ai/shared';
import { type BridgeCommand, type Frame, maxFrameBytes, parseFrame } from '@ash-ai/shared/bridge-wire';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const sessionId = '01930000-0000-7000-8000-000000000000';
const turnId = '01930000-0000-7000-8000-000000000001';

/** A bridge, a server that is attached to it, and the runtime, which is the test. */
class Duel implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #child: ChildProcess;
  #server: Socket | undefined;
  readonly frames: Frame[] = [];
  #changed = Promise.withResolvers<void>();
  /** Whether the bridge has let go of what keeps the wall up. */
  wallEnded = false;
  bridgeEnded = false;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** What the bridge has run in the wall. */
  command = '';

  /** @param headStart names a command that is said to run in the wall already */
  static async begin(permissionMode = 'bypassPermissions', headStart?: string): Promise<Duel> {
    const duel = await Duel.#attached();
    duel.#open(permissionMode, headStart);
    await Promise.race([duel.#initialize(), duel.until(() => duel.wallEnded)]);
    return duel;
  }

  /** As {@link begin}, with a runtime that was gone before the bridge was told of it. */
  static async beginWithoutRuntime(headStart: string, status?: object): Promise<Duel> {
    const duel = await Duel.#attached();
    if (status !== undefined) duel.#channel(7).write(`${JSON.stringify(status)}\n`);
    for (const fd of [3, 4, 5, 7]) duel.#channel(fd).end();
    await duel.until(() => duel.wallEnded);
    duel.#open('bypassPermissions', headStart);
    duel.say({ cmd: 'run', turnId, content: 'Hello', options: {} });
    return duel;
  }

  static async #attached(): Promise<Duel> {
    const dir = await mkdtemp(join(tmpdir(), 'ash-duel-'));
    await Promise.all(['bridge', 'run'].map((name) => mkdir(join(dir, name))));
    const channels = Array.from({ length: 6 }, () => 'pipe' as const);
    const child = spawn(process.execPath, ['--conditions=@ash-ai/source', main], {
      cwd: join(dir, 'bridge'),
      env: { HOME: dir },
      stdio: ['ignore', 'inherit', 'inherit', ...channels],
    });
    const duel = new Duel(child);
    duel.#stack.defer(() => rm(dir, { recursive: true, force: true }));
    const exited = once(child, 'exit');
    void exited.then(() => duel.#change(() => (duel.bridgeEnded = true)));
    duel.#stack.defer(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    for (const channel of child.stdio.slice(3)) channel?.on('error', () => undefined);
    // Its end is the wall's: everything inside is killed, which the status channel tells by its own end.
    duel.#channel(8).on('close', () => {
      duel.#change(() => (duel.wallEnded = true));
      for (const fd of [3, 4, 5, 7]) duel.#channel(fd).destroy();
    });
    duel.#channel(8).resume();
    duel.#channel(6).on('data', (chunk: Buffer) => {
      duel.command += chunk.toString();
    });
    await duel.#attach(join(dir, 'bridge', 'bridge.sock'));
    return duel;
  }

  #open(permissionMode: string, headStart: string | undefined): void {
    const limits = { memoryMb: 1024, pids: 256, turnTimeoutMs: null };
    const paths = { workspace: '/', home: '/', modelSocket: '/m', egressSocket: '/e', executable: '/runtime' };
    const runtime = { sessionId, resume: false, permissionMode, model: 'm', env: {} };
    this.say({
      cmd: 'open',
      runtimeKey: 'k',
      runtime,
      upstream: { baseUrl: 'http://127.0.0.1:1', headers: {} },
      paths,
      limits,
      ...(headStart === undefined ? {} : { headStart }),
    });
  }

  /** Writes as the runtime; false once that is over. */
  async write(bytes: string | Buffer): Promise<boolean> {
    const stdout = this.#channel(4);
    if (stdout.destroyed) return false;
    await new Promise((resolve) => stdout.write(bytes, resolve));
    return !stdout.destroyed;
  }

  say(command: BridgeCommand): void {
    this.#server?.write(`${JSON.stringify(command)}\n`);
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.#changed.promise;
  }

  kinds(kind: Frame['header']['kind']): Frame[] {
    return this.frames.filter(({ header }) => header.kind === kind);
  }

  /** How the turn ended, once it has: as a whole, or cut off for another runtime to go on with. */
  async ended(): Promise<{ kind: string; payload: Record<string, unknown> }> {
    const is = ({ header }: Frame) => header.kind === 'turn_end' || header.kind === 'turn_cut';
    await this.until(() => this.bridgeEnded || this.frames.some(is));
    const frame = this.frames.find(is);
    if (frame === undefined) throw new Error('the bridge died and left the turn open');
    return { kind: frame.header.kind, payload: JSON.parse(frame.payload) };
  }

  /** Most memory that the bridge has had resident, in MiB. */
  get peakMb(): number {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))?.[1]) / 1024;
  }

  async result(): Promise<void> {
    const result = { type: 'result', subtype: 'success', is_error: false, result: 'fine', user_message_uuid: turnId };
    await this.write(`${JSON.stringify(result)}\n`);
  }

  #channel(fd: number): Socket {
    return this.#child.stdio[fd] as Socket;
  }

  async #attach(path: string): Promise<void> {
    for (;;) {
      const socket = connect(path);
      const [first] = await Promise.race([once(socket, 'connect').then(() => [true]), once(socket, 'error')]).catch(
        (error: unknown) => [error],
      );
      if (first === true) {
        this.#server = socket;
        break;
      }
      if (this.bridgeEnded) throw new Error('the bridge did not come up');
      await delay(20);
    }
    const socket = this.#server;
    socket.on('error', () => undefined);
    this.#stack.defer(() => void socket.destroy());
    const lines = new LineSplitter(maxFrameBytes);
    socket.on('data', (chunk) => {
      const frames = lines.push(chunk).map(parseFrame);
      if (frames.length > 0) this.#change(() => void this.frames.push(...frames));
    });
    this.say({ cmd: 'attach', epoch: 1, life: null, afterN: 0 });
  }

  /** Answers what the SDK asks first, and everything after that in the same way, until the runtime has a turn. */
  async #initialize(): Promise<void> {
    let begun = false;
    createInterface({ input: this.#channel(3) }).on('line', (line) => {
      const asked = JSON.parse(line);
      if (asked.type === 'user') this.#change(() => (begun = true));
      if (asked.type !== 'control_request') return;
      const response = { subtype: 'success', request_id: asked.request_id, response: { commands: [], models: [] } };
      void this.write(`${JSON.stringify({ type: 'control_response', response })}\n`);
    });
    await this.until(() => this.kinds('ready').length > 0);
    this.say({ cmd: 'run', turnId, content: 'Hello!', options: {} });
    await this.until(() => begun);
  }

  #change(what: () => void): void {
    what();
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

test('garbage between messages harms nothing', async () => {
  await using duel = await Duel.begin();
  for (const line of [
    'not JSON',
    'null',
    '[]',
    '7',
    '{}',
    '{"type":null}',
    '\0\0\0',
    '{"type":"assistant"',
    '\u2028',
    '\r\r',
  ])
    await duel.write(`${line}\n`);
  await duel.write(Buffer.from([0xff, 0xfe, 0xc0, 0x80, 10]));
  await duel.write('{"type":"assistant","message":{"content":"a\u2028b"}}\n');
  await duel.result();
  expect(await duel.ended()).toMatchObject({ kind: 'turn_end', payload: { outcome: 'completed' } });
  expect(duel.kinds('message').map(({ payload }) => JSON.parse(payload).type)).toEqual(['assistant', 'result']);
});

test.each([
  ['a line without an end', 'x'.repeat(1024 * 1024), /line of more than/],
  ['depth', `{"type":"a","x":${'['.repeat(1024 * 1024)}\n`, /nested more than/],
])('%s ends the turn and the wall, with a reason', async (_name, chunk, reason) => {
  await using duel = await Duel.begin();
  for (let written = 0; written < 200 && (await duel.write(chunk)); written += 1);
  const { kind, payload } = await duel.ended();
  // Not cut off: another runtime would be made to do the same.
  expect([kind, payload]).toEqual([
    'turn_end',
    { outcome: 'failed', failure: { code: 'runtime_failed', error: expect.stringMatching(reason) } },
  ]);
  await duel.until(() => duel.wallEnded);
  expect(duel.peakMb).toBeLessThan(600);
});

test('a message that grows when it is written again ends the turn, and no frame is too long for the server', async () => {
  await using duel = await Duel.begin();
  await duel.write(`{"type":"assistant","x":[${'1e20,'.repeat(4_000_000)}1]}\n`);
  const { payload } = await duel.ended();
  expect(payload).toMatchObject({ outcome: 'failed', failure: { code: 'runtime_failed' } });
  expect(String((payload.failure as { error: string }).error)).toContain('longer than');
  expect(duel.kinds('message')).toEqual([]);
  await duel.until(() => duel.wallEnded);
});

test('a flood waits for the server’s acks, in the runtime and not in memory', async () => {
  await using duel = await Duel.begin();
  const line = `${JSON.stringify({ type: 'assistant', text: 'x'.repeat(100_000) })}\n`;
  const [all, room] = [1_500, Math.ceil((64 * 1024 * 1024) / line.length)];
  let [written, acked, waiting] = [0, 0, 0];
  const flooding = (async () => {
    while (written < all && (await duel.write(line))) {
      written += 1;
      waiting = Math.max(waiting, written - acked);
    }
  })();
  await duel.until(() => duel.kinds('message').length >= room - 1);
  while (acked < all) {
    await duel.until(() => duel.kinds('message').length > acked);
    acked = duel.kinds('message').length;
    duel.say({ cmd: 'ack', n: acked });
  }
  await flooding;
  await duel.result();
  expect(await duel.ended()).toMatchObject({ kind: 'turn_end', payload: { outcome: 'completed' } });
  expect(duel.kinds('message')).toHaveLength(all + 1);
  // What is beyond the bound waits in buffers of sockets.
  expect(waiting).toBeLessThan(room + 50);
  expect(duel.peakMb).toBeLessThan(700);
});

test('a flood of questions is refused from a number on', async () => {
  await using duel = await Duel.begin('default');
  const ask = (index: number) => {
    const request = { subtype: 'can_use_tool', tool_name: 'Bash', input: {}, tool_use_id: `t${index}` };
    return `${JSON.stringify({ type: 'control_request', request_id: `r${index}`, request })}\n`;
  };
  for (let index = 0; index < 2_000; index += 1) await duel.write(ask(index));
  await duel.result();
  expect(await duel.ended()).toMatchObject({ payload: { outcome: 'completed' } });
  expect(duel.kinds('approval')).toHaveLength(256);
});

test.each([
  '{"type":"control_request"}',
  '{"type":"control_request","request":{"subtype":"hook_callback"}}',
  '{"type":"control_request","request_id":{},"request":{"subtype":"mcp_message","server_name":"__proto__","message":null}}',
  '{"type":"control_response"}',
  '{"type":"control_response","response":null}',
  '{"type":"control_cancel_request"}',
  '{"type":"result"}',
  '{"type":"result","user_message_uuid":7,"subtype":{},"errors":[null,1,{}],"is_error":"x"}',
  '{"type":"stream_event"}',
  '{"type":"user","message":null,"__proto__":{"x":1}}',
  '{"type":"transcript_mirror","filePath":"/etc/x","entries":[1]}',
  '{"type":"system","subtype":"init","session_id":{},"tools":7}',
])('a message that is none: %s', async (line) => {
  await using duel = await Duel.begin();
  await duel.write(`${line}\n`);
  await duel.result();
  // Whatever the SDK makes of it, the turn comes to an end that a server can read.
  const { kind, payload } = await duel.ended();
  expect(kind === 'turn_cut' ? payload.code : payload.outcome).toMatch(/^(completed|failed|runtime_failed)$/);
  expect(payload.failure ?? payload).toEqual(expect.anything());
});

test('a runtime with a head start is taken as it is when the Agent SDK would have started just that', async () => {
  await using first = await Duel.begin();
  expect(first.command).toContain(`--session-id=${sessionId}\0`);
  const args = JSON.parse(first.kinds('started')[0]?.payload ?? 'null');
  expect(first.command.endsWith(`/runtime\0${args.join('\0')}\0`)).toBe(true);

  await using second = await Duel.begin(undefined, createHash('sha256').update(first.command).digest('hex'));
  await second.result();
  expect(await second.ended()).toMatchObject({ kind: 'turn_end', payload: { outcome: 'completed' } });
  expect(second.command).toBe('');
});

test('a runtime with a head start that is another one is ended, with its wall, before it is told anything', async () => {
  await using duel = await Duel.begin(undefined, createHash('sha256').update('another').digest('hex'));
  await duel.until(() => duel.wallEnded);
  // So that the server, which hears what was wanted, does better the next time.
  expect(duel.kinds('started')).toHaveLength(1);
  expect(duel.kinds('ready')).toEqual([]);
});

test.each([
  ['refused to come up', { 'exit-code': 1 }, 'turn_end', 'runtime_failed'],
  ['was killed', undefined, 'turn_cut', 'runtime_failed'],
])(
  'a runtime with a head start that %s before the bridge was told of it is gone, and not waited for',
  async (_how, status, kind, code) => {
    await using duel = await Duel.beginWithoutRuntime(createHash('sha256').update('any').digest('hex'), status);
    const ended = await duel.ended();
    expect(ended.kind).toBe(kind);
    expect(ended.payload.code ?? ended.payload.failure).toEqual(
      kind === 'turn_cut' ? code : expect.objectContaining({ code }),
    );
  },
);
