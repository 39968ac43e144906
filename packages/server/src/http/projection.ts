/**
 * What an item of a session's log becomes in a stream (spec/streaming.md §2–3). Pure, and made once per item: the text is
 * kept in `item.projected` for all readers. The cursor stands as `id:` in the last frame that an item becomes, so that a
 * reader who is cut off between an item's frames gets all of them again.
 */
import { classifyToStreamEvents, formatSse, type SdkMessage, type TurnEnded } from '@ash-ai/shared';
import type { Batch, EntryItem, FeedItem, Followed } from '../log/feed-item.ts';
import type { StreamView } from './stream-source.ts';

const MESSAGE_FRAME_CHARS = formatSse('message', '').length;

/** The bytes that a stream writes for a batch: made once for all readers who are given it, for they want the same. */
export function framesOfBatch(batch: Batch, view: StreamView): Uint8Array {
  batch.written ??= Buffer.from(batch.items.map((followed) => framesOf(followed, view)).join(''));
  return batch.written;
}

/** The text that a stream writes for an item; empty when the stream does not show it. */
export function framesOf({ item, cursor }: Followed, view: StreamView): string {
  if (!shows(view, item)) return '';
  item.projected ??= project(item, view.sessionId);
  const at = lastFrameAt(item, item.projected);
  return `${item.projected.slice(0, at)}id: ${cursor}\n${item.projected.slice(at)}`;
}

function shows(view: StreamView, item: FeedItem): boolean {
  if (item.kind === 'preview') return view.previews;
  if (view.turnId === undefined) return true;
  // A turn's own `session` entries tell of its recovery.
  return item.type === 'session' ? item.turnId !== null : ofTurn.has(item.type);
}

/** What a stream of one turn shows of it. */
const ofTurn: ReadonlySet<EntryItem['type']> = new Set([
  'message',
  'approval_requested',
  'approval_answered',
  'turn_ended',
]);

/** The frames of an item, without `id:` line. */
function project(item: FeedItem, sessionId: string): string {
  if (item.kind === 'preview' || item.type === 'message') return messageFrames(item.data);
  return item.type === 'turn_ended' ? endFrames(item, sessionId) : entryFrame(item);
}

function messageFrames(data: string): string {
  const message = parsed<SdkMessage>(data);
  let frames = '';
  if (message !== undefined) {
    for (const { type, data: granular } of classifyToStreamEvents(message)) {
      frames += formatSse(type, JSON.stringify(granular));
    }
  }
  return frames + formatSse('message', oneLine(data));
}

function endFrames({ data, turnId }: EntryItem, sessionId: string): string {
  const ended = parsed<TurnEnded>(data);
  const done = formatSse('done', JSON.stringify({ sessionId, turnId, status: ended?.outcome }));
  if (ended === undefined || ended.outcome === 'completed' || ended.reported === true) return done;
  const { code, error } = ended.failure ?? failureOf[ended.outcome];
  return formatSse('error', JSON.stringify({ error, code })) + done;
}

/** What is said of a turn that ended without a word why. */
const failureOf = {
  failed: { code: 'execution_failed', error: 'The turn failed' },
  interrupted: { code: 'turn_interrupted', error: 'The turn was interrupted' },
} as const;

function entryFrame({ type, turnId, data }: EntryItem): string {
  const name = type === 'approval_requested' ? 'approval' : type;
  return formatSse(name, JSON.stringify({ turnId, ...parsed<object>(data) }));
}

function lastFrameAt(item: FeedItem, text: string): number {
  // The last frame of a message holds its data as it is, so that its place needs no search through a long text.
  if (item.kind === 'preview' || item.type === 'message') return text.length - item.data.length - MESSAGE_FRAME_CHARS;
  return item.type === 'turn_ended' ? text.lastIndexOf('event: done\n') : 0;
}

/** A line break in JSON text can only be white space between its parts. */
function oneLine(json: string): string {
  return /[\r\n]/.test(json) ? json.replace(/[\r\n]/g, ' ') : json;
}

function parsed<T extends object>(json: string): T | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}
