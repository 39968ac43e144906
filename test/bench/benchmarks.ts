/** The benchmarks themselves. Each returns its figures by name; "SDK alone" is the baseline of the line before it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { script } from '@ash-ai/scripted-model';
import { AshServer } from './ash-server.ts';
import { processesWith, pssMb } from './machine.ts';
import { figuresOf, type Results, repeat, timed } from './measure.ts';
import { SdkAlone } from './sdk-alone.ts';
import { hello, type Times, turn } from './turn.ts';

/** Server start to healthy, on an empty data folder. */
export async function starts(modelUrl: string): Promise<Results> {
  const times = await repeat(8, async () => {
    await using server = await AshServer.start(modelUrl);
    return server.startMs;
  });
  return { 'server start to healthy, empty': figuresOf(times, 'ms') };
}

/** POST /api/sessions, one after another, each ended before the next. */
export async function creates(server: AshServer): Promise<Results> {
  const times = await repeat(60, async () => {
    const start = performance.now();
    const session = await server.client.createSession('bench');
    const ms = performance.now() - start;
    await server.client.endSession(session.id);
    return ms;
  });
  return { 'POST session, one after another': figuresOf(times, 'ms') };
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
  const [bridges, walls, runtimes]: [number[], number[], number[]] = [[], [], []];
  const all = processesWith('/claude ');
  for (const { id } of sessions) {
    const record = readFileSync(join(server.dataDir, 'sandboxes', id, 'sandbox.json'), 'utf8');
    const { bridge, wall } = JSON.parse(record) as Record<'bridge' | 'wall', { pid: number }>;
    bridges.push(pssMb(bridge.pid));
    walls.push(pssMb(wall.pid));
    // A runtime names its session on its command line, and so does the bubblewrap around it.
    for (const [pid, command] of all) {
      if (command.includes(id)) (command.includes('bwrap') ? walls : runtimes).push(pssMb(pid));
    }
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
