/**
 * The runtime's memory: one line for the prompt, for each content block and each result of a tool. As with the real runtime
 * the file runs up to 100 ms behind what was said, so that `kill -9` takes the newest lines.
 */
import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Json, toolResult } from './frames.ts';

/** How far the file runs behind, in ms. */
const lagMs = 100;
const outcomeUnknown = '[Request interrupted: this call was cut off, its outcome is unknown]';

export interface Line {
  type: 'user' | 'assistant';
  uuid: string;
  message: { role: string; id?: string; content: string | Json[]; stop_reason?: string | null };
}

export class Transcript {
  readonly lines: Line[];
  readonly #path: string;
  readonly #sessionId: string;
  #waiting = '';

  private constructor(path: string, sessionId: string, lines: Line[]) {
    this.#path = path;
    this.#sessionId = sessionId;
    this.lines = lines;
  }

  static open(sessionId: string, { resume }: { resume: boolean }): Transcript {
    const folder = join(process.env.CLAUDE_CONFIG_DIR ?? '.', 'projects', process.cwd().replaceAll('/', '-'));
    const path = join(folder, `${sessionId}.jsonl`);
    if (resume !== existsSync(path)) {
      console.error(resume ? `No conversation found with session ID ${sessionId}` : `${sessionId} is already in use`);
      process.exit(1);
    }
    mkdirSync(folder, { recursive: true });
    const lines = resume ? readFileSync(path, 'utf8').split('\n').flatMap(lineOf) : [];
    // A line that was cut by a death must not run into the next one.
    appendFileSync(path, resume ? '\n' : '');
    return new Transcript(path, sessionId, lines);
  }

  add(line: Line): void {
    this.lines.push(line);
    if (this.#waiting === '') setTimeout(() => this.flush(), lagMs).unref();
    this.#waiting += `${JSON.stringify({ ...line, sessionId: this.#sessionId, isSidechain: false, timestamp: new Date().toISOString() })}\n`;
  }

  flush(): void {
    const text = this.#waiting;
    this.#waiting = '';
    if (text !== '') appendFileSync(this.#path, text);
  }

  /** Whether its end asks for something: a prompt without an answer, a result that the model has not seen, an open call. */
  get isOpen(): boolean {
    const last = this.lines.at(-1);
    if (last === undefined) return false;
    return last.type === 'user' ? !isInterruption(last) : this.openCalls().length > 0;
  }

  /** Tells the model of calls that a death cut off. @returns the results that say so */
  mend(): Line[] {
    const mended = this.openCalls().map(
      (id): Line => ({
        type: 'user',
        uuid: randomUUID(),
        message: { role: 'user', content: [toolResult(id, outcomeUnknown, true)] },
      }),
    );
    for (const line of mended) this.add(line);
    return mended;
  }

  openCalls(): string[] {
    const open = new Set<string>();
    for (const { message } of this.lines) {
      for (const block of typeof message.content === 'string' ? [] : message.content) {
        if (block.type === 'tool_use') open.add(block.id);
        if (block.type === 'tool_result') open.delete(block.tool_use_id);
      }
    }
    return [...open];
  }

  /** The conversation for the model: blocks of one reply are one message again. */
  get messages(): { role: string; content: Json[] }[] {
    const messages: { role: string; content: Json[]; id: string | undefined }[] = [];
    for (const { message } of this.lines) {
      const { role, id } = message;
      const content = typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content;
      const last = messages.at(-1);
      if (last?.role === role && last.id === id) last.content.push(...content);
      else messages.push({ role, id, content: [...content] });
    }
    return messages.map(({ role, content }) => ({ role, content }));
  }
}

function isInterruption({ message: { content } }: Line): boolean {
  return Array.isArray(content) && String(content[0]?.text).startsWith('[Request interrupted by user');
}

function lineOf(text: string): Line[] {
  try {
    const { type, uuid, message } = JSON.parse(text) as Line;
    return [{ type, uuid, message }];
  } catch {
    return [];
  }
}
