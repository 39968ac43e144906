/** The line to one session: everything that happens in it comes from here, and what the user does goes there. */
import type { AshClient, MessageContent, Session } from '@ash-ai/sdk';
import type { ApprovalAnswer, ApprovalRequest, AshStreamEvent } from '@ash-ai/shared';
import { mentionedFiles } from './mentions.ts';

export interface LinkListeners {
  onEvent: (event: AshStreamEvent) => void;
  /** The stream can't be read any more, for good. */
  onLost: (error: unknown) => void;
}

/** Makes a message's content of its text and the paths of its files. */
export type Attach = (sessionId: string, text: string, paths: readonly string[]) => Promise<MessageContent>;

/** A session that is active. @throws AshApiError `session_ended` */
export async function awake(client: AshClient, session: Session): Promise<Session> {
  return session.status === 'paused' || session.status === 'stopped' ? client.resumeSession(session.id) : session;
}

export class SessionLink implements Disposable {
  readonly client: AshClient;
  session: Session;
  readonly #listeners: LinkListeners;
  readonly #trusted = new Set<string>();
  readonly #attach: Attach;
  #following = new AbortController();

  constructor(client: AshClient, session: Session, attach: Attach, listeners: LinkListeners) {
    this.client = client;
    this.#attach = attach;
    this.session = session;
    this.#listeners = listeners;
  }

  /** Follows the session without end, from an entry of its log on; the session followed before is let go. */
  follow(session: Session, after: number): void {
    this.#following.abort();
    this.#following = new AbortController();
    if (session.id !== this.session.id) this.#trusted.clear();
    this.session = session;
    const { signal } = this.#following;
    const read = async () => {
      const events = this.client.followSession(session.id, { after, includePartialMessages: true, signal });
      for await (const event of events) this.#listeners.onEvent(event);
    };
    read().catch((error: unknown) => {
      if (!signal.aborted) this.#listeners.onLost(error);
    });
  }

  /** Sends a message with its files, and those that it mentions. Its turn comes with the events. */
  async send(text: string, paths: readonly string[], idempotencyKey: string): Promise<void> {
    const { id } = this.session;
    const content = await this.#attach(id, text, [...new Set([...paths, ...(await mentionedFiles(text))])]);
    const post = () => this.client.sendMessage(id, content, { idempotencyKey });
    const response = await post().catch(async (error: unknown) => {
      if (codeOf(error) !== 'session_not_active') throw error;
      this.session = await this.client.resumeSession(id);
      return post();
    });
    await response.body?.cancel();
  }

  /** Answers a request; false when somebody else has done so. */
  async answer(request: ApprovalRequest, answer: ApprovalAnswer): Promise<boolean> {
    try {
      await this.client.answerApproval(this.session.id, request.approvalId, answer);
      return true;
    } catch (error) {
      if (codeOf(error) === 'approval_answered_already') return false;
      throw error;
    }
  }

  /** From now on the tool is not asked about: here at once, and by the session itself from its next turn on. */
  async trust(toolName: string): Promise<void> {
    this.#trusted.add(toolName);
    const allowedTools = [...new Set([...(this.session.config?.allowedTools ?? []), toolName])];
    this.session = await this.client.updateSessionConfig(this.session.id, { allowedTools });
  }

  trusts({ toolName }: ApprovalRequest): boolean {
    return this.#trusted.has(toolName);
  }

  async interrupt(): Promise<void> {
    await this.client.interruptSession(this.session.id);
  }

  [Symbol.dispose](): void {
    this.#following.abort();
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
