/** P1 and P4: a completed turn holds all that was said and done in it, once; previews are the making of what was said. */
import type { Evidence, View, Violation } from '../evidence.ts';
import { killsSandbox } from '../plan.ts';
import { answerOf, markOf } from '../prompt.ts';
import { lastOf, resultsOf, told, wordsOf } from './told.ts';

export function checkWhole(evidence: Evidence): Violation[] {
  const found: Violation[] = [];
  const note = (promise: string, fact: string, against: string): void =>
    void found.push({ promise, check: 'whole', fact, against });
  const { turns, stray } = told(evidence);

  const places = new Map<string, number>();
  for (const { seq, message } of [...[...turns.values()].flatMap(({ said }) => said), ...stray]) {
    if (typeof message.uuid !== 'string') continue;
    const before = places.get(message.uuid);
    if (before !== undefined) note('P3', `message ${message.uuid} is entry ${before}`, `it is entry ${seq} too`);
    places.set(message.uuid, seq);
  }
  for (const { seq, message } of stray) {
    if (['assistant', 'user', 'result'].includes(message.type))
      note('P1', `entry ${seq} is ${message.type} of the runtime`, 'no turn runs there');
  }

  for (const turn of turns.values()) {
    const plan = evidence.plan.turns.find(({ tag }) => tag === turn.tag);
    if (plan === undefined || turn.ends[0]?.status !== 'completed') continue;
    const killed = evidence.faults.some(({ kind }) => killsSandbox(kind));
    const answers = wordsOf(turn).split(answerOf(plan)).length - 1;
    // A runtime that dies between its last word and its result is told to go on: then the scripted model says it again.
    if (answers < 1 || (answers > 1 && !killed)) {
      note('P1', `${turn.tag} is completed`, `its answer is in the log ${answers} times`);
    }
    if (turn.said.filter(({ message }) => message.type === 'result').length !== 1)
      note('P1', `${turn.tag} is completed`, 'it has not one result');
    // Nor is there a result of every call: the model is told which of its calls were cut off.
    if (killed) continue;
    const results = resultsOf(turn).join('\n');
    for (const index of plan.toolMs.keys()) {
      const times = results.split(`did-${markOf(plan, index)}`).length - 1;
      if (times !== 1)
        note(
          'P1',
          `${turn.tag} is completed, and nothing of the sandbox was killed`,
          `the result of its step ${index + 1} is in the log ${times} times`,
        );
    }
  }
  return [...found, ...evidence.views.flatMap((view) => checkPreviews(view, evidence))];
}

/** The deltas of a message that a reader saw are its beginning: none missing in between, none twice, none out of order. */
function checkPreviews(view: View, evidence: Evidence): Violation[] {
  const texts = new Map<string, string>();
  for (const item of evidence.log) {
    const { data } = lastOf(item);
    if (data.type !== 'assistant' || typeof data.message?.id !== 'string') continue;
    for (const block of data.message.content ?? []) {
      if (block.type === 'text') texts.set(data.message.id, (texts.get(data.message.id) ?? '') + block.text);
    }
  }
  const seen = new Map<string, string>();
  const begins = new Set<string>();
  let id = '';
  let last: [number, number] = [0, 0];
  for (const item of view.connections.flatMap(({ items }) => items)) {
    const { data } = lastOf(item);
    if (data.type !== 'stream_event') continue;
    const [seq = 0, preview = 0] = item.id.split('.').map(Number);
    // A reader that begins anew sees the same ones again.
    if (seq < last[0] || (seq === last[0] && preview <= last[1])) return [];
    if (seq !== last[0] ? preview !== 1 : preview !== last[1] + 1) id = '';
    last = [seq, preview];
    if (data.event.type === 'message_start') {
      id = data.event.message.id;
      begins.add(id);
    } else if (id !== '' && data.event.type === 'content_block_delta' && data.event.delta.type === 'text_delta') {
      seen.set(id, (seen.get(id) ?? '') + data.event.delta.text);
    }
  }
  return [...seen].flatMap(([message, text]) => {
    const whole = texts.get(message);
    if (whole === undefined || whole.startsWith(text)) return [];
    return [
      {
        promise: 'P3',
        check: 'previews',
        fact: `${view.name} saw "${text}" of message ${message}`,
        against: `the message is "${whole}"`,
      },
    ];
  });
}
