/** The promise of a runner, a host of sandboxes: the same for the local one and, later, for remote ones. */

import type { TurnContent } from '@ash-ai/shared';
import type { Frame, ModelUpstream, RuntimeOptions } from '@ash-ai/shared/bridge-wire';

/** What is committed of a bridge life, so that it need not be repeated. */
export interface Committed {
  life: string | null;
  n: number;
}

/** Who attaches: a lease epoch, and what its log holds already. */
export interface Attachment {
  epoch: number;
  committed: Committed;
}

/** Everything a session needs to be woken. */
export interface OpenRequest extends Attachment {
  sessionId: string;
  workspace: WorkspaceSource;
  /** `resume` is found out by the runner, which sees the transcript. */
  runtime: Omit<RuntimeOptions, 'resume'>;
  /** Whether the log holds answers of the agent, so that a missing transcript is a loss and not a beginning. */
  conversationKnown: boolean;
  upstream: ModelUpstream;
}

/** What a workspace is made from when the session has none yet. */
export interface WorkspaceSource {
  /** Folder of the agent version. */
  agentDir: string;
  /** Takes the place of its CLAUDE.md. */
  instructions?: string;
}

/** A session's live sandbox, or the remains of one: its frames can be read, nothing else happens. */
export interface AwakeSandbox {
  readonly life: string;
  /** The turn that runs in it, or the last one that did; null when there was none. */
  readonly turnId: string | null;
  readonly running: boolean;
  /** How it came: it was there, or it was started. */
  readonly path: 'live' | 'cold' | 'remains';
  /** Every frame that isn't committed, then live ones. Ends when the sandbox is gone. To be read once. @throws LeaseLost */
  frames(): AsyncIterable<Frame[]>;
  /** Runs a turn; one that it has run before is not run again. */
  run(turnId: string, content: TurnContent): void;
  /** Everything up to frame `n` is committed. */
  ack(n: number): void;
  interrupt(turnId: string): void;
  /** Ends the runtime in good order; resolves when all its processes are gone and `frames` has ended. Files stay. */
  close(): Promise<void>;
  /** Leaves everything running and ends `frames`: for a server that stops. */
  detach(): void;
}

/** Another server has attached with a higher epoch: this one has nothing to say about the session any more. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

export interface Runner {
  /** Wakes a session: attaches to its live sandbox, else starts one. @throws AshError of the sandbox and runtime codes */
  open(request: OpenRequest): Promise<AwakeSandbox>;
  /** Attaches to what is there of a session's sandbox, alive or not; undefined when there is nothing. */
  attach(request: OpenRequest): Promise<AwakeSandbox | undefined>;
  /** Ends all processes of a session's sandbox at once. Files stay. */
  kill(sessionId: string): Promise<void>;
  /** Deletes a session's files too. */
  remove(sessionId: string): Promise<void>;
  /** Sessions that have a sandbox, or remains of one. */
  list(): Promise<string[]>;
}
