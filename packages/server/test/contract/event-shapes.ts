/** The events of a stream, field by field (docs/streaming.md). */
import { z } from 'zod';

const turnId = z.uuid();
const sessionId = z.uuid();

export const eventShapes: Readonly<Record<string, z.ZodType>> = {
  session_start: z.object({ sessionId, version: z.string(), turnId }),
  // An SDK message, unchanged.
  message: z.looseObject({ type: z.string() }),
  text_delta: z.object({ delta: z.string() }),
  thinking_delta: z.object({ delta: z.string() }),
  tool_use: z.object({ id: z.string(), name: z.string(), input: z.unknown() }),
  tool_result: z.object({ tool_use_id: z.string(), content: z.unknown(), is_error: z.boolean().optional() }),
  turn_complete: z.object({ numTurns: z.int().optional(), result: z.string().optional() }),
  error: z.object({ error: z.string(), code: z.string() }),
  done: z.object({ sessionId, turnId, status: z.enum(['completed', 'failed', 'interrupted']) }),
};
