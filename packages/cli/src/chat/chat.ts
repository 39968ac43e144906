/**
 * The chat in a terminal: one session followed without end, so that everybody's turns, answers and restarts of the server
 * show as they happen; what is typed goes to it as messages, commands and answers.
 * ```
 *   keys ──► asker · commands · editor ──message──► link ──► server       Esc, Ctrl-C in a turn: interrupt;  Ctrl-C again: leave
 *   screen ◄── frame ◄── conversation ◄──events──── link ◄── server       Ctrl-C at the prompt: warn;  again, or Ctrl-D: leave
 * ```
 */
import { basename } from 'node:path';
import type { AshClient, Session } from '@ash-ai/sdk';
import { type ApprovalAnswer, type ApprovalRequest, type AshStreamEvent, newId } from '@ash-ai/shared';
import { describe } from '../failure.ts';
import { Asker } from './asker.ts';
import { completeCommand, runCommand } from './commands.ts';
import { frame } from './frame.ts';
import { Editor } from './input/editor.ts';
import type { Key } from './input/keys.ts';
import { type Attach, SessionLink } from './link.ts';
import type { Block } from './screen/line.ts';
import { type Live, Painter } from './screen/painter.ts';
import type { ScreenTerminal } from './screen/terminal.ts';
import { requestDetails } from './talk/asking.ts';
import { Conversation } from './talk/conversation.ts';
import { noteBlock, rawBlock } from './talk/looks.ts';

/** How often moving things move, in ms. */
const tickMs = 100;
/** Changes within this time are drawn together, in ms. */
const drawMs = 30;
/** How far back a session that goes on is shown, in entries of its log. */
const shownEntries = 200;

export interface ChatOptions {
  terminal: ScreenTerminal;
  client: AshClient;
  attach: Attach;
  serverUrl: string;
  session: Session;
  /** Whether the session was there before: then its newest messages are shown first. */
  resumed: boolean;
  /** Sent at once. */
  first?: { text: string; paths: readonly string[] } | undefined;
  /** Opens another session. */
  open: () => Promise<Session>;
  /** Asked before a message is sent: the session that it belongs into, when it is no longer the one before. */
  renew?: (() => Promise<Session | undefined>) | undefined;
  /** Leaves after the first message's turn, and shows no prompt. */
  once?: boolean;
}

export class Chat {
  readonly conversation: Conversation;
  /** Paths of what goes with the next message. */
  attached: string[] = [];
  /** Whether the user has ended the session. */
  ended = false;
  readonly link: SessionLink;
  readonly #options: ChatOptions;
  readonly #painter: Painter;
  readonly #editor = new Editor();
  readonly #asker: Asker;
  readonly #left = Promise.withResolvers<number>();
  #finished: Block[] = [];
  #hint: string | undefined;
  #reachable = true;
  /** Whether Ctrl-C was pressed and nothing else since. */
  #pressed = false;
  #sending = 0;
  #drawing = false;
  /** Whether the keys that answer are still to be shown. */
  #newlyAsked = false;
  #over = false;

  constructor(options: ChatOptions) {
    this.#options = options;
    const { terminal, session, client, attach } = options;
    this.link = new SessionLink(client, session, attach, {
      onEvent: (event) => this.#take(event),
      onLost: (error) => {
        this.#complain(error);
        this.leave(1);
      },
    });
    this.conversation = new Conversation({ styled: terminal.coloured });
    const { columns: width, rows: height, coloured } = terminal;
    this.#painter = new Painter({ write: (text) => terminal.write(text), coloured, width, height });
    this.#asker = new Asker(this.#editor, {
      answer: (request, answer) => this.#answer(request, answer),
      trust: (toolName) => this.#trust(toolName),
      note: (text) => this.note(text),
    });
  }

  /** Talks until the user leaves; the exit code: 1 when the only turn failed, or the server was lost. */
  async run(): Promise<number> {
    const { terminal, first, once, resumed, session } = this.#options;
    const onSignal = () => this.leave();
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    for (const signal of signals) process.on(signal, onSignal);
    const keyboard = terminal.open({ onKey: (key) => this.#key(key), onResize: () => this.#resize() });
    const timer = setInterval(() => {
      if (this.conversation.moving || this.#newlyAsked) this.draw();
    }, tickMs);
    try {
      if (!once) this.note(`${session.agentName} v${session.agentVersion} listens. /help shows what can be done here.`);
      this.link.follow(session, resumed ? Math.max(0, session.lastSeq - shownEntries) : 0);
      if (first !== undefined) this.#send(first.text, first.paths);
      return await this.#left.promise;
    } finally {
      this.#over = true;
      clearInterval(timer);
      this.link[Symbol.dispose]();
      this.#painter.close([...this.#finished, ...this.conversation.leave()]);
      keyboard[Symbol.dispose]();
      for (const signal of signals) process.off(signal, onSignal);
    }
  }

  /** Ends the chat; the session stays. */
  leave(code = 0): void {
    this.#left.resolve(code);
  }

  /** Says something in the conversation, below what is finished. */
  note(text: string): void {
    this.show(noteBlock(text));
  }

  show(block: Block): void {
    this.#print(this.conversation.note(block));
  }

  /** Goes on in another session, of which the last `shown` entries are shown. */
  moveTo(session: Session, shown = 0): void {
    this.#print(this.conversation.leave());
    this.link.follow(session, Math.max(0, session.lastSeq - shown));
  }

  /** Goes on in a new session. */
  async moveToNew(): Promise<void> {
    const session = await this.#options.open();
    this.moveTo(session);
    this.note(`A new session: ${session.id} (${session.agentName} v${session.agentVersion})`);
  }

  /** Starts something that may fail; its failure is shown in the conversation. */
  attempt(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (!this.#over) this.#complain(error);
    });
  }

  /** Interrupts the running turn. */
  interrupt(): void {
    this.attempt(() => this.link.interrupt());
  }

  /** Shows what is asked, or what was folded last, in full. */
  expand(): void {
    const asked = this.#asker.request;
    const { folded } = this.conversation;
    if (asked !== undefined) this.show(rawBlock(requestDetails(asked), 2000));
    else if (folded === undefined) this.note('There is nothing to expand yet.');
    else {
      this.note(folded.title);
      this.show(rawBlock(folded.body));
    }
  }

  /** Told whether the server answers. */
  reach(reachable: boolean): void {
    this.#reachable = reachable;
    this.draw();
  }

  /** Draws soon. */
  draw(): void {
    if (this.#drawing || this.#over) return;
    this.#drawing = true;
    setTimeout(() => {
      this.#drawing = false;
      if (this.#over) return;
      const blocks = this.#finished;
      this.#finished = [];
      this.#painter.draw(blocks, this.#live());
    }, drawMs);
  }

  #live(): Live {
    const { terminal, once } = this.#options;
    const now = performance.now();
    this.#asker.see(this.conversation.approvals, now);
    this.#newlyAsked = this.#asker.fresh(now);
    return frame(
      {
        conversation: this.conversation,
        editor: this.#editor,
        asker: this.#asker,
        prompt: once !== true || this.#asker.request !== undefined,
        reachable: this.#reachable,
        attached: this.attached.map((path) => basename(path)),
        hint: this.#hint,
        session: this.link.session,
      },
      { width: terminal.columns, height: terminal.rows },
      now,
    );
  }

  #resize(): void {
    const { columns, rows } = this.#options.terminal;
    this.#painter.resize(columns, rows, this.#live());
  }

  #print(blocks: readonly Block[]): void {
    this.#finished.push(...blocks);
    this.draw();
  }

  #complain(error: unknown): void {
    const text = describe(error, this.#options.serverUrl).replace(/^Failed: /, '');
    this.show(noteBlock(`✗ ${text}`, { colour: 'red' }));
  }

  #take(event: AshStreamEvent): void {
    this.#print(this.conversation.take(event, performance.now()));
    for (const request of this.conversation.approvals) {
      if (this.link.trusts(request)) this.#answer(request, { decision: 'allow' });
    }
    if (event.type === 'session_end') this.note('The session has ended. /new opens another one.');
    if (event.type !== 'done') return;
    this.#pressed = false;
    this.#hint = undefined;
    if (this.#options.once) this.leave(event.data.status === 'completed' ? 0 : 1);
  }

  #send(text: string, paths: readonly string[]): void {
    this.#sending++;
    const key = newId();
    this.attempt(async () => {
      try {
        const fresh = await this.#options.renew?.();
        if (fresh !== undefined) this.moveTo(fresh);
        await this.link.send(text, paths, key);
      } catch (error) {
        // What could not be sent is given back, unless something else is being typed by now.
        if (this.#editor.text === '') this.#editor.set(text);
        if (this.#options.once) this.leave(1);
        throw error;
      } finally {
        this.#sending--;
      }
    });
  }

  #answer(request: ApprovalRequest, answer: ApprovalAnswer): void {
    this.conversation.settle(request, true);
    this.attempt(async () => {
      try {
        if (!(await this.link.answer(request, answer))) this.note('That was answered elsewhere already.');
      } catch (error) {
        this.conversation.settle(request, false);
        throw error;
      }
    });
    this.draw();
  }

  #trust(toolName: string): void {
    this.attempt(async () => {
      await this.link.trust(toolName);
      this.note(`${toolName} runs without asking in this session from now on.`);
    });
  }

  #key(key: Key): void {
    const ctrlC = key.kind === 'key' && key.ctrl && key.name === 'c';
    if (!ctrlC) {
      this.#pressed = false;
      this.#hint = undefined;
    }
    const everywhere = key.kind === 'key' && this.#command(key);
    if (!everywhere && !this.#asker.take(key, performance.now()) && !this.#options.once) {
      if (this.#editor.edit(key) === 'submit') this.#submit();
    }
    this.draw();
  }

  /** Keys that mean the same whatever is being done. */
  #command({ name, ctrl }: Key & { kind: 'key' }): boolean {
    if (ctrl && name === 'c') this.#ctrlC();
    else if (name === 'escape' && this.#asker.prompt === undefined) this.#escape();
    else if (ctrl && name === 'd' && this.#editor.text === '') this.leave();
    else if (ctrl && name === 'o') this.expand();
    else if (ctrl && name === 'l') this.#painter.clear(this.#live());
    else if (ctrl && name === 'z') this.attempt(() => this.#options.terminal.suspend().then(() => this.#resize()));
    else if (name === 'tab') this.#editor.set(completeCommand(this.#editor.text) ?? this.#editor.text);
    else return false;
    return true;
  }

  #submit(): void {
    const text = this.#editor.take();
    if (text.trim() === '' && this.attached.length === 0) return;
    if (text.startsWith('/') && runCommand(this, text)) return;
    const paths = this.attached;
    this.attached = [];
    this.#send(text.trim() === '' ? 'See the attached files.' : text, paths);
  }

  #busy(): boolean {
    return this.conversation.turn !== undefined || this.#sending > 0 || this.conversation.waiting.size > 0;
  }

  #escape(): void {
    if (this.#busy()) this.interrupt();
    else this.#editor.take();
  }

  #ctrlC(): void {
    if (this.#pressed) this.leave();
    else if (this.#busy()) {
      this.#pressed = true;
      this.#hint = 'Interrupting … Ctrl-C again leaves; the session stays';
      this.interrupt();
    } else if (this.#editor.text !== '') this.#editor.take();
    else {
      this.#pressed = true;
      this.#hint = 'Ctrl-C again leaves; the session stays';
    }
  }
}
