/** Death of server, bridge, agent runtime and whole sandbox at ten points of a turn: whoever follows sees one whole turn. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { script } from '@ash-ai/scripted-model';
import { describe, expect, test } from 'vitest';
import { type Ash, until, useAsh } from './harness.ts';
import { processesOf } from './leaks.ts';
import { Reader, turnOf, type WireEvent, wholeItems } from './streams.ts';
import { ToolGate } from './tool-gate.ts';

const use = useAsh();

type Victim = 'server' | 'bridge' | 'runtime' | 'sandbox';

/** What a turn does, and where it is when it happens. */
interface Scene {
  steps: readonly (object | string)[];
  answer: string;
  /** Resolves at the point. */
  reached(reader: Reader): Promise<unknown>;
  /** For points at which the turn waits for the test. */
  release?(): unknown;
  /** Whether it makes the mark `one`, and whether it has a tool gate. */
  marks?: true;
  gated?: true;
}

const mark = { name: 'Bash', input: { command: 'echo one >> marks; cat marks' } };
const marking = { steps: [{ tools: [mark] }, 'The end.'], answer: 'The end.', marks: true } as const;
const answer = 'One by one the words come out, and nobody shall miss one of them. '.repeat(6).trim();
const slow = { steps: [{ text: answer, chunk: 4, delayMs: 12 }], answer };

/** The ten points. @param name is unique, and stands in the prompt */
const points: Record<string, (ash: Ash, id: string, name: string) => Scene> = {
  accepted: () => ({ ...marking, reached: (reader) => reader.until(({ event }) => event === 'session_start') }),
  started: (ash, _id, name) => {
    const held = ash.gate.hold(name);
    return { ...marking, reached: () => held.reached, release: () => held.open() };
  },
  'first preview': () => ({ ...slow, reached: (reader) => reader.until(({ event }) => event === 'text_delta') }),
  'mid text': () => {
    let deltas = 0;
    return { ...slow, reached: (reader) => reader.until(({ event }) => event === 'text_delta' && ++deltas === 20) };
  },
  'tool started': (ash, id) => {
    const gate = new ToolGate(ash, id);
    const steps = [{ tools: [gate.tool] }, 'The end.'];
    const reached = () => begunForGood(ash, id, gate);
    return { steps, answer: 'The end.', gated: true, reached, release: () => gate.open() };
  },
  'tool result': (ash, _id, name) => {
    const held = ash.gate.hold(name, 1);
    const reached = (reader: Reader) =>
      Promise.all([held.reached, reader.until(({ event }) => event === 'tool_result')]);
    return { ...marking, reached, release: () => held.open() };
  },
  'between tools': (ash, id) => {
    const gate = new ToolGate(ash, id);
    const steps = [{ text: 'Both.', tools: [mark, gate.tool] }, 'The end.'];
    const reached = () => begunForGood(ash, id, gate);
    return { ...marking, steps, gated: true, reached, release: () => gate.open() };
  },
  'approval pending': (ash, id) => ({
    ...marking,
    reached: (reader) => reader.until(({ event }) => event === 'approval'),
    release: async () => {
      const [approval] = await ash.client.listApprovals(id, { status: 'pending' });
      await ash.client.answerApproval(id, approval?.id ?? '', { decision: 'allow' });
    },
  }),
  'last message': () => ({
    ...marking,
    reached: (reader) => reader.until(({ data }) => data.type === 'assistant' && textIn(data) === 'The end.'),
  }),
  'after result': () => ({ ...marking, reached: (reader) => reader.until(({ data }) => data.type === 'result') }),
};

/** The tool runs, and the runtime has written down that it does, which it does within 100 ms. */
async function begunForGood(ash: Ash, id: string, gate: ToolGate): Promise<void> {
  await gate.running();
  const transcript = join(ash.workspace(id), '../home/.claude/projects/-workspace', `${id}.jsonl`);
  await until(async () =>
    (await readFile(transcript, 'utf8').catch(() => '')).includes('"name":"Bash","input":{"command":"mkfifo'),
  );
}

function textIn({ message }: WireEvent['data']): string {
  return message.content.map(({ text = '' }) => text).join('');
}

interface Played {
  id: string;
  scene: Scene;
  reader: Reader;
}

async function play(ash: Ash, point: string, victim: Victim): Promise<Played> {
  const { id } = await ash.client.createSession(
    'agent',
    point.startsWith('approval') ? { permissionMode: 'default' } : {},
  );
  const name = `[${point}] of the ${victim}`;
  const scene = points[point]?.(ash, id, name);
  if (scene === undefined) throw new Error(`no scene ${point}`);
  const reader = await Reader.send(ash, id, `${name} ${script(...scene.steps)}`, { includePartialMessages: true });
  await scene.reached(reader);
  return { id, scene, reader };
}

/** Reads the turn to its end, however often the connection is cut. */
async function toTheEnd(ash: Ash, { id, reader }: Played): Promise<WireEvent[]> {
  await reader.rest();
  const { turnId } = reader.events[0]?.data ?? {};
  const seen = reader.events.some(({ event }) => event === 'done');
  if (seen) return reader.events;
  const again = await Reader.follow(ash, id, { after: reader.cursor, turnId, includePartialMessages: true });
  return [...wholeItems(reader.events).flat(), ...(await again.rest())];
}

/** What the log holds of the turn, read from the beginning. */
async function asStored(ash: Ash, id: string, turnId: string): Promise<WireEvent[]> {
  return await (await Reader.follow(ash, id, { after: '0', turnId })).rest();
}

/** What is stored of a stream: by place, and by the runtime's own name for it. */
function stored(events: readonly WireEvent[]): string[] {
  return events.flatMap(({ event, id, data }) =>
    id === undefined || event === 'session_start' || data.type === 'stream_event'
      ? []
      : [`${Number.parseInt(id, 10)} ${event} ${data.uuid}`],
  );
}

/** The follower saw one whole turn that came to its answer, and no tool was run twice. */
async function expectWhole(ash: Ash, played: Played): Promise<void> {
  const { id, scene } = played;
  const events = await toTheEnd(ash, played);
  const { turnId, status, error, text } = turnOf(events);
  expect({ status, error }).toEqual({ status: 'completed', error: undefined });
  expect(text).toBe(scene.answer);
  // The same as somebody sees who reads it all afterwards.
  expect(stored(events)).toEqual(stored(await asStored(ash, id, turnId)));
  const [marks, gate] = await Promise.all(['marks', 'gate.marks'].map((name) => fileOf(ash, id, name)));
  expect([marks, gate?.split('begun').length]).toEqual([
    scene.marks ? 'one\n' : undefined,
    scene.gated ? 2 : undefined,
  ]);
}

async function fileOf(ash: Ash, id: string, name: string): Promise<string | undefined> {
  return await readFile(join(ash.workspace(id), name), 'utf8').catch(() => undefined);
}

describe.each(['bridge', 'runtime', 'sandbox'] as const)('kill -9 of the %s', (victim) => {
  test.each(Object.keys(points))('%s', async (point) => {
    const { ash } = use;
    const played = await play(ash, point, victim);
    await kill(ash, played.id, victim);
    // What waited for the test in the sandbox is gone. (An answer that the dying one may have got is not given again.)
    if (!played.scene.gated && played.scene.release !== undefined) {
      await played.reader.until(({ event }) => event === 'session');
      await played.scene.release();
    }
    await expectWhole(ash, played);
    const events = await ash.client.listSessionEvents(played.id, { type: 'lifecycle' });
    const actions = events.map(({ data }) => JSON.parse(data ?? '').action);
    // It may have been told before it died, or have died before it had the turn.
    if (!['accepted', 'after result', 'last message'].includes(point))
      expect(actions.slice(1)).toEqual(['sandbox_lost', 'recovered']);
  });
});

describe('kill -9 of the server', () => {
  const still = ['started', 'tool started', 'tool result', 'between tools', 'approval pending'];
  test.each(
    [
      still,
      ...Object.keys(points)
        .filter((point) => !still.includes(point))
        .map((point) => [point]),
    ].map((all) => ({ all })),
  )('$all', async ({ all }) => {
    const { ash } = use;
    const played: Played[] = [];
    for (const point of all) played.push(await play(ash, point, 'server'));
    await ash.kill();
    await ash.start();
    for (const { scene } of played) await scene.release?.();
    for (const one of played) await expectWhole(ash, one);
  });
});

async function kill(ash: Ash, id: string, victim: Exclude<Victim, 'server'>): Promise<void> {
  const folder = `${ash.dataDir}/sandboxes/${id}`;
  if (victim === 'bridge') {
    await until(() => pidOf(() => ash.bridgePid(id)) !== undefined);
    process.kill(ash.bridgePid(id), 'SIGKILL');
  } else if (victim === 'runtime') {
    let pid: number | undefined;
    await until(() => {
      pid = processesOf(folder).find(({ command }) => /^\S*\/claude /.test(command))?.pid;
      return pid !== undefined;
    });
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  } else {
    await until(() => processesOf(folder).length > 0);
    for (const { pid } of processesOf(folder)) tryKill(pid);
  }
}

function pidOf(find: () => number): number | undefined {
  try {
    return find();
  } catch {
    return undefined;
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went with one of the others.
  }
}
