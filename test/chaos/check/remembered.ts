/** P7, and that no tool ran twice: marks in the workspace and the conversation that the model was shown. */
import type { Evidence, Item, Violation } from '../evidence.ts';
import { markOf } from '../prompt.ts';
import { lastOf, resultsOf, told } from './told.ts';

export function checkRemembered(evidence: Evidence): Violation[] {
  return [...checkMarks(evidence), ...checkConversation(evidence)];
}

function checkMarks(evidence: Evidence): Violation[] {
  const found: Violation[] = [];
  const note = (promise: string, fact: string, against: string): void =>
    void found.push({ promise, check: 'marks', fact, against });
  const { plan, marks } = evidence;
  const planned = new Set(plan.turns.flatMap((turn) => turn.toolMs.map((_, index) => markOf(turn, index))));
  for (const mark of new Set(marks)) {
    const times = marks.filter((other) => other === mark).length;
    const again = evidence.log.filter((item) => toldAgain(item, mark, evidence.log)).length;
    if (times > 1 + again) {
      note(
        'P1',
        `mark ${mark} is in the workspace ${times} times`,
        `its tool was to run once, and its call was told to be cut ${again} times`,
      );
    }
    if (!planned.has(mark)) note('P7', `the workspace has mark "${mark}"`, 'no tool leaves such a mark');
  }
  for (const turn of told(evidence).turns.values()) {
    const turnPlan = plan.turns.find(({ tag }) => tag === turn.tag);
    if (turnPlan === undefined) continue;
    const results = resultsOf(turn).join('\n');
    for (const index of turnPlan.toolMs.keys()) {
      const mark = markOf(turnPlan, index);
      if (results.includes(`did-${mark}`) && !marks.includes(mark))
        note('P7', `the log has the result of the tool that leaves mark ${mark}`, 'the mark is not in the workspace');
    }
    if (turn.startedSeqs.length === 0 && marks.some((mark) => mark.startsWith(`${turn.tag}m`)))
      note('P1', `turn ${turn.tag} was never started`, 'its marks are in the workspace');
  }
  return found;
}

/**
 * Whether an entry tells that the call which leaves a mark was cut off by a death, or that only the log has its result: the
 * model is told so too, and may make the call again knowing it, as the scripted one does. What may not be is that a call is repeated and nobody is told.
 */
function toldAgain(item: Item, mark: string, log: readonly Item[]): boolean {
  const { event, data } = lastOf(item);
  if (event !== 'session' || data.action !== 'recovered') return false;
  const known: unknown[] = [...(data.cutCalls ?? []), ...(data.toldCalls ?? [])];
  const calls = log.flatMap((other) =>
    other.frames.filter((frame) => frame.event === 'tool_use').map((frame) => JSON.parse(frame.data)),
  );
  return calls.some(({ id, input }) => known.includes(id) && String(input?.command).includes(`did-${mark}`));
}

/** Every turn that was completed is in all later conversations; no prompt is in one twice. */
function checkConversation(evidence: Evidence): Violation[] {
  const found: Violation[] = [];
  const note = (promise: string, fact: string, against: string): void => {
    if (found.length < 5 && !found.some((other) => other.fact === fact))
      found.push({ promise, check: 'conversation', fact, against });
  };
  const turns = [...told(evidence).turns.values()];
  const endOf = new Map(turns.map(({ tag, ends }) => [tag, ends[0]]));
  const startOf = new Map(turns.map(({ tag, startedSeqs }) => [tag, startedSeqs[0]]));
  for (const { prompts, answers } of evidence.asked) {
    const current = prompts.at(-1) ?? '';
    for (const prompt of new Set(prompts)) {
      if (prompts.filter((other) => other === prompt).length > 1)
        note(
          'P1',
          `the model was shown the prompt of ${prompt} more than once in one conversation`,
          'it was sent once',
        );
    }
    const started = startOf.get(current);
    if (started === undefined) continue;
    for (const [tag, end] of endOf) {
      if (end === undefined || end.status !== 'completed' || end.seq > started) continue;
      if (!prompts.includes(tag) || !answers.includes(tag)) {
        note(
          'P7',
          `${tag} was completed (${end.seq}) before ${current} began (${started})`,
          `the model, asked for ${current}, was shown [${prompts}] and the answers of [${answers}]`,
        );
      }
    }
  }
  return found;
}
