/** What the frames of a bridge become in the log: a pure mapping. */
import type { TurnEnded } from '@ash-ai/shared';
import { type Frame, parseTurnEnded } from '@ash-ai/shared/bridge-wire';
import type { PreviewItem } from '../log/feed-item.ts';

/** An entry to be: its data is the JSON text that came from the bridge, unchanged. */
export interface RecordedEntry {
  type: 'message' | 'turn_ended';
  turnId: string | null;
  dataText: string;
}

/** Entries that are committed together, then the previews that follow them. */
export interface Recorded {
  /** Number of the last frame in it; undefined when there are no entries. */
  n: number | undefined;
  entries: RecordedEntry[];
  /** Turns that end with these entries; `at` is the entry's index. */
  ended: { turnId: string; at: number; ended: TurnEnded }[];
  previews: PreviewItem[];
}

/** The frames of a batch after frame `committedN`, cut where a preview must wait for the entries before it. */
export function record(frames: readonly Frame[], committedN: number): Recorded[] {
  const parts: Recorded[] = [];
  let part: Recorded | undefined;
  const fresh = (): Recorded => {
    const made: Recorded = { n: undefined, entries: [], ended: [], previews: [] };
    parts.push(made);
    return made;
  };
  for (const frame of frames) {
    const { header } = frame;
    if (header.kind === 'preview') {
      part ??= fresh();
      part.previews.push({ kind: 'preview', turnId: header.turnId, index: header.index, data: frame.payload });
    } else if (header.kind === 'message' || header.kind === 'turn_end') {
      if (header.n <= committedN) continue;
      if (part === undefined || part.previews.length > 0) part = fresh();
      part.n = header.n;
      if (header.kind === 'turn_end') {
        part.ended.push({ turnId: header.turnId, at: part.entries.length, ended: parseTurnEnded(frame) });
      }
      const type = header.kind === 'turn_end' ? 'turn_ended' : 'message';
      part.entries.push({ type, turnId: header.turnId, dataText: frame.payload });
    }
  }
  return parts;
}
