/**
 * What the server and a bridge say to each other over the bridge's unix socket.
 *
 * Server to bridge: one JSON object per line. Bridge to server: one line per frame, made of a JSON header, a TAB and
 * the payload's JSON text. (JSON text holds no raw TAB.) So a reader parses a message once and passes on its bytes.
 *
 * Frames that must not get lost (all but previews and answers) are numbered from 1 within the bridge's life, spooled, and
 * repeated after an `attach` until they are acked. Previews carry the number of the frame they follow and their own
 * index within that run.
 */
import type { EgressPolicy, EgressRecord } from './egress.ts';
import type { ApprovalAnswer, ApprovalRequest, SdkMessage, TurnContent, TurnEnded, TurnFailure } from './log-entry.ts';

/** Longest line in either direction, in bytes. Larger messages of the runtime fail their turn. */
export const maxFrameBytes = 64 * 1024 * 1024;

/** Longest payload of a frame, in bytes: what is left beside the longest header. */
export const maxPayloadBytes = maxFrameBytes - 4096;

/** Where model calls go and which credentials they get. Kept in the bridge's memory only. */
export interface ModelUpstream {
  /** Base URL of an Anthropic-compatible API, without a trailing slash. */
  baseUrl: string;
  /** Headers that are set on every call, credentials among them. */
  headers: Record<string, string>;
  /** Certificates to trust beside those that Node knows, for model calls and for requests of the egress proxy (PEM). */
  ca?: string;
}

/** Ceilings over the model calls of a session; what is absent has none. */
export interface ModelLimits {
  /** Models that may be called, by every one of the lists: names, or beginnings of names with `*` after them. */
  models?: readonly (readonly string[])[];
  /** Tools that the API itself may run, by their types, in the same way; also `mcp_servers`. */
  serverTools?: readonly (readonly string[])[];
  maxSpendUsd?: number;
  /** Tokens of every kind. */
  maxTokens?: number;
  requestsPerMinute?: number;
  /** What the tenant may still spend at this moment. */
  tenantLeftUsd?: number;
  /** What the session has used before, by the server's books. */
  spentUsd: number;
  usedTokens: number;
}

/** What may leave a sandbox; with keys in it, so kept in the bridge's memory only. */
export interface EgressTerms {
  policy: EgressPolicy;
  limits: ModelLimits;
}

/** Whether anything but model calls may leave the sandbox. */
export function mayReach(egress: Partial<Pick<EgressTerms, 'policy'>> | undefined): boolean {
  return (egress?.policy?.allow.length ?? 0) > 0;
}

/** Options that a message may carry; they hold for its turn. */
export interface TurnOptions {
  model?: string;
  maxTurns?: number;
  maxBudgetUsd?: number;
  effort?: 'low' | 'medium' | 'high' | 'max';
  thinking?: { type: string; budgetTokens?: number };
  outputFormat?: { type: string; schema: Record<string, unknown> };
}

/** Options of a turn that a running runtime takes over; every other one needs a runtime started with it. */
export type LiveOptions = Pick<TurnOptions, 'model' | 'effort'>;

/** How a runtime goes on with a turn that another one began. What it asks for again is answered from `approvals`. */
export interface GoOn {
  turnId: string;
  approvals: KnownApproval[];
  /**
   * `asks_again`: by itself; calls without a result are dropped, and the model is asked anew. For calls that waited for leave.
   * `shows_cut`: by itself; calls without a result are shown to the model as cut off, their outcome unknown.
   * `told`: it wouldn't by itself, and is told to with `words`.
   */
  how: 'asks_again' | 'shows_cut' | 'told';
  words?: string;
}

/** What the agent runtime is started with. */
export interface RuntimeOptions extends TurnOptions {
  /** The agent runtime's own session id (Ash's session id). */
  sessionId: string;
  /** Whether a conversation of that id exists and is to be continued. */
  resume: boolean;
  /** The conversation to begin with a copy of, cut after the message with the uuid `at` if there is one. */
  forkOf?: { sessionId: string; at?: string };
  /** A turn that was cut off, and whose prompt is in the conversation already. */
  goOn?: GoOn;
  permissionMode: string;
  systemPrompt?: string;
  allowedTools?: string[];
  disallowedTools?: string[];
  betas?: string[];
  agents?: Record<string, unknown>;
  agent?: string;
  mcpServers?: Record<string, unknown>;
  /** Variables of the runtime inside the wall, on top of those that Ash sets. */
  env: Record<string, string>;
}

/** Where the runtime, inside the wall, sees things. */
export interface Paths {
  /** Where the runtime sees these, inside the wall. */
  workspace: string;
  home: string;
  modelSocket: string;
  egressSocket: string;
  executable: string;
}

/** The limits of the sandbox, as far as the bridge has to do with them. */
export interface HeldLimits {
  memoryMb: number;
  pids: number;
  turnTimeoutMs: number | null;
  /** Files in which the kernel counts kills for want of memory, and processes that it refused; absent where it doesn't. */
  memoryEvents?: string;
  pidsEvents?: string;
}

/** Server to bridge. */
export type BridgeCommand =
  /** First on every connection. A higher epoch cuts off the connection that was attached before. */
  | { cmd: 'attach'; epoch: number; life: string | null; afterN: number }
  /** Everything the bridge needs for its session; repeated with fresh keys by every server that attaches. */
  | {
      cmd: 'open';
      runtimeKey: string;
      runtime: RuntimeOptions;
      upstream: ModelUpstream;
      egress?: EgressTerms;
      paths: Paths;
      limits: HeldLimits;
      /** SHA-256 of the command with which the runtime was started already, while the bridge came up. */
      headStart?: string;
    }
  /** What may leave before the runtime is opened, while the workspace is set up. */
  | { cmd: 'terms'; upstream: ModelUpstream; egress: EgressTerms }
  /** Run one turn. A turn id that the bridge has seen before is not run again. */
  | { cmd: 'run'; turnId: string; content: TurnContent; options: LiveOptions }
  /** Answer to an approval that the runtime waits for; one that nobody waits for is ignored. */
  | { cmd: 'answer'; approvalId: string; answer: ApprovalAnswer }
  /** Everything up to frame `n` is committed. */
  | { cmd: 'ack'; n: number }
  | { cmd: 'interrupt'; turnId: string }
  /** A limit that only the server can watch was hit: the running turn ends with this failure, and the wall with it. */
  | { cmd: 'limit'; failure: TurnFailure }
  /** The tenant's sessions have made as many model calls together as they may: none passes for so many ms. */
  | { cmd: 'hold_model_calls'; forMs: number }
  /** End the runtime in good order, then the bridge. */
  | { cmd: 'close' };

/** An approval that was asked for in an earlier life of the turn. */
export interface KnownApproval {
  request: ApprovalRequest;
  answer?: ApprovalAnswer;
}

/** Bridge to server: the header of a frame. */
export type FrameHeader =
  /** Answer to `attach`. `turnId` is the turn in progress or, with its frames unacked, the last one. */
  | {
      kind: 'attached';
      life: string;
      lastN: number;
      turnId: string | null;
      running: boolean;
      /** `runtimeKey` of what the runtime was started with; null when it was not. */
      runtimeKey: string | null;
    }
  /** The attach was refused: a server with a higher epoch is attached. */
  | { kind: 'superseded'; epoch: number }
  /** The runtime has come up (its first answer), once per life. */
  | { kind: 'ready' }
  /** The runtime is started; the payload is the list of its arguments. */
  | { kind: 'started' }
  /** A line for the log of the sandbox; whoever isn't attached misses it. */
  | { kind: 'log'; level: 'stdout' | 'stderr' | 'system' }
  | { kind: 'message'; n: number; turnId: string | null }
  | { kind: 'preview'; after: number; index: number; turnId: string }
  | { kind: 'approval'; n: number; turnId: string }
  /** The runtime is about to get the answer to an approval. */
  | { kind: 'answer_taken'; n: number; turnId: string; approvalId: string }
  | { kind: 'egress'; n: number; turnId: string | null }
  /** The runtime is gone in the middle of a turn, which another one may go on with. */
  | { kind: 'turn_cut'; n: number; turnId: string }
  | { kind: 'turn_end'; n: number; turnId: string };

export interface Frame {
  header: FrameHeader;
  /**
   * JSON text: an {@link SdkMessage} for `message` and `preview`, a {@link TurnEnded} for `turn_end`, a
   * {@link TurnFailure} for `turn_cut`, an {@link ApprovalRequest} for `approval`, an {@link EgressRecord} for `egress`,
   * else `null`.
   */
  payload: string;
}

/** One line, newline included. */
export function formatFrame(header: FrameHeader, payload = 'null'): string {
  return `${JSON.stringify(header)}\t${payload}\n`;
}

/** Thrown when a peer sends what isn't a frame. */
export class MalformedFrame extends Error {
  override readonly name = 'MalformedFrame';
}

/** Takes a line apart without looking into the payload. A header is what its kind says, or the line is no frame. @throws MalformedFrame */
export function parseFrame(line: string): Frame {
  const tab = line.indexOf('\t');
  if (tab === -1) throw new MalformedFrame('no payload');
  const header = parseObject(line.slice(0, tab)) as Record<string, unknown>;
  if (!isHeader(header)) throw new MalformedFrame('not the header of a frame');
  return { header, payload: line.slice(tab + 1) };
}

/** Longest id or key in a header, in characters. */
const maxNameChars = 512;
const isName = (value: unknown): value is string => typeof value === 'string' && value.length <= maxNameChars;
const isNameOrNull = (value: unknown) => value === null || isName(value);
/** Numbers count from 1; 0 is before the first. */
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function isHeader(header: Record<string, unknown>): header is Record<string, unknown> & FrameHeader {
  const { kind, n, turnId } = header;
  switch (kind) {
    case 'attached': {
      const { life, lastN, running, runtimeKey } = header;
      const names = isName(life) && isNameOrNull(turnId) && (runtimeKey === null || typeof runtimeKey === 'string');
      return names && isCount(lastN) && typeof running === 'boolean';
    }
    case 'superseded':
      return isCount(header.epoch);
    case 'preview':
      return isCount(header.after) && isCount(header.index) && isName(turnId);
    case 'message':
    case 'egress':
      return isCount(n) && isNameOrNull(turnId);
    case 'approval':
    case 'turn_cut':
    case 'turn_end':
      return isCount(n) && isName(turnId);
    case 'answer_taken':
      return isCount(n) && isName(turnId) && isName(header.approvalId);
    case 'log':
      return isName(header.level);
    default:
      // A later bridge may know more kinds: readers leave them out, but not their numbers.
      return isName(kind) && (n === undefined || isCount(n));
  }
}

/** The command on a line from a server. */
export function parseCommand(line: string): BridgeCommand {
  const command = parseObject(line) as BridgeCommand;
  if (typeof command.cmd !== 'string') throw new MalformedFrame('no cmd');
  return command;
}

/** The SDK message of a `message` or `preview` frame. */
export function parsePayload(frame: Frame): SdkMessage {
  const message = parseObject(frame.payload) as SdkMessage;
  if (typeof message.type !== 'string') throw new MalformedFrame('a message without a type');
  return message;
}

/** How a turn ended, of a `turn_end` frame. */
export function parseTurnEnded(frame: Frame): TurnEnded {
  return parseObject(frame.payload) as TurnEnded;
}

/** Why the runtime is gone, of a `turn_cut` frame. */
export function parseTurnCut(frame: Frame): TurnFailure {
  return parseObject(frame.payload) as TurnFailure;
}

/** What is asked for, of an `approval` frame. */
export function parseApproval(frame: Frame): ApprovalRequest {
  const request = parseObject(frame.payload) as ApprovalRequest;
  if (typeof request.approvalId !== 'string' || typeof request.toolName !== 'string') {
    throw new MalformedFrame('not an approval');
  }
  return request;
}

/** The decision of an `egress` frame. */
export function parseEgress(frame: Frame): EgressRecord {
  const record = parseObject(frame.payload) as EgressRecord;
  if (typeof record.host !== 'string' || typeof record.at !== 'string')
    throw new MalformedFrame('not an egress record');
  return record;
}

function parseObject(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MalformedFrame('not JSON', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new MalformedFrame('not an object');
  return value;
}
