/** What an agent asks: leave for a tool call, or answers to its questions. As lines of the screen, and as the answer to send. Pure. */
import type { ApprovalAnswer, ApprovalRequest } from '@ash-ai/shared';
import { harmless } from '../screen/harmless.ts';
import { type Line, prefixed, span, wrap } from '../screen/line.ts';
import { toolDetails, toolName } from './tool-words.ts';

type Data = Record<string, unknown>;

/** The tool by which an agent asks its user. */
export const questionTool = 'AskUserQuestion';

export interface Question {
  question: string;
  options: { label: string; description?: string }[];
  multiSelect: boolean;
}

/** All of what a tool would be called with; a command as it would be run. */
export function requestDetails(request: ApprovalRequest): string {
  const { command } = request.input;
  const text = typeof command === 'string' ? `$ ${command}` : toolDetails(request.input);
  return harmless(text).trimEnd();
}

/** The lines that ask for leave, with at most `most` of what the tool would be called with. */
export function approvalLines(request: ApprovalRequest, width: number, most: number, waiting: number): Line[] {
  const quiet = { dim: true } as const;
  const bar = [span('┃ ', { colour: 'yellow' })];
  const more = waiting > 0 ? ` (${waiting} more wait)` : '';
  const name = toolName(request.toolName);
  const why = request.description ?? request.reason;
  const details = requestDetails(request)
    .split('\n')
    .flatMap((line) => wrap([span(line)], width - 4));
  const shown = details.length > most ? details.slice(0, most - 1) : details;
  const left = details.length - shown.length;
  const lines: Line[] = [
    ...wrap([span(`${name} asks for leave`, { bold: true }), span(more, quiet)], width - 2),
    ...(why === undefined ? [] : wrap([span(harmless(why), quiet)], width - 2)),
    ...prefixed(shown, [span('  ')], [span('  ')]),
    ...(left > 0 ? [[span(`  … ${left} more lines; Ctrl-O shows all`, quiet)]] : []),
  ];
  return prefixed(lines, bar, bar);
}

/** The keys that answer it, on one line. */
export function approvalKeys(request: ApprovalRequest): string {
  return `y allow   n deny   a always allow ${toolName(request.toolName)} in this session   e change it first`;
}

/** What the user may change before allowing it: the command, or the input as JSON. */
export function changeable(request: ApprovalRequest): string {
  const { command } = request.input;
  return typeof command === 'string' ? command : JSON.stringify(request.input, null, 2);
}

/** The answer with a changed input. @throws SyntaxError when it should be JSON and isn't */
export function changed(request: ApprovalRequest, text: string): ApprovalAnswer {
  if (typeof request.input.command === 'string') {
    return { decision: 'allow', updatedInput: { ...request.input, command: text } };
  }
  const updatedInput: unknown = JSON.parse(text);
  if (typeof updatedInput !== 'object' || updatedInput === null || Array.isArray(updatedInput)) {
    throw new SyntaxError('it must be a JSON object');
  }
  return { decision: 'allow', updatedInput: updatedInput as Data };
}

/** The questions of a request; undefined when it asks for leave. */
export function questionsOf(request: ApprovalRequest): Question[] | undefined {
  const { questions } = request.input;
  if (request.toolName !== questionTool || !Array.isArray(questions) || questions.length === 0) return undefined;
  return questions.map((question: Data) => ({
    question: String(question?.question ?? ''),
    multiSelect: question?.multiSelect === true,
    options: (Array.isArray(question?.options) ? question.options : []).map((option: Data) => ({
      label: String(option?.label ?? ''),
      ...(typeof option?.description === 'string' ? { description: option.description } : {}),
    })),
  }));
}

/** The lines of one question. */
export function questionLines(question: Question, place: { at: number; of: number }, width: number): Line[] {
  const bar = [span('┃ ', { colour: 'yellow' })];
  const number = place.of > 1 ? ` (${place.at + 1} of ${place.of})` : '';
  const lines: Line[] = wrap(
    [span(harmless(question.question), { bold: true }), span(number, { dim: true })],
    width - 2,
  );
  for (const [at, { label, description }] of question.options.entries()) {
    const mark = `  ${at + 1}  `;
    const about = description === undefined ? [] : [span(`  ${harmless(description)}`, { dim: true })];
    const option = wrap([span(harmless(label)), ...about], width - 2 - mark.length);
    lines.push(...prefixed(option, [span(mark, { colour: 'cyan' })], [span(' '.repeat(mark.length))]));
  }
  return prefixed(lines, bar, bar);
}

/** How it may be answered. */
export function questionKeys(question: Question): string {
  if (question.options.length === 0) return 'Type an answer, then Enter';
  return `Type ${question.multiSelect ? 'numbers ("1,3")' : 'a number'} or an answer of your own, then Enter`;
}

/** What a typed answer means: the label of a number, the labels of several, else the text itself. */
export function answerOf(question: Question, typed: string): string {
  const text = typed.trim();
  const parts = question.multiSelect ? text.split(/[\s,]+/).filter(Boolean) : [text];
  const labels = parts.map((part) => (/^\d{1,3}$/.test(part) ? question.options[Number(part) - 1]?.label : undefined));
  return labels.length > 0 && labels.every((label) => label !== undefined) ? labels.join(', ') : text;
}

/** The answer with what was chosen, question by question. */
export function answered(request: ApprovalRequest, answers: Readonly<Record<string, string>>): ApprovalAnswer {
  return { decision: 'allow', updatedInput: { ...request.input, answers } };
}
