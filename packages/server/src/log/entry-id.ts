/** Ids of what entries show as outside: messages and events have an id, entries a place. */
import { createHash } from 'node:crypto';

/** The id of what an entry shows as: always the same for the same entry, in the form of a UUID (RFC 9562 §5.8). */
export function entryId(sessionId: string, seq: number, part = 0): string {
  const hex = createHash('sha256').update(`${sessionId}/${seq}/${part}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
