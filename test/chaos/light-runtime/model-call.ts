/** One call of the model, streamed, with retries of what may pass. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Json } from './frames.ts';

/** A call that has failed for good. */
export class ModelError extends Error {
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined) {
    super(message);
    this.status = status;
  }
}

/** What a call tells while it runs. */
export interface CallEars {
  event(event: Json): void;
  retry(attempt: number, status: number | undefined): void;
}

const tools = [
  {
    name: 'Bash',
    description: 'Runs a command.',
    input_schema: { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] },
  },
];

/** Calls until the model has answered whole. @throws ModelError, or AbortError when the signal fires */
export async function callModel(
  { sessionId, messages, signal }: { sessionId: string; messages: readonly Json[]; signal: AbortSignal },
  ears: CallEars,
): Promise<void> {
  const { CLAUDE_CODE_MAX_RETRIES: retries = '10', ANTHROPIC_BASE_URL: base = '', ANTHROPIC_UNIX_SOCKET } = process.env;
  const body = JSON.stringify({
    ...{ model: 'light', max_tokens: 32_000, stream: true, tools, messages },
    system: [{ type: 'text', text: `Primary working directory: ${process.cwd()}` }],
  });
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(
        { url: new URL('/v1/messages?beta=true', base), socket: ANTHROPIC_UNIX_SOCKET, body },
        sessionId,
        signal,
        ears,
      );
    } catch (cause) {
      signal.throwIfAborted();
      const status = cause instanceof ModelError ? cause.status : undefined;
      const passes = status === undefined || status === 429 || status >= 500;
      if (!passes || attempt > Number(retries))
        throw cause instanceof ModelError ? cause : new ModelError(String(cause), undefined);
      ears.retry(attempt, status);
      await delay(100 * 2 ** attempt, undefined, { signal });
    }
  }
}

async function once(
  { url, socket, body }: { url: URL; socket: string | undefined; body: string },
  sessionId: string,
  signal: AbortSignal,
  ears: CallEars,
): Promise<void> {
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'anthropic-version': '2023-06-01',
    'x-api-key': process.env.ANTHROPIC_API_KEY ?? '',
    'x-claude-code-session-id': sessionId,
  };
  const answered = Promise.withResolvers<IncomingMessage>();
  const request = httpRequest(url, {
    method: 'POST',
    headers,
    signal,
    ...(socket === undefined ? {} : { socketPath: socket }),
  });
  request.on('response', answered.resolve).on('error', answered.reject);
  request.end(body);
  const response = await answered.promise;
  response.setEncoding('utf8');
  let text = '';
  let whole = false;
  for await (const chunk of response) {
    text += chunk;
    if (response.statusCode !== 200) continue;
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = JSON.parse(event.slice(event.indexOf('data: ') + 6)) as Json;
      if (data.type === 'error') throw new ModelError(String(data.error?.message), undefined);
      whole ||= data.type === 'message_stop';
      if (data.type !== 'ping') ears.event(data);
    }
  }
  if (response.statusCode !== 200) throw new ModelError(text.slice(0, 500), response.statusCode);
  if (!whole) throw new ModelError('the stream broke off', undefined);
}
