/** A planned turn in the words of the scripted model, and what must come of it. */
import { type Fault, type Step, script } from '@ash-ai/scripted-model';
import type { TurnPlan } from './plan.ts';

/** The file that tools leave their marks in. */
export const marksFile = 'marks.txt';

/** The prompt of a turn. */
export function promptOf(turn: TurnPlan): string {
  const tools = turn.toolMs.map(
    (ms, index): Step => ({ text: `Step ${index + 1} of ${turn.tag}.`, tools: [toolOf(turn, index, ms)] }),
  );
  const { words: _words, ...streamed } = turn.answer;
  const last: Step = {
    text: answerOf(turn),
    ...streamed,
    faults: turn.modelFault === undefined ? [] : [turn.modelFault as Fault],
  };
  return `[#${turn.tag}#] ${script(...tools, last)}`;
}

/** The shell appends with O_APPEND: a tool that runs twice leaves its mark twice. */
function toolOf(turn: TurnPlan, index: number, ms: number): { name: string; input: { command: string } } {
  const mark = markOf(turn, index);
  const wait = ms === 0 ? '' : ` && sleep ${(ms / 1000).toFixed(3)}`;
  return { name: 'Bash', input: { command: `echo ${mark} >> ${marksFile}${wait} && echo did-${mark}` } };
}

export function markOf(turn: TurnPlan, index: number): string {
  return `${turn.tag}m${index + 1}`;
}

/** What the turn says when it is done. */
export function answerOf(turn: TurnPlan): string {
  return `${'word '.repeat(turn.answer.words)}(${turn.tag} is done)`;
}

/** Tags of prompts in a text. */
export function tagsIn(text: string): string[] {
  return [...text.matchAll(/\[#(\w+)#\]/g)].map(([, tag]) => tag ?? '');
}

/** Tags of turns whose whole answer is in a text. */
export function answersIn(text: string): string[] {
  return [...text.matchAll(/\((\w+) is done\)/g)].map(([, tag]) => tag ?? '');
}
