/**
 * What the server and a bridge say to each other over the bridge's unix socket.
 *
 * Server to bridge: one JSON object per line. Bridge to server: one line per frame, made of a JSON header, a TAB and
 * the payload's JSON text. (JSON text holds no raw TAB.) So a reader parses a message once and passes on its bytes.
 *
 * Frames that must not get lost (`message`, `turn_end`) are numbered from 1 within the bridge's life, spooled, and
 * repeated after an `attach` until they are acked. Previews carry the number of the frame they follow and their own
 * index within that run.
 */
import type { SdkMessage, TurnContent, TurnEnded } from './log-entry.ts';

/** Longest line in either direction, in bytes. Larger messages of the runtime fail their turn. */
export const maxFrameBytes = 64 * 1024 * 1024;

/** Where model calls go and which credentials they get. Kept in the bridge's memory only. */
export interface ModelUpstream {
  /** Base URL of an Anthropic-compatible API, without a trailing slash. */
  baseUrl: string;
  /** Headers that are set on every call, credentials among them. */
  headers: Record<string, string>;
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

/** What the agent runtime is started with. */
export interface RuntimeOptions extends TurnOptions {
  /** The agent runtime's own session id (Ash's session id). */
  sessionId: string;
  /** Whether a conversation of that id exists and is to be continued. */
  resume: boolean;
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
  executable: string;
}

/** Server to bridge. */
export type BridgeCommand =
  /** First on every connection. A higher epoch cuts off the connection that was attached before. */
  | { cmd: 'attach'; epoch: number; life: string | null; afterN: number }
  /** Everything the bridge needs for its session; repeated with fresh keys by every server that attaches. */
  | { cmd: 'open'; runtime: RuntimeOptions; upstream: ModelUpstream; paths: Paths }
  /** Run one turn. A turn id that the bridge has seen before is not run again. */
  | { cmd: 'run'; turnId: string; content: TurnContent }
  /** Everything up to frame `n` is committed. */
  | { cmd: 'ack'; n: number }
  | { cmd: 'interrupt'; turnId: string }
  /** End the runtime in good order, then the bridge. */
  | { cmd: 'close' };

/** Bridge to server: the header of a frame. */
export type FrameHeader =
  /** Answer to `attach`. `turnId` is the turn in progress or, with its frames unacked, the last one. */
  | { kind: 'attached'; life: string; lastN: number; turnId: string | null; running: boolean; opened: boolean }
  /** The attach was refused: a server with a higher epoch is attached. */
  | { kind: 'superseded'; epoch: number }
  /** The runtime has come up (its first answer), once per life. */
  | { kind: 'ready' }
  | { kind: 'message'; n: number; turnId: string | null }
  | { kind: 'preview'; after: number; index: number; turnId: string }
  | { kind: 'turn_end'; n: number; turnId: string };

export interface Frame {
  header: FrameHeader;
  /** JSON text: an {@link SdkMessage} for `message` and `preview`, a {@link TurnEnded} for `turn_end`, else `null`. */
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

/** Takes a line apart without looking into the payload. */
export function parseFrame(line: string): Frame {
  const tab = line.indexOf('\t');
  if (tab === -1) throw new MalformedFrame('no payload');
  const header = parseObject(line.slice(0, tab)) as FrameHeader;
  if (typeof header.kind !== 'string') throw new MalformedFrame('no kind');
  return { header, payload: line.slice(tab + 1) };
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
