// Answers one HTTP request: the routes of the Messages API.
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { ApiError, apiError, errorBody } from './api-error.ts';
import type { Attempts } from './attempts.ts';
import { readConversation } from './conversation.ts';
import { faultFor } from './fault-for.ts';
import { asString, type JsonObject } from './json.ts';
import { nextStep } from './next-step.ts';
import { play } from './play.ts';
import { readBody } from './read-body.ts';
import { estimateTokens, makeReply } from './reply.ts';
import { withTold } from './told-calls.ts';

/** A request as the server got it. */
export interface ModelRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: JsonObject;
}

/** What the answers depend on. */
export interface AnswerOptions {
  readonly apiKey: string | undefined;
  readonly deltaDelayMs: number;
  readonly maxBodyBytes: number;
  readonly onRequest: ((request: ModelRequest) => void | Promise<void>) | undefined;
  readonly attempts: Attempts;
  /** Aborts when the client has left or the server closes. */
  readonly signal: AbortSignal;
}

/** Answers the request; whatever goes wrong becomes an error of the API's shape. Never rejects. */
export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: AnswerOptions,
): Promise<void> {
  const requestId = `req_${randomUUID().replaceAll('-', '')}`;
  response.setHeader('request-id', requestId);
  try {
    await route(request, response, options);
  } catch (cause) {
    // The client has left, or the reply has begun: there is nobody to tell.
    if (options.signal.aborted || response.headersSent) {
      response.destroy();
      return;
    }
    // What is left of the body is read and dropped, else the client might lose the answer.
    request.resume();
    const error = cause instanceof ApiError ? cause : apiError(400, `Unexpected: ${String(cause)}`);
    response.writeHead(error.status, { 'content-type': 'application/json', ...error.headers });
    response.end(errorBody(error.status, error.message, requestId));
  }
}

async function route(request: IncomingMessage, response: ServerResponse, options: AnswerOptions): Promise<void> {
  const path = request.url ?? '/';
  const [pathname] = path.split('?');
  const called = `${request.method} ${pathname}`;
  if (called === 'GET /health') return sendJson(response, { status: 'ok' });
  if (called !== 'POST /v1/messages' && called !== 'POST /v1/messages/count_tokens') {
    throw apiError(404, `Not found: ${called}`);
  }
  const { json, length } = await readBody(request, options.maxBodyBytes);
  await options.onRequest?.({ path, headers: request.headers, body: json });
  if (options.apiKey !== undefined && options.apiKey !== keyOf(request.headers)) {
    throw apiError(401, 'invalid x-api-key');
  }
  const conversation = withTold(readConversation(json));
  if (pathname !== '/v1/messages') return sendJson(response, { input_tokens: estimateTokens(length) });
  const step = nextStep(conversation);
  const reply = makeReply(step, conversation, asString(json.model) ?? 'scripted-model', length);
  const { 'x-claude-code-session-id': session, 'x-claude-code-agent-id': agent } = request.headers;
  const faults = step.faults ?? [];
  // The prompts and not the whole conversation: a resumed runtime mends its history, and goes on in the same script.
  const attempt =
    faults.length === 0 ? 0 : options.attempts.next([session, agent, conversation.prompts, conversation.step]);
  await play(response, {
    reply,
    fault: faultFor(faults, attempt),
    stream: json.stream === true,
    waitMs: step.waitMs ?? 0,
    delayMs: step.delayMs ?? options.deltaDelayMs,
    signal: options.signal,
  });
}

function keyOf(headers: IncomingHttpHeaders): string | undefined {
  return asString(headers['x-api-key']) ?? /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
}

function sendJson(response: ServerResponse, value: JsonObject): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}
