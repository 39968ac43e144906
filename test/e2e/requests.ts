/** What the model was asked for: the parts of its requests that options change. */
import type { ModelRequest } from '@ash-ai/scripted-model';
import { expect } from 'vitest';
import type { Ash } from './harness.ts';
import { type Sending, say, type Turn } from './streams.ts';

/** The body of a request, as far as tests look into it. */
interface Body {
  model: string;
  thinking?: { type: string; budget_tokens?: number };
  output_config?: { effort?: string };
  tools?: { name: string }[];
  system?: { text: string }[];
}

/** A completed turn, and the request that it began with. */
export async function asked(
  ash: Ash,
  sessionId: string,
  prompt: string,
  sending: Sending = {},
): Promise<{ turn: Turn; request: ModelRequest; body: Body; tools: string[] }> {
  const before = ash.gate.requests.length;
  const turn = await say(ash, sessionId, prompt, sending);
  expect(turn.error).toBeUndefined();
  const request = ash.gate.requests[before];
  if (request === undefined) throw new Error('the model was not asked');
  const body = request.body as unknown as Body;
  return { turn, request, body, tools: (body.tools ?? []).map(({ name }) => name) };
}
