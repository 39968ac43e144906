/** Sends one body to a checked address and says what was answered. Follows nothing, and reads little. */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Destination } from './target.ts';

/** How long a whole attempt may take, in ms. */
export const attemptMs = 15_000;
/** How much of an answer is read before the connection is cut, and for how long, in ms. */
const maxAnswerBytes = 16 * 1024;
const answerMs = 2_000;

export interface Answer {
  statusCode: number;
  /** What the endpoint asks for, in ms. */
  retryAfterMs: number | undefined;
}

export interface Post {
  headers: Readonly<Record<string, string>>;
  body: string;
  /** Certificates to trust beside the usual ones (PEM). */
  ca?: readonly string[] | undefined;
  signal: AbortSignal;
}

/** Codes of connections that were never made: the next address may do better. */
const unconnected = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'ETIMEDOUT']);

/** Posts to the first of the addresses that takes the connection. Throws when there is no answer. */
export async function post({ url, target, addresses }: Destination, what: Post): Promise<Answer> {
  const deadline = AbortSignal.any([what.signal, AbortSignal.timeout(attemptMs)]);
  let failure: unknown;
  for (const address of addresses) {
    try {
      return await postTo(url, target.isAddress ? undefined : target.host, address, { ...what, signal: deadline });
    } catch (cause) {
      failure = cause;
      if (!unconnected.has(codeOf(cause)) || deadline.aborted) break;
    }
  }
  throw failure;
}

function postTo(
  url: URL,
  name: string | undefined,
  address: string,
  { headers, body, ca, signal }: Post,
): Promise<Answer> {
  const secure = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const request = (secure ? requestHttps : requestHttp)({
      host: address,
      port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
      path: `${url.pathname}${url.search}`,
      method: 'POST',
      agent: false,
      signal,
      headers: {
        ...headers,
        host: url.host,
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
        connection: 'close',
      },
      // The certificate has to be the name's, not the address's.
      ...(name === undefined ? {} : { servername: name }),
      ...(ca === undefined ? {} : { ca: [...ca] }),
    });
    request.once('error', reject);
    request.once('response', (response) => {
      const { statusCode = 0, headers: answered } = response;
      const retryAfter = Number(answered['retry-after']);
      const retryAfterMs = Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter * 1000 : undefined;
      const done = (): void => {
        clearTimeout(timer);
        request.destroy();
        resolve({ statusCode, retryAfterMs });
      };
      const timer = setTimeout(done, answerMs);
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxAnswerBytes) done();
      });
      response.once('close', done).once('error', done);
    });
    request.end(body);
  });
}

/** An error's code, or nothing. */
export function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
}
