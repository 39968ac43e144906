/** What a webhook is told of an event: made of what is stored, so that every attempt sends the same. */
import { type LogEntryData, type SdkMessage, type TurnEnded, webhookTestType } from '@ash-ai/shared';
import * as logStore from '../store/log.ts';
import * as queueStore from '../store/queue.ts';
import type { Reader } from '../store/row.ts';
import * as sessionStore from '../store/sessions.ts';
import type { WebhookDeliveryRow } from '../store/webhook-deliveries.ts';

export interface Payload extends Record<string, unknown> {
  type: string;
  /** When it happened. */
  timestamp: string;
  data: Record<string, unknown>;
}

/** The longest text, and the longest value as JSON, that one field may have; the whole of it is in the API. */
const maxFieldChars = 32_768;

/** The payload of a delivery; undefined when what it tells of is gone. */
export async function payloadOf(db: Reader, delivery: WebhookDeliveryRow): Promise<Payload | undefined> {
  const { type, createdAt: timestamp } = delivery;
  const data = type === webhookTestType ? { webhookId: delivery.endpointId } : await dataOf(db, delivery);
  return data && { type, timestamp, data };
}

async function dataOf(
  db: Reader,
  { tenantId, sessionId, seq, queueItemId }: WebhookDeliveryRow,
): Promise<Record<string, unknown> | undefined> {
  if (queueItemId !== null) {
    const item = await queueStore.get(db, tenantId, queueItemId);
    if (item === undefined) return undefined;
    const { claimedBy: _holder, leaseUntil: _lease, retryAfter: _never, prompt, id, ...rest } = item;
    return bounded({ queueItemId: id, ...rest, prompt });
  }
  if (sessionId === null || seq === null) return undefined;
  const [entry] = await logStore.read(db, { sessionId, after: seq - 1, upTo: seq });
  const session = await sessionStore.get(db, tenantId, sessionId);
  if (entry === undefined || session === undefined) return undefined;
  const where = { tenantId, sessionId, agentName: session.agentName, turnId: entry.turnId, sequence: seq };
  return { ...where, ...bounded(await detailsOf(db, entry)) };
}

async function detailsOf(db: Reader, entry: logStore.StoredLogValue): Promise<Record<string, unknown>> {
  if (entry.type === 'session') {
    const { action: _inType, ...details } = entry.data as LogEntryData['session'];
    return details;
  }
  if (entry.type !== 'turn_ended') return entry.data as Record<string, unknown>;
  const { outcome, failure } = entry.data as TurnEnded;
  if (outcome !== 'completed') return { ...failure };
  const message = await resultOf(db, entry);
  return { numTurns: message?.num_turns, result: message?.result };
}

/** The runtime's last word on a turn. It comes shortly before the end. */
async function resultOf(
  db: Reader,
  { sessionId, seq, turnId }: logStore.StoredLogValue,
): Promise<SdkMessage | undefined> {
  const messages = await logStore.readBackText(db, { sessionId, before: seq, types: ['message'], limit: 20 });
  for (const { turnId: of, dataText } of messages) {
    if (of !== turnId || !dataText.includes('"result"')) continue;
    const message = JSON.parse(dataText) as SdkMessage;
    if (message.type === 'result') return message;
  }
  return undefined;
}

/** The fields with their length bounded; `cut` names those that lost something. */
function bounded(fields: Record<string, unknown>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  const cut: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    if ((JSON.stringify(value) ?? '').length <= maxFieldChars) kept[name] = value;
    else {
      cut.push(name);
      if (typeof value === 'string') kept[name] = value.slice(0, maxFieldChars).toWellFormed();
    }
  }
  return cut.length === 0 ? kept : { ...kept, cut };
}
