/** What readers of a session's log are given: stored entries and, in between, previews of what is being produced. */
import type { LogEntryType } from '@ash-ai/shared';

/** A committed entry. `data` is JSON text; `projected` is room for a reader to keep what it made of it for the others. */
export interface EntryItem {
  kind: 'entry';
  seq: number;
  type: LogEntryType;
  turnId: string | null;
  data: string;
  createdAt: string;
  projected?: string;
}

/** A token-level fragment (an SDK `stream_event`), never stored. `index` counts from 1 within its run. */
export interface PreviewItem {
  kind: 'preview';
  turnId: string;
  index: number;
  data: string;
  projected?: string;
}

export type FeedItem = EntryItem | PreviewItem;

/** An item together with the cursor that a reader has after it. */
export interface Followed {
  item: FeedItem;
  /** `7` or `7.12`: an SSE id. */
  cursor: string;
}

/**
 * Items that a reader is given at once. Readers of the live end who want the same and have come equally far are given the
 * same object; `written` is room for the first of them to keep what it wrote of it for the others.
 */
export interface Batch {
  items: readonly Followed[];
  written?: Uint8Array;
}
