/** Which events webhooks tell of, and how an entry of a log becomes one. Pure. */
import type { LogEntryType } from './log-entry.ts';

/** What an endpoint may ask for. */
export const webhookEventTypes = [
  'session.created',
  'session.configured',
  'session.paused',
  'session.resumed',
  'session.stopped',
  'session.ended',
  'session.sandbox_lost',
  'session.recovered',
  'turn.started',
  'turn.completed',
  'turn.failed',
  'turn.interrupted',
  'approval.requested',
  'approval.answered',
  'queue_item.completed',
  'queue_item.failed',
  'queue_item.cancelled',
] as const;
export type WebhookEventType = (typeof webhookEventTypes)[number];

/** What `POST …/test` sends. */
export const webhookTestType = 'webhook.test';

const known: ReadonlySet<string> = new Set(webhookEventTypes);
/** Entries that no event comes of need not be looked into. */
const told: ReadonlySet<string> = new Set<LogEntryType>([
  'session',
  'turn_started',
  'turn_ended',
  'approval_requested',
  'approval_answered',
]);

/** Whether an entry of this type can be an event. */
export function mayBeWebhookEvent(entryType: string): boolean {
  return told.has(entryType);
}

/** The event that an entry is; undefined when it is none. @param data of the entry */
export function webhookEventOf(
  entryType: string,
  data: { action?: unknown; outcome?: unknown },
): WebhookEventType | undefined {
  const type = nameOf(entryType, data);
  return type !== undefined && known.has(type) ? (type as WebhookEventType) : undefined;
}

function nameOf(entryType: string, { action, outcome }: { action?: unknown; outcome?: unknown }): string | undefined {
  switch (entryType) {
    case 'session':
      // A fork is a new session, with a parent.
      return action === 'forked' ? 'session.created' : `session.${String(action)}`;
    case 'turn_started':
      return 'turn.started';
    case 'turn_ended':
      return `turn.${String(outcome)}`;
    case 'approval_requested':
      return 'approval.requested';
    case 'approval_answered':
      return 'approval.answered';
    default:
      return undefined;
  }
}
