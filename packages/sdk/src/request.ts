/** One request to the server: where it goes, what it carries, when it is tried again and when it is given up. */
import { newId } from '@ash-ai/shared';
import { AshApiError, errorOf, isPassing } from './errors.ts';
import { delayBefore, wait } from './retry.ts';
import { type Answer, type AnyCall, type Call, creating, locate, type RouteKey, repeatable } from './routes.ts';

/** How a client reaches its server. */
export interface AshClientOptions {
  /** Address of the server, e.g. `http://localhost:4100`. One trailing slash is removed. */
  serverUrl: string;
  /** Sent as `Authorization: Bearer …` with every request. */
  apiKey?: string | undefined;
  /** What to send requests with. Default: the global `fetch`. */
  fetch?: typeof globalThis.fetch | undefined;
  /** How long one try may take until its answer is there (a stream: until it begins), in ms. Default 120,000. */
  timeoutMs?: number | undefined;
  /**
   * How often a call is repeated after a passing failure, when repeating it is safe. Default 4. A stream reconnects up
   * to three times as often in a row before it gives up: losing sight of a turn costs more than losing a call.
   */
  maxRetries?: number | undefined;
}

/** What any call may be given. */
export interface CallOptions {
  /** Gives up waiting. It never stops a turn. */
  signal?: AbortSignal | undefined;
  /** Names this call, so that repeating it creates nothing twice. Default: a new one for each call that creates. */
  idempotencyKey?: string | undefined;
}

/** A call that may take longer than others: its deadline is this at least, in ms. */
interface Patience {
  atLeastMs?: number;
}

/** The client's line to the server. */
export interface Requests {
  /** Makes a call and reads its JSON; `undefined` for an answer without content. */
  json<K extends RouteKey>(route: K, call: Call<K>, options?: CallOptions & Patience): Promise<Answer<K>>;
  /** Makes a call and gives the response as it is, its body unread. `retries` bounds the repetitions (default maxRetries). */
  open<K extends RouteKey>(route: K, call: Call<K>, options?: CallOptions & { retries?: number }): Promise<Response>;
  readonly maxRetries: number;
}

/** Opens the line: nothing is sent yet. */
export function createRequests(options: AshClientOptions): Requests {
  const serverUrl = options.serverUrl.replace(/\/$/, '');
  // A path alone is fine in a browser: it's the page's own server.
  if (!/^(https?:\/\/|\/|$)/i.test(serverUrl)) throw new TypeError(`Not the URL of a server: ${serverUrl}`);
  const { apiKey, timeoutMs = 120_000, maxRetries = 4 } = options;
  const send: typeof fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));

  async function attempt<T>(
    route: RouteKey,
    call: AnyCall,
    options: CallOptions & Patience,
    read: (response: Response) => Promise<T> | T,
  ): Promise<T> {
    const { method, url } = locate(serverUrl, route, call);
    const headers: Record<string, string> = {};
    if (apiKey !== undefined) headers.authorization = `Bearer ${apiKey}`;
    if (options.idempotencyKey !== undefined) headers['idempotency-key'] = options.idempotencyKey;
    if (call.body !== undefined) headers['content-type'] = 'application/json';
    const deadline = startDeadline(Math.max(timeoutMs, options.atLeastMs ?? 0), options.signal);
    try {
      const response = await send(url, {
        method,
        headers,
        signal: deadline.signal,
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      });
      if (!response.ok) throw await errorOf(response, `${method} ${url.slice(serverUrl.length).replace(/\?.*/, '')}`);
      return await read(response);
    } finally {
      deadline.clear();
    }
  }

  async function persist<T>(
    route: RouteKey,
    call: AnyCall,
    options: CallOptions & Patience & { retries?: number },
    read: (response: Response) => Promise<T> | T,
  ): Promise<T> {
    const idempotencyKey = options.idempotencyKey ?? (creating.has(route) ? newId() : undefined);
    const safe =
      idempotencyKey !== undefined || repeatable.has(route) || locate(serverUrl, route, call).method === 'GET';
    const retries = safe ? (options.retries ?? maxRetries) : 0;
    for (let tried = 1; ; tried++) {
      try {
        return await attempt(route, call, { ...options, idempotencyKey }, read);
      } catch (error) {
        options.signal?.throwIfAborted();
        const askedMs = error instanceof AshApiError ? error.retryAfterMs : undefined;
        const delayMs = tried <= retries && isPassing(error) ? delayBefore(tried, askedMs) : undefined;
        if (delayMs === undefined) throw error;
        await wait(delayMs, options.signal);
      }
    }
  }

  return {
    maxRetries,
    json: <K extends RouteKey>(route: K, call: Call<K>, options: CallOptions & Patience = {}) =>
      persist(route, call, options, readJson) as Promise<Answer<K>>,
    open: (route, call, options = {}) => persist(route, call, options, (response) => response),
  };
}

async function readJson(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined;
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AshApiError(response.status, `${response.url} answered something that isn't JSON`, {}, { cause });
  }
}

/** Aborts with a TimeoutError after `ms` unless cleared; passes the caller's abort on, also after it was cleared. */
function startDeadline(ms: number, signal: AbortSignal | undefined): { signal: AbortSignal; clear: () => void } {
  const timeout = new AbortController();
  const timer = setTimeout(
    () => timeout.abort(new DOMException(`No answer within ${ms} ms`, 'TimeoutError')),
    Math.min(ms, 2 ** 31 - 1),
  );
  return {
    signal: signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]),
    clear: () => clearTimeout(timer),
  };
}
