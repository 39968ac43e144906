/** The benchmarks themselves. Each returns its figures by name; "SDK alone" is the baseline of the line before it. */
import { script } from '@ash-ai/scripted-model';
import type { AshStreamEvent } from '@ash-ai/sdk';
import { AshServer } from './ash-server.ts';
import { processesWith, pssMb } from './machine.ts';
import { type Figures, figuresOf, repeat, timed } from './measure.ts';
import { SdkAlone } from './sdk-alone.ts';

type Results = Record<string, Figures>;

const hello = script({ text: 'Hello, this is a short answer of the scripted model.' });

/** Server start to healthy, on an empty data folder. */
export async function starts(modelUrl: string): Promise<Results> {
  const times = await repeat(8, async () => {
    await using server = await AshServer.start(modelUrl);
    return server.startMs;
  });
  return { 'server start to healthy, empty': figuresOf(times, 'ms') };
}

/** GET per second over 32 connections, from this process, which takes a core of its own. */
export async function gets(server: AshServer): Promise<Results> {
  const session = await server.client.createSession('bench');
  const headers = { authorization: `Bearer ${server.apiKey}` };
  const rate = async (path: string): Promise<number> => {
    const until = performance.now() + 2000;
    let count = 0;
    await Promise.all(
      Array.from({ length: 32 }, async () => {
        while (performance.now() < until) {
          await (await fetch(`${server.url}${path}`, { headers })).arrayBuffer();
          count += 1;
        }
      }),
    );
    return count / 2;
  };
  const session_ = await repeat(3, () => rate(`/api/sessions/${session.id}`));
  const health = await repeat(3, () => rate('/health'));
  await server.client.endSession(session.id);
  return {
    'GET session (fetch, 32 at once)': figuresOf(session_, '/s'),
    'GET health (the same)': figuresOf(health, '/s'),
  };
}

/** POST /api/sessions, one after another, each ended before the next. */
export async function creates(server: AshServer): Promise<Results> {
  const times = await repeat(40, async () => {
    const start = performance.now();
    const session = await server.client.createSession('bench');
    const ms = performance.now() - start;
    await server.client.endSession(session.id);
    return ms;
  });
  return { 'POST session, one after another': figuresOf(times, 'ms') };
}

/** The first turn of a session, from create. */
export async function coldTurns(server: AshServer, modelUrl: string): Promise<Results> {
  const ash = await repeat(10, async () => {
    const start = performance.now();
    const session = await server.client.createSession('bench');
    const times = await turn(server, session.id, start);
    await server.client.endSession(session.id);
    return times;
  });
  const alone = await repeat(10, async () => {
    const start = performance.now();
    await using sdk = await SdkAlone.start(modelUrl);
    let first = Number.NaN;
    await sdk.turn(hello, ({ type }) => {
      if (type === 'system' && Number.isNaN(first)) first = performance.now() - start;
    });
    return { first, whole: performance.now() - start };
  });
  return {
    'cold: create → first event of the agent': figuresOf(
      ash.map((times) => times.agent),
      'ms',
    ),
    '  SDK alone': figuresOf(
      alone.map((times) => times.first),
      'ms',
    ),
    'cold: create → whole turn': figuresOf(
      ash.map((times) => times.whole),
      'ms',
    ),
    '  SDK alone, whole turn': figuresOf(
      alone.map((times) => times.whole),
      'ms',
    ),
  };
}

/** Turns of a session that is awake. */
export async function warmTurns(server: AshServer, modelUrl: string): Promise<Results> {
  const session = await server.client.createSession('bench');
  await using sdk = await SdkAlone.start(modelUrl);
  const ash: Times[] = [];
  const alone: number[] = [];
  // In turns, so that whatever else the machine does meets both alike.
  for (let index = 0; index < 63; index += 1) {
    const times = await turn(server, session.id, performance.now());
    const sdkMs = await timed(() => sdk.turn(hello));
    if (index < 3) continue;
    ash.push(times);
    alone.push(sdkMs);
  }
  await server.client.endSession(session.id);
  return {
    'warm: POST → first byte': figuresOf(
      ash.map((times) => times.byte),
      'ms',
    ),
    'warm: POST → whole turn': figuresOf(
      ash.map((times) => times.whole),
      'ms',
    ),
    '  SDK alone, warm turn': figuresOf(alone, 'ms'),
    '  Ash on top (pairwise)': figuresOf(
      ash.map((times, index) => times.whole - (alone[index] ?? Number.NaN)),
      'ms',
    ),
  };
}

/** Token deltas per second through one stream, at the runtime's full speed. */
export async function previews(server: AshServer, modelUrl: string): Promise<Results> {
  const deltas = 4000;
  const long = script({ text: 'word ', repeat: deltas, deltas });
  const session = await server.client.createSession('bench');
  await using sdk = await SdkAlone.start(modelUrl);
  await turn(server, session.id, performance.now());
  await sdk.turn(hello);
  const perSecond = (count: number, from: number, to: number): number => (count * 1000) / (to - from);
  const ash = await repeat(3, async () => {
    let count = 0;
    let first = 0;
    let last = 0;
    for await (const event of server.client.sendMessageStream(session.id, long, { includePartialMessages: true })) {
      if (event.type !== 'text_delta') continue;
      last = performance.now();
      if (count === 0) first = last;
      count += 1;
    }
    return perSecond(count, first, last);
  });
  const alone = await repeat(3, async () => {
    let count = 0;
    let first = 0;
    let last = 0;
    await sdk.turn(long, ({ type }) => {
      if (type !== 'stream_event') return;
      last = performance.now();
      if (count === 0) first = last;
      count += 1;
    });
    return perSecond(count, first, last);
  });
  await server.client.endSession(session.id);
  return { 'previews through one stream': figuresOf(ash, '/s'), '  SDK alone, stream events': figuresOf(alone, '/s') };
}

/** Memory of the server with nothing awake, and of ten awake sessions, by process. */
export async function memory(server: AshServer): Promise<Results> {
  const idle = pssMb(server.pid);
  const sessions = await Promise.all(Array.from({ length: 10 }, () => server.client.createSession('bench')));
  for (const session of sessions) await turn(server, session.id, performance.now());
  const bridges: number[] = [];
  const walls: number[] = [];
  const runtimes: number[] = [];
  const awake = new Set(sessions.map((session) => session.id));
  for (const [pid, command] of processesWith(' ')) {
    // A runtime names its session on its command line; a bridge and a wall are found by their working folders' session.
    const mine = [...awake].some((id) => command.includes(id));
    if (command.includes('/claude ') && mine && !command.includes('bwrap')) runtimes.push(pssMb(pid));
    else if (command.includes('/bridge/') && command.includes('node')) bridges.push(pssMb(pid));
    else if (command.includes('bwrap') || command.includes('mapfile')) walls.push(pssMb(pid));
  }
  for (const session of sessions) await server.client.endSession(session.id);
  const each = (values: number[]): number[] => [values.reduce((sum, value) => sum + value, 0) / sessions.length];
  return {
    'memory: server, nothing awake': figuresOf([idle], 'MB'),
    'memory per awake session: bridge (of 10)': figuresOf(each(bridges), 'MB'),
    'memory per awake session: wall (of 10)': figuresOf(each(walls), 'MB'),
    'memory per awake session: agent runtime (of 10)': figuresOf(each(runtimes), 'MB'),
  };
}

interface Times {
  /** First byte of the answer. */
  byte: number;
  /** First event that comes from the agent's runtime. */
  agent: number;
  whole: number;
}

/** One turn through the TypeScript SDK; times since `start`, in ms. */
async function turn(server: AshServer, sessionId: string, start: number): Promise<Times> {
  const times: Times = { byte: Number.NaN, agent: Number.NaN, whole: Number.NaN };
  for await (const event of server.client.sendMessageStream(sessionId, hello, { includePartialMessages: true })) {
    const ms = performance.now() - start;
    if (Number.isNaN(times.byte)) times.byte = ms;
    if (Number.isNaN(times.agent) && isSystem(event)) times.agent = ms;
    if (event.type === 'error') throw new Error(`the turn failed: ${JSON.stringify(event.data)}`);
    times.whole = ms;
  }
  return times;
}

function isSystem(event: AshStreamEvent): boolean {
  return event.type === 'message' && event.data.type === 'system';
}
