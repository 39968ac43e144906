/** The log as the API tells it, taken apart: turns, what was said in them, and where. */
import type { Evidence, Item } from '../evidence.ts';
import { tagsIn } from '../prompt.ts';

export interface Said {
  seq: number;
  // biome-ignore lint/suspicious/noExplicitAny: an SDK message as it came
  message: any;
}

export interface ToldTurn {
  turnId: string;
  tag: string;
  acceptedSeqs: number[];
  startedSeqs: number[];
  ends: { seq: number; status: string; code: string | undefined }[];
  said: Said[];
}

export interface Told {
  turns: Map<string, ToldTurn>;
  /** Messages of the runtime that are in no turn. */
  stray: Said[];
}

export function told({ log }: Pick<Evidence, 'log'>): Told {
  const turns = new Map<string, ToldTurn>();
  const stray: Said[] = [];
  let current: ToldTurn | undefined;
  const turnOf = (turnId: string): ToldTurn => {
    const turn = turns.get(turnId) ?? { turnId, tag: '', acceptedSeqs: [], startedSeqs: [], ends: [], said: [] };
    turns.set(turnId, turn);
    return turn;
  };
  for (const item of log) {
    const seq = Number(item.id);
    const { event, data } = lastOf(item);
    if (event === 'turn_accepted') {
      const turn = turnOf(data.turnId);
      turn.acceptedSeqs.push(seq);
      turn.tag = tagsIn(String(data.content))[0] ?? '';
    } else if (event === 'turn_started') {
      current = turnOf(data.turnId);
      current.startedSeqs.push(seq);
    } else if (event === 'done') {
      const error = item.frames.find((frame) => frame.event === 'error');
      const code = error === undefined ? undefined : JSON.parse(error.data).code;
      turnOf(data.turnId).ends.push({ seq, status: data.status, code });
      if (current?.turnId === data.turnId) current = undefined;
    } else if (event === 'message') (current?.said ?? stray).push({ seq, message: data });
  }
  return { turns, stray };
}

/** The last event of an item: the one that the others come from. */
// biome-ignore lint/suspicious/noExplicitAny: whatever JSON the wire brought
export function lastOf({ frames }: Item): { event: string; data: any } {
  const frame = frames.at(-1);
  return { event: frame?.event ?? '', data: frame === undefined ? {} : JSON.parse(frame.data) };
}

/** The text of an item, to compare. */
export function textOf({ frames }: Item): string {
  return frames.map(({ event, data }) => `${event} ${data}`).join('\n');
}

/** Results of tools in a turn, without those that tell of a failure: what they say. */
export function resultsOf(turn: ToldTurn): string[] {
  return turn.said.flatMap(({ message }) => {
    const content = message.type === 'user' ? message.message?.content : undefined;
    if (!Array.isArray(content)) return [];
    return content
      .filter((block) => block.type === 'tool_result' && block.is_error !== true)
      .map((block) => (typeof block.content === 'string' ? block.content : JSON.stringify(block.content)));
  });
}

/** What the assistant said in a turn. */
export function wordsOf(turn: ToldTurn): string {
  return turn.said
    .filter(({ message }) => message.type === 'assistant')
    .flatMap(({ message }) => message.message?.content ?? [])
    .map((block) => (block.type === 'text' ? block.text : ''))
    .join('\n');
}
