/** Messages as the Agent SDK passes them on. */
import { randomUUID } from 'node:crypto';

// biome-ignore lint/suspicious/noExplicitAny: JSON of a protocol that only this program speaks
export type Json = Record<string, any>;

/** The fields that every message has. */
export function framed(sessionId: string, message: Json): Json {
  return { parent_tool_use_id: null, session_id: sessionId, uuid: randomUUID(), ...message };
}

export function toolResult(callId: string, text: string, isError: boolean): Json {
  return { tool_use_id: callId, type: 'tool_result', content: text, is_error: isError };
}
