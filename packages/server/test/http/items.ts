/** Items of a log, as the follow room gives them. */
import type { LogEntryType } from '@ash-ai/shared';
import type { Followed } from '../../src/log/feed-item.ts';
import { turnId } from './rooms.ts';

/** A stored entry at `seq`. */
export function entry(seq: number, type: LogEntryType, data: unknown, turn: string | null = turnId): Followed {
  const item = {
    kind: 'entry',
    seq,
    type,
    turnId: turn,
    data: JSON.stringify(data),
    createdAt: '2026-01-01T00:00:00.000Z',
  } as const;
  return { item: { ...item }, cursor: String(seq) };
}

/** The `index`-th preview after the entry `seq`. */
export function preview(seq: number, index: number, event: unknown): Followed {
  const data = JSON.stringify({ type: 'stream_event', event });
  return { item: { kind: 'preview', turnId, index, data }, cursor: `${seq}.${index}` };
}

export const completed = (seq: number): Followed => entry(seq, 'turn_ended', { outcome: 'completed' });
