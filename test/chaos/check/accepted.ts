/** P1 and P8: every accepted message is one turn that is run once, in order, and ends once; a failure has a code and a cause. */
import type { Evidence, Violation } from '../evidence.ts';
import { killsSandbox } from '../plan.ts';
import { type ToldTurn, told } from './told.ts';

/** Codes of turns whose sandbox or runtime died. */
const deaths: ReadonlySet<string | undefined> = new Set(['sandbox_lost', 'runtime_failed', 'sandbox_launch_failed']);

export function checkAccepted(evidence: Evidence): Violation[] {
  const found: Violation[] = [];
  const turns = [...told(evidence).turns.values()];
  const note = (promise: string, fact: string, against: string): void => {
    found.push({ promise, check: 'accepted', fact, against });
  };

  for (const { tag, turnIds, refused } of evidence.sent) {
    const mine = turns.filter((turn) => turn.tag === tag);
    const ids = new Set(turnIds);
    if (ids.size > 1)
      note('P8', `posts of ${tag} with one key were answered with the turns ${[...ids].join(', ')}`, 'a retry is safe');
    if (mine.length > 1)
      note(
        'P8',
        `the log holds ${tag} as the turns ${mine.map(({ turnId }) => turnId).join(', ')}`,
        'it was sent with one key',
      );
    for (const id of ids) {
      if (!mine.some(({ turnId }) => turnId === id))
        note('P1', `${tag} was accepted as turn ${id}`, 'the log has no such turn');
    }
    if (refused !== undefined && mine.length > 0)
      note('P1', `${tag} was refused: ${refused}`, `the log has turn ${mine[0]?.turnId}`);
    if (refused !== undefined) note('P1', `${tag} was refused: ${refused}`, 'nothing speaks against it');
  }

  for (const turn of turns) {
    if (!evidence.sent.some(({ tag }) => tag === turn.tag))
      note('P1', `the log has turn ${turn.turnId} ("${turn.tag}")`, 'nobody sent it');
    checkOne(turn, note);
  }
  checkOrder(turns, note);

  const kills = evidence.faults.filter(({ kind }) => killsSandbox(kind)).length;
  const failed = turns.flatMap(({ tag, ends }) =>
    ends.filter(({ status }) => status === 'failed').map(({ code }) => ({ tag, code })),
  );
  for (const { tag, code } of failed) {
    if (!deaths.has(code)) note('P1', `${tag} failed with ${code}`, 'no fault of this history leads to that');
  }
  if (failed.length > kills)
    note(
      'P6',
      `${failed.map(({ tag }) => tag).join(', ')} failed`,
      `only ${kills} processes of the sandbox were killed`,
    );
  const cut = turns.filter(({ ends }) => ends[0]?.status === 'interrupted').map(({ tag }) => tag);
  if (cut.length > evidence.interrupts)
    note('P2', `${cut.join(', ')} were interrupted`, `only ${evidence.interrupts} interruptions were asked for`);
  const last = turns.find(({ tag }) => tag === evidence.plan.turns.at(-1)?.tag);
  if (last !== undefined && last.ends[0]?.status !== 'completed') {
    note(
      'P6',
      `the last turn ended ${last.ends[0]?.status} (${last.ends[0]?.code})`,
      'it began when all was calm again: the session stays usable',
    );
  }
  return found;
}

function checkOne(
  { tag, turnId, acceptedSeqs, startedSeqs, ends }: ToldTurn,
  note: (promise: string, fact: string, against: string) => void,
): void {
  const once = 'a turn is accepted, started and ended once';
  if (acceptedSeqs.length !== 1)
    note('P1', `turn ${turnId} (${tag}) is accepted in the entries [${acceptedSeqs}]`, once);
  if (startedSeqs.length > 1) note('P1', `${tag} is started in the entries ${startedSeqs}`, once);
  if (ends.length !== 1) note('P1', `${tag} ends in the entries [${ends.map(({ seq }) => seq)}]`, once);
  for (const { seq, status, code } of ends) {
    if (!['completed', 'failed', 'interrupted'].includes(status))
      note('P1', `${tag} ended "${status}" (${seq})`, 'a turn has three ways to end');
    if (status === 'failed' && code === undefined)
      note('P1', `${tag} failed without a code (${seq})`, 'a failure has a code');
    if (status === 'completed' && startedSeqs.length === 0)
      note('P1', `${tag} is completed (${seq})`, 'it was never started');
    if (startedSeqs.some((started) => started > seq))
      note('P1', `${tag} is started (${startedSeqs})`, `it ended at ${seq}`);
  }
}

function checkOrder(turns: ToldTurn[], note: (promise: string, fact: string, against: string) => void): void {
  const spans = turns
    .filter(({ startedSeqs }) => startedSeqs.length > 0)
    .map(({ tag, acceptedSeqs, startedSeqs, ends }) => ({
      tag,
      accepted: acceptedSeqs[0] ?? 0,
      from: startedSeqs[0] ?? 0,
      to: ends.at(-1)?.seq ?? Number.POSITIVE_INFINITY,
    }))
    .sort((a, b) => a.from - b.from);
  for (const [index, span] of spans.entries()) {
    const before = spans[index - 1];
    if (before === undefined) continue;
    if (before.to > span.from)
      note('P1', `${span.tag} is started at ${span.from}`, `${before.tag} runs until ${before.to}`);
    if (before.accepted > span.accepted)
      note('P3', `${before.tag} is run before ${span.tag}`, `${span.tag} was accepted first`);
  }
}
