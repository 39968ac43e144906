/** The promise of a runner, a host of sandboxes: the same for the local one and, later, for remote ones. */

import type { ApprovalAnswer, TurnContent } from '@ash-ai/shared';
import type { EgressTerms, Frame, LiveOptions, ModelUpstream, RuntimeOptions } from '@ash-ai/shared/bridge-wire';
import type { Enforced, IsolationName, SandboxLimits } from '@ash-ai/shared/contract';
import type { LeftOff, LeftOffRequest } from './left-off.ts';
import type { Snapshots } from './snapshot/snapshots.ts';
import type { Swept } from './sweep.ts';
import type { Workspaces } from './workspaces.ts';

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

/** What the agent runtime of a sandbox is started with. */
export interface Boot {
  workspace: WorkspaceSource;
  /** `resume` is found out by the runner, which sees the transcript. */
  runtime: Omit<RuntimeOptions, 'resume'>;
  /** Names what the runtime is started with: one that was started with something else has another. */
  runtimeKey: string;
  /** Whether the log holds answers of the agent, so that a missing transcript is a loss and not a beginning. */
  conversationKnown: boolean;
  /** How it is walled in. Default: as the runner does it. */
  isolation?: IsolationName;
  upstream: ModelUpstream;
  /** What else may leave the sandbox. Default: nothing. */
  egress?: EgressTerms;
}

/** Everything a session needs to be woken. */
export interface OpenRequest extends Attachment, Boot {
  sessionId: string;
  /** Whose session it is: where many want to start, owners take turns. */
  tenantId: string;
  limits: SandboxLimits;
}

/** A sandbox ahead of its session. */
export interface SpareRequest {
  /** Of a session that does not exist yet. */
  sessionId: string;
  limits: SandboxLimits;
  /** Has the runtime started as well. Absent: the bridge waits, and nothing of any tenant is in the sandbox. */
  boot?: Boot;
}

/** What a workspace is made from when the session has none yet. */
export interface WorkspaceSource {
  /** Folder of the agent version. */
  agentDir: string;
  /** Takes the place of its CLAUDE.md. */
  instructions?: string;
  /** How large its disk is made; default that of the runner. */
  disk?: { diskMb: number; inodes: number };
  /** How its install.sh and startup.sh are walled in. Default: as the runner does it. */
  isolation?: IsolationName;
  /** Variables for its install.sh and startup.sh. */
  env?: Readonly<Record<string, string>>;
}

/** What a session begins with that goes on from another one. */
export interface ForkRequest {
  from: string;
  to: string;
  /** Number of the parent's snapshot whose workspace it gets; default: the workspace as it is now. */
  snapshot?: number | undefined;
  /** Folder of the agent version. */
  agentDir: string;
  /** Where the conversation may be, likeliest first. */
  conversations: readonly Conversation[];
  /** Messages to cut it after, by uuid, likeliest first; undefined: it isn't cut any further. */
  points: readonly string[] | undefined;
}

/** A conversation in a session's home, up to the message `at` if that is there. */
export interface Conversation {
  sessionId: string;
  at?: string;
}

/** A session's live sandbox, or the remains of one: its frames can be read, nothing else happens. */
export interface AwakeSandbox {
  readonly life: string;
  /** The turn that runs in it, or the last one that did; null when there was none. */
  readonly turnId: string | null;
  readonly running: boolean;
  /** Of the request that its runtime was started with; empty when it was not. */
  readonly runtimeKey: string;
  /** How it came: it was there, or it was started. */
  readonly path: 'live' | 'cold' | 'remains';
  /** Every frame that isn't committed, then live ones. Ends when the sandbox is gone. To be read once. @throws LeaseLost */
  frames(): AsyncIterable<Frame[]>;
  /** Runs a turn; one that it has run before is not run again. */
  run(turnId: string, content: TurnContent, options: LiveOptions): void;
  /** Answers an approval; one that isn't waited for is ignored. */
  answer(approvalId: string, answer: ApprovalAnswer): void;
  /** Everything up to frame `n` is committed. */
  ack(n: number): void;
  interrupt(turnId: string): void;
  /** For so many ms from now, model calls are refused: its tenant has made as many as it may. */
  holdModelCalls(forMs: number): void;
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
  /** What holds the limits and walls of its sandboxes. */
  readonly enforced: Enforced;
  /** What holds those of one of its isolations; nothing at all for one that it hasn't. */
  enforcedBy(isolation: string): Enforced;
  /** The files of its sessions, awake or asleep, and commands in them. */
  readonly workspaces: Workspaces;
  /** Stored copies of these files. */
  readonly snapshots: Snapshots;
  /**
   * Wakes a session: attaches to its live sandbox, else starts one.
   * @throws AshError of the sandbox and runtime codes; workspace_lost when its files must be restored first
   */
  open(request: OpenRequest): Promise<AwakeSandbox>;
  /**
   * Attaches to what is there of a session's sandbox, alive or not; undefined when there is nothing. One whose runtime
   * was not started yet gets it started, unless `starts` is false: then its `runtimeKey` is empty.
   */
  attach(request: OpenRequest, options?: { starts?: boolean }): Promise<AwakeSandbox | undefined>;
  /** Where the agent runtime left off in a turn. Only while the session has no live sandbox. */
  leftOff(request: LeftOffRequest): Promise<LeftOff>;
  /**
   * Starts a sandbox for a session that will have this id, when nobody else wants to start one. It takes a small share of
   * the processor until the session attaches to it; the first sweep that doesn't know the session removes it.
   */
  spare(request: SpareRequest): Promise<AwakeSandbox>;
  /**
   * Copies the files and the conversation of a session for a new one; nothing is copied of a session without files.
   * @throws fork_failed, workspace_lost
   */
  fork(request: ForkRequest): Promise<{ conversation: Conversation | undefined }>;
  /** Ends all processes of a session's sandbox at once. Files stay. */
  kill(sessionId: string): Promise<void>;
  /** Deletes a session's files too; its snapshots stay. */
  remove(sessionId: string): Promise<void>;
  /** Ends and removes what belongs to nobody; `known` tells which of these sessions exist. */
  sweep(known: (sessionIds: string[]) => Promise<ReadonlySet<string>>): Promise<Swept>;
  /** Memory that a session's live sandbox takes, in MB; undefined when there is none. */
  memoryOf(sessionId: string): Promise<number | undefined>;
  /** Sessions that have a sandbox, or remains of one. */
  list(): Promise<string[]>;
}
