/** P3 and P4: every reader saw the log that is there now, without gap, double or disorder, and nothing else. */
import type { Evidence, Item, View, Violation } from '../evidence.ts';
import { lastOf, textOf } from './told.ts';

export function checkReaders(evidence: Evidence): Violation[] {
  const log = new Map(evidence.log.map((item) => [item.id, textOf(item)]));
  return [...checkLog(evidence), ...evidence.views.flatMap((view) => checkView(view, log)), ...checkSdk(evidence)];
}

/** The replay itself, and the two lists that are selections of it. */
function checkLog({ log, messageSeqs, eventSeqs }: Evidence): Violation[] {
  const found: Violation[] = [];
  const note = (fact: string, against: string): void =>
    void found.push({ promise: 'P3', check: 'readers', fact, against });
  for (const [index, { id }] of log.entries())
    if (id !== String(index + 1)) note(`entry ${index + 1} of the replay has the id ${id}`, 'the log is dense from 1');
  const messages = log.filter((item) => {
    const { event, data } = lastOf(item);
    return event === 'turn_accepted' || (event === 'message' && ['assistant', 'result'].includes(data.type));
  });
  const told = new Set(messageSeqs);
  for (const { id } of messages)
    if (!told.has(Number(id))) note(`the replay has message ${id}`, 'GET messages has not');
  if (told.size !== messageSeqs.length) note('GET messages tells a message twice', 'each is in the log once');
  for (const seqs of [messageSeqs, eventSeqs]) {
    for (const [index, seq] of seqs.entries()) {
      if (seq < (seqs[index - 1] ?? 0))
        note(`sequence ${seq} comes after ${seqs[index - 1]}`, 'lists are in the order of the log');
      if (seq > log.length) note(`a list has sequence ${seq}`, `the log ends at ${log.length}`);
    }
  }
  return found;
}

function checkView(view: View, log: Map<string, string>): Violation[] {
  const found: Violation[] = [];
  const note = (promise: string, fact: string, against: string): void => {
    if (found.length < 5) found.push({ promise, check: 'readers', fact: `${view.name}: ${fact}`, against });
  };
  for (const { after, items } of view.connections) {
    let [seq, preview] = placeOf(after ?? '0');
    for (const item of items) {
      const [atSeq, atPreview] = placeOf(item.id);
      const opening = item.frames[0]?.event === 'session_start';
      const isPreview = item.id.includes('.') && lastOf(item).data.type === 'stream_event';
      if (!opening && !(atSeq > seq || (atSeq === seq && atPreview > preview))) {
        note('P3', `${item.id} comes after ${seq}.${preview}`, 'nothing comes twice, and nothing out of order');
      }
      if (isPreview && atSeq === seq && atPreview !== preview + 1 && preview > 0)
        note('P3', `preview ${item.id} comes after ${seq}.${preview}`, 'previews of a run have no gap');
      if (!isPreview && !opening) {
        if (view.turnId === undefined && atSeq !== seq + 1)
          note('P3', `entry ${atSeq} comes after ${seq}`, 'a reader of the whole log gets every entry');
        checkShown(item, atSeq, log, note);
      }
      [seq, preview] = [atSeq, atPreview];
    }
  }
  return found;
}

function checkShown(
  item: Item,
  seq: number,
  log: Map<string, string>,
  note: (promise: string, fact: string, against: string) => void,
): void {
  const stored = log.get(String(seq));
  if (stored === textOf(item)) return;
  note(
    'P4',
    `entry ${seq} was shown as ${textOf(item).slice(0, 300)}`,
    stored === undefined ? 'the log has no such entry' : `the log has ${stored.slice(0, 300)}`,
  );
}

/** A reader of the SDK gets whole items without their ids: entries must come as in the log, one after another. */
function checkSdk({ sdk, log }: Evidence): Violation[] {
  const whole = log
    .flatMap(({ frames }) => frames.map(({ event, data }) => `${event} ${data}`))
    .filter((text) => !/^session_start /.test(text));
  return sdk.flatMap((seen) => {
    const entries = seen
      .filter(({ type, data }) => !isOfPreview(type, data))
      .map(({ type, data }) => `${type} ${JSON.stringify(data)}`);
    const expected = whole
      .map((text) => text.replace(/^(\S+) (.*)$/s, (_, event, data) => `${event} ${JSON.stringify(JSON.parse(data))}`))
      .filter((text) => !isDelta(text));
    const given = entries.filter((text) => !isDelta(text));
    const at = given.findIndex((text, index) => text !== expected[index]);
    if (at === -1) return [];
    return [
      {
        promise: 'P3',
        check: 'readers',
        fact: `the SDK's reader got, as event ${at + 1}: ${given[at]?.slice(0, 200)}`,
        against: `the log has ${expected[at]?.slice(0, 200)}`,
      },
    ];
  });
}

function isOfPreview(type: string, data: unknown): boolean {
  return type === 'message' && (data as { type?: string }).type === 'stream_event';
}

/** Deltas are pieces of previews; whole thinking blocks bear the same name. */
function isDelta(text: string): boolean {
  return /^(text_delta|thinking_delta|input_json_delta|signature_delta) /.test(text);
}

function placeOf(id: string): [number, number] {
  const [seq, preview] = id.split('.').map(Number);
  return [seq ?? 0, preview ?? 0];
}
