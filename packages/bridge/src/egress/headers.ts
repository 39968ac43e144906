/** Headers on their way through a proxy: those that belong to one hop stay behind. Pure. */
import type { IncomingHttpHeaders } from 'node:http';

/** Headers as they are given to a request or a reply. */
export type PassedHeaders = Record<string, string | string[]>;

const oneHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

/** The headers of a message without those of one hop: the known ones, and whatever `connection` names. */
export function endToEnd(given: IncomingHttpHeaders, dropped: ReadonlySet<string> = new Set()): PassedHeaders {
  const named = new Set((given.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const headers: PassedHeaders = {};
  for (const [name, value] of Object.entries(given)) {
    // What frames the body is never the client's to take away.
    const isNamed = named.has(name) && name !== 'content-length';
    if (value !== undefined && !oneHop.has(name) && !isNamed && !dropped.has(name)) headers[name] = value;
  }
  return headers;
}
