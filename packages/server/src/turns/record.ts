/** What the frames of a bridge become in the log: a pure mapping. */
import type { TurnEnded, TurnFailure } from '@ash-ai/shared';
import { type Frame, parseEgress, parseTurnCut, parseTurnEnded } from '@ash-ai/shared/bridge-wire';
import type { EgressRecord } from '@ash-ai/shared/egress';
import type { PreviewItem } from '../log/feed-item.ts';

/** An entry to be: its data is the JSON text that came from the bridge, unchanged. */
export interface RecordedEntry {
  type: 'message' | 'approval_requested' | 'turn_ended';
  turnId: string | null;
  dataText: string;
}

/** Entries that are committed together, then the previews that follow them. */
export interface Recorded {
  /** Number of the last frame in it; undefined when there are previews only. */
  n: number | undefined;
  entries: RecordedEntry[];
  /** Turns that end with these entries; `at` is the entry's index. */
  ended: { turnId: string; at: number; ended: TurnEnded }[];
  /** Turns that were cut off, and why. */
  cut: { turnId: string; failure: TurnFailure }[];
  /** What left the sandbox, or tried to; no part of the log. */
  egress: { turnId: string | null; record: EgressRecord }[];
  previews: PreviewItem[];
  /** Approvals whose answers the runtime got. */
  taken: string[];
}

const entryTypes = { message: 'message', approval: 'approval_requested', turn_end: 'turn_ended' } as const;

/** The frames of a batch after frame `committedN`, cut where a preview must wait for the entries before it. */
export function record(frames: readonly Frame[], committedN: number): Recorded[] {
  const parts: Recorded[] = [];
  let part: Recorded | undefined;
  const fresh = (): Recorded => {
    const made: Recorded = { n: undefined, entries: [], ended: [], cut: [], egress: [], previews: [], taken: [] };
    parts.push(made);
    return made;
  };
  for (const frame of frames) {
    const { header } = frame;
    if (header.kind === 'preview') {
      part ??= fresh();
      part.previews.push({ kind: 'preview', turnId: header.turnId, index: header.index, data: frame.payload });
    } else if (header.kind === 'egress') {
      if (header.n <= committedN) continue;
      if (part === undefined || part.previews.length > 0) part = fresh();
      part.n = header.n;
      part.egress.push({ turnId: header.turnId, record: parseEgress(frame) });
    } else if (header.kind === 'turn_cut') {
      if (header.n <= committedN) continue;
      if (part === undefined || part.previews.length > 0) part = fresh();
      part.n = header.n;
      part.cut.push({ turnId: header.turnId, failure: parseTurnCut(frame) });
    } else if (header.kind === 'answer_taken') {
      if (header.n <= committedN) continue;
      if (part === undefined || part.previews.length > 0) part = fresh();
      part.n = header.n;
      part.taken.push(header.approvalId);
    } else if (header.kind === 'message' || header.kind === 'approval' || header.kind === 'turn_end') {
      if (header.n <= committedN) continue;
      if (part === undefined || part.previews.length > 0) part = fresh();
      part.n = header.n;
      if (header.kind === 'turn_end') {
        part.ended.push({ turnId: header.turnId, at: part.entries.length, ended: parseTurnEnded(frame) });
      }
      const type = entryTypes[header.kind];
      part.entries.push({ type, turnId: header.turnId, dataText: frame.payload });
    }
  }
  return parts;
}
