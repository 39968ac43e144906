/** What a streaming route hands to the writer of server-sent events. */
import type { Batch } from '../log/feed-item.ts';

/** Whose items a stream shows, and which of them. */
export interface StreamView {
  sessionId: string;
  /** Only this turn's items, ending with its `done`; otherwise the stream is endless. */
  turnId?: string | undefined;
  /** Whether previews are shown. */
  previews: boolean;
}

export interface StreamSource {
  view: StreamView;
  /** Text of the events before the first item. */
  opening: string;
  items: AsyncIterable<Batch>;
  /** The session's place in the line for a sandbox, from 1; undefined when it doesn't wait for one. */
  position?: () => number | undefined;
}
