/** Does the server's memory stay flat? Many turns, then many readers that come and go, with a look at it now and then. */
import { setTimeout as delay } from 'node:timers/promises';
import { script } from '@ash-ai/scripted-model';
import { pssMb } from '../bench/machine.ts';
import type { HistoryKind } from './kinds.ts';
import { LightRuntime } from './light-runtime-folder.ts';
import { World } from './world.ts';

/** Sessions that take the turns in turn: more than one, so that their feeds are kept side by side. */
const sessionCount = 4;
const looks = 8;
/** Objects that the server may have, in MB: V8 lets garbage lie while there is room, so that only with little of it growth means something. */
const heapMb = 96;

export interface MemoryFound {
  turns: number;
  connects: number;
  /** What the server was given for its objects, in MB. */
  heapMb: number;
  /** The server's memory (MB) from time to time, after a first tenth that warms it up. */
  overTurns: number[];
  overConnects: number[];
}

export async function watchMemory(options: {
  turns: number;
  connects: number;
  kind: HistoryKind;
  logPath: string;
  say: (line: string) => void;
}): Promise<MemoryFound> {
  const { turns, connects, logPath, say } = options;
  using light = options.kind === 'quick' ? await LightRuntime.make() : undefined;
  await using world = await World.start({
    ...{ database: 'sqlite', logPath, executable: light?.executable },
    env: { NODE_OPTIONS: `--max-old-space-size=${heapMb}` },
  });
  const found: MemoryFound = { turns: 0, connects: 0, heapMb, overTurns: [], overConnects: [] };
  const sessions: string[] = [];
  for (let index = 0; index < sessionCount; index += 1) sessions.push((await world.client.createSession('chaos')).id);

  const prompt = script({ text: 'A short answer of a few words, again and again.', chunk: 8 });
  const look = (into: number[], what: string): void => {
    into.push(Math.round(pssMb(world.serverPid) * 10) / 10);
    say(`${what}: ${into.at(-1)} MB`);
  };
  const warmUp = Math.ceil(turns / 10);
  const every = Math.ceil((turns - warmUp) / looks);
  await Promise.all(
    sessions.map(async (id) => {
      while (found.turns < turns) {
        found.turns += 1;
        const mine = found.turns;
        for await (const event of world.client.sendMessageStream(id, prompt, { includePartialMessages: true })) {
          if (event.type === 'error') throw new Error(`a turn failed: ${JSON.stringify(event.data)}`);
        }
        if (mine >= warmUp && (mine - warmUp) % every === 0) look(found.overTurns, `after ${mine} turns`);
      }
    }),
  );

  const [first = ''] = sessions;
  const everyConnects = Math.ceil(connects / looks);
  for (; found.connects < connects; found.connects += 1) {
    if (found.connects % everyConnects === 0) look(found.overConnects, `after ${found.connects} connects`);
    const left = new AbortController();
    const response = await world.call('GET', `/api/sessions/${first}/stream`, { signal: left.signal });
    await response.body?.getReader().read();
    left.abort();
  }
  // The last of them take a moment to be noticed.
  await delay(500);
  look(found.overConnects, `after ${found.connects} connects`);
  for (const id of sessions) await world.client.endSession(id);
  await world.stop();
  return found;
}
