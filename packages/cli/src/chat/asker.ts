/**
 * What the agent waits for, one after the other, and the keys that answer it.
 * ```
 *   leave:      decide ──y──► allow      ──a──► allow, and from now on        questions:  one by one ──Enter──► … ──► answered
 *                 ├──n──► why not? ──Enter──► deny
 *                 └──e──► change   ──Enter──► allow what is changed           Esc: back to decide
 * ```
 */
import type { ApprovalAnswer, ApprovalRequest } from '@ash-ai/shared';
import type { Editor } from './input/editor.ts';
import type { Key } from './input/keys.ts';
import type { Line } from './screen/line.ts';
import {
  answered,
  answerOf,
  approvalKeys,
  approvalLines,
  changeable,
  changed,
  questionKeys,
  questionLines,
  questionsOf,
} from './talk/asking.ts';

/** What is typed within this time after a question came up was meant for something else, in ms. */
const tooSoonMs = 400;

export interface AskerActions {
  answer(request: ApprovalRequest, answer: ApprovalAnswer): void;
  /** From now on the tool runs without asking. */
  trust(toolName: string): void;
  note(text: string): void;
}

export class Asker {
  readonly #actions: AskerActions;
  readonly #editor: Editor;
  #request: ApprovalRequest | undefined;
  #more = 0;
  #sinceMs = 0;
  #phase: 'decide' | 'why' | 'change' | 'question' = 'decide';
  #answers: Record<string, string> = {};
  /** What the user was typing when a question took over the line. */
  #draft = '';

  constructor(editor: Editor, actions: AskerActions) {
    this.#editor = editor;
    this.#actions = actions;
  }

  /** The request that is asked about. */
  get request(): ApprovalRequest | undefined {
    return this.#request;
  }

  /** What takes the place of the prompt while an answer is typed. */
  get prompt(): string | undefined {
    if (this.#request === undefined || this.#phase === 'decide') return undefined;
    return this.#phase === 'why' ? 'Why not? ' : this.#phase === 'change' ? 'Instead: ' : 'Answer: ';
  }

  /** Looks at what is pending now. */
  see(pending: readonly ApprovalRequest[], nowMs: number): void {
    this.#more = Math.max(0, pending.length - 1);
    const [first] = pending;
    if (first?.approvalId === this.#request?.approvalId) return;
    if (this.#request !== undefined && this.#phase !== 'decide') this.#editor.set(this.#draft);
    this.#request = first;
    this.#sinceMs = nowMs;
    this.#answers = {};
    this.#phase = 'decide';
    if (first !== undefined && questionsOf(first) !== undefined) this.#type('question', '');
  }

  /** Obeys a key; false when it is none of its keys. */
  take(key: Key, nowMs: number): boolean {
    const request = this.#request;
    if (request === undefined || key.kind === 'paste') return false;
    if (this.#phase === 'decide') return this.#decide(request, key, nowMs);
    if (key.name === 'escape' && this.#phase !== 'question') {
      this.#back();
      return true;
    }
    if (this.#editor.edit(key) === 'submit') this.#submit(request);
    return true;
  }

  /** A letter decides only while nothing is being typed, so that no half of a word gives leave. */
  #decide(request: ApprovalRequest, key: Key & { kind: 'key' }, nowMs: number): boolean {
    if (this.#editor.text !== '' || this.fresh(nowMs) || key.ctrl || key.meta) return false;
    switch (key.text) {
      case 'y':
        this.#actions.answer(request, { decision: 'allow' });
        return true;
      case 'a':
        this.#actions.trust(request.toolName);
        this.#actions.answer(request, { decision: 'allow' });
        return true;
      case 'n':
        this.#type('why', '');
        return true;
      case 'e':
        this.#type('change', changeable(request));
        return true;
      default:
        return false;
    }
  }

  #submit(request: ApprovalRequest): void {
    const text = this.#editor.text;
    if (this.#phase === 'question') this.#answerQuestion(request, text);
    else if (this.#phase === 'change') this.#answerChanged(request, text);
    else {
      this.#back();
      const message = text.trim();
      this.#actions.answer(request, { decision: 'deny', ...(message === '' ? {} : { message }) });
    }
  }

  #answerChanged(request: ApprovalRequest, text: string): void {
    try {
      const answer = changed(request, text);
      this.#back();
      this.#actions.answer(request, answer);
    } catch (error) {
      this.#actions.note(`That can't be taken: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #answerQuestion(request: ApprovalRequest, text: string): void {
    const questions = questionsOf(request) ?? [];
    const question = questions[Object.keys(this.#answers).length];
    if (question === undefined || text.trim() === '') return;
    this.#answers = { ...this.#answers, [question.question]: answerOf(question, text) };
    this.#editor.set('');
    if (Object.keys(this.#answers).length < new Set(questions.map(({ question }) => question)).size) return;
    const answers = this.#answers;
    this.#back();
    this.#actions.answer(request, answered(request, answers));
  }

  #type(phase: 'why' | 'change' | 'question', text: string): void {
    this.#draft = this.#editor.text;
    this.#phase = phase;
    this.#editor.set(text);
  }

  #back(): void {
    this.#phase = 'decide';
    this.#editor.set(this.#draft);
  }

  /** The lines above the prompt. */
  lines(width: number, most: number): Line[] {
    const request = this.#request;
    if (request === undefined) return [];
    const questions = questionsOf(request);
    if (questions === undefined) return approvalLines(request, width, most, this.#more);
    const at = Object.keys(this.#answers).length;
    const question = questions[at];
    return question === undefined ? [] : questionLines(question, { at, of: questions.length }, width);
  }

  /** Whether a question has just come up, so that its keys don't count yet. */
  fresh(nowMs: number): boolean {
    return this.#request !== undefined && nowMs - this.#sinceMs < tooSoonMs;
  }

  /** What the keys do now; undefined when they decide nothing. */
  keys(nowMs: number): string | undefined {
    const request = this.#request;
    if (request === undefined || (this.#phase === 'decide' && this.fresh(nowMs))) return undefined;
    if (this.#phase === 'question') {
      const question = questionsOf(request)?.[Object.keys(this.#answers).length];
      return question === undefined ? undefined : questionKeys(question);
    }
    if (this.#phase === 'why') return 'Enter denies, with or without a reason · Esc goes back';
    if (this.#phase === 'change') return 'Enter allows what stands here · Esc goes back';
    return this.#editor.text === '' ? approvalKeys(request) : 'Send or clear your line (Ctrl-U) to answer';
  }
}
