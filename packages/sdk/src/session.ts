/** The session handle: the calls about one session, without its id. */
import type { ApprovalCalls } from './approvals.ts';
import type { ExecCalls } from './exec.ts';
import type { FileCalls } from './files.ts';
import type { MessageCalls, MessageContent, SendMessageOptions } from './messages.ts';
import type { PagingCalls } from './paging.ts';
import type { SessionCalls } from './sessions.ts';

/** The flat calls that a handle passes on to. */
export type CallsOfSessions = SessionCalls & MessageCalls & PagingCalls & FileCalls & ExecCalls & ApprovalCalls;

/** One session of a client: `client.session(id)`. It holds nothing but the id. */
export type SessionHandle = ReturnType<typeof sessionHandle>;

export type HandleCalls = ReturnType<typeof handleCalls>;

/** Thrown by `text` when the turn fails or is interrupted. */
export class AshTurnFailed extends Error {
  override readonly name = 'AshTurnFailed';
  /** Code of the server's error table; undefined when the turn was interrupted. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

/** The call that gives handles. */
export function handleCalls(flat: CallsOfSessions) {
  return {
    /**
     * A handle on a session: the calls about it without its id. Nothing is sent, so it need not exist.
     *
     * @example
     * const session = client.session((await client.createSession('my-agent')).id);
     * console.log(await session.text('Hello!'));
     */
    session(id: string) {
      return sessionHandle(flat, id);
    },
  };
}

function sessionHandle(flat: CallsOfSessions, id: string) {
  /** The same call for this session. */
  const here =
    <Rest extends unknown[], Result>(call: (id: string, ...rest: Rest) => Result) =>
    (...rest: Rest): Result =>
      call(id, ...rest);
  return {
    id,
    /** Sends a message and streams the turn, as `sendMessageStream`. */
    send: here(flat.sendMessageStream),
    /**
     * Sends a message and gives the final text of its turn; empty when the agent said nothing.
     *
     * @throws AshTurnFailed when the turn fails or is interrupted; AshApiError as `sendMessageStream`
     */
    async text(content: MessageContent, options: SendMessageOptions = {}): Promise<string> {
      let text = '';
      for await (const { type, data } of flat.sendMessageStream(id, content, options)) {
        if (type === 'turn_complete') text = data.result ?? text;
        if (type === 'error') throw new AshTurnFailed(data.error, data.code);
        if (type === 'done' && data.status === 'interrupted') throw new AshTurnFailed('The turn was interrupted');
      }
      return text;
    },
    /** Follows the session from a cursor, as `followSession`. */
    follow: here(flat.followSession),
    /** Stops the running turn; the session stays active. */
    interrupt: here(flat.interruptSession),
    get: here(flat.getSession),
    pause: here(flat.pauseSession),
    resume: here(flat.resumeSession),
    stop: here(flat.stopSession),
    end: here(flat.endSession),
    /** Makes a new session that goes on from this one; `client.session(fork.id)` is its handle. */
    fork: here(flat.forkSession),
    updateConfig: here(flat.updateSessionConfig),
    /** Iterates over the messages, oldest first, as `iterateMessages`. */
    messages: here(flat.iterateMessages),
    /** Iterates over the timeline, oldest first, as `iterateSessionEvents`. */
    events: here(flat.iterateSessionEvents),
    /** Runs a shell command in the workspace. */
    exec: here(flat.exec),
    logs: here(flat.getSessionLogs),
    /** The workspace. */
    files: {
      list: here(flat.getSessionFiles),
      /** A file as text. */
      read: here(flat.getSessionFile),
      /** A file as it is. */
      download: here(flat.downloadSessionFile),
      write: here(flat.writeSessionFiles),
      delete: here(flat.deleteSessionFile),
    },
    /** What the agent asks leave for. */
    approvals: {
      list: here(flat.listApprovals),
      answer: here(flat.answerApproval),
    },
  };
}
