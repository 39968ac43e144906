/**
 * A request that the proxy itself passes on: `GET http://host/path`, or `GET /https/host/path` from clients that know no
 * proxies. Here a rule's headers are put in, and http becomes https, so that the sandbox needs no key.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIPv6, type LookupFunction } from 'node:net';
import { parseTarget, type Target } from '@ash-ai/shared/egress';
import { breakOff } from './break-off.ts';
import { codeOf, type Passage } from './gate.ts';
import { endToEnd, type PassedHeaders } from './headers.ts';
import { Redaction } from './redact.ts';

/** What a client asks to be passed on. */
export interface PlainTarget {
  target: Target;
  scheme: 'http' | 'https';
  /** Path and query. */
  path: string;
}

/** What happened to a request that was passed on. */
export interface Passed {
  address: string | null;
  status: number | null;
  /** Why no answer came. */
  failure: string | null;
  bytesOut: number;
  bytesIn: number;
}

/** Connections to upstreams, kept for the next request. */
export class UpstreamAgents implements Disposable {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;

  /** @param ca certificates to trust in place of Node's own */
  constructor(ca?: readonly string[]) {
    const shared = {
      autoSelectFamilyAttemptTimeout: 2000,
      keepAlive: true,
      maxFreeSockets: 16,
      timeout: 60_000,
      scheduling: 'lifo',
    } as const;
    this.http = new HttpAgent(shared);
    this.https = new HttpsAgent({ ...shared, ...(ca === undefined ? {} : { ca: [...ca] }) });
  }

  [Symbol.dispose](): void {
    this.http.destroy();
    this.https.destroy();
  }
}

/** Where a request line points; undefined when that isn't to be understood. */
export function plainTarget(url: string): PlainTarget | undefined {
  const [, scheme, authority, path = ''] =
    /^(http):\/\/([^/?#]*)([/?][^#]*)?$/i.exec(url) ?? /^\/(https?)\/([^/?#]+)([/?][^#]*)?$/.exec(url) ?? [];
  if (scheme === undefined || authority === undefined) return undefined;
  const kind = scheme.toLowerCase() === 'https' ? 'https' : 'http';
  const target = parseTarget(authority, kind === 'https' ? 443 : 80);
  return target && { target, scheme: kind, path: path.startsWith('/') ? path : `/${path}` };
}

/**
 * The same with the scheme that the rule wants: a key never travels in the clear unless the rule says so. The ports that
 * belong to the schemes change with them.
 */
export function schemeFor(asked: PlainTarget, rule: Passage['rule']): PlainTarget {
  const scheme = rule.upstream ?? (rule.headers === undefined ? asked.scheme : 'https');
  const { target } = asked;
  if (scheme === 'https' && target.port === 80) return { ...asked, scheme, target: { ...target, port: 443 } };
  return { ...asked, scheme };
}

/** Passes a request on and its answer back; resolves when both are over. */
export function passOn(
  call: IncomingMessage,
  answer: ServerResponse,
  to: PlainTarget,
  { rule, addresses }: Passage,
  { agents, idleMs, failed }: { agents: UpstreamAgents; idleMs: number; failed: (reason: string) => void },
): Promise<Passed> {
  const { target, scheme, path } = to;
  const over = Promise.withResolvers<Passed>();
  const passed: Passed = { address: null, status: null, failure: null, bytesOut: 0, bytesIn: 0 };
  const secure = scheme === 'https';
  const redaction = new Redaction(rule.headers);
  const outgoing = (secure ? httpsRequest : httpRequest)({
    method: call.method,
    host: target.host,
    port: target.port,
    path,
    headers: requestHeaders(call, to, rule.headers, redaction.isNeeded ? unreadable : undefined),
    setHost: false,
    agent: secure ? agents.https : agents.http,
    lookup: checked(addresses),
    maxHeaderSize: 64 * 1024,
    ...(secure && !target.isAddress ? { servername: target.host } : {}),
  });
  outgoing.setTimeout(idleMs, () => outgoing.destroy(new Error('no answer in time')));
  outgoing.once('response', (response) => {
    passed.status = response.statusCode ?? null;
    passed.address = response.socket.remoteAddress ?? null;
    response.on('data', (chunk: Buffer) => {
      passed.bytesIn += chunk.length;
    });
    answer.writeHead(response.statusCode ?? 502, redaction.headers(endToEnd(response.headers)));
    if (redaction.isNeeded) response.pipe(redaction.body()).pipe(answer);
    else response.pipe(answer);
    response.once('error', () => breakOff(answer));
    response.once('close', () => {
      // An answer that breaks off upstream must break off here too, not look complete.
      if (response.complete) return;
      passed.failure = 'cut off';
      breakOff(answer);
    });
  });
  outgoing.once('error', (cause) => {
    passed.failure ??= codeOf(cause);
    if (answer.headersSent) breakOff(answer);
    else if (!answer.destroyed) failed(passed.failure);
  });
  call.on('data', (chunk: Buffer) => {
    passed.bytesOut += chunk.length;
  });
  answer.once('close', () => {
    if (!answer.writableFinished) passed.failure ??= 'the client went away';
    outgoing.destroy();
    over.resolve(passed);
  });
  call.once('error', () => outgoing.destroy());
  call.pipe(outgoing);
  return over.promise;
}

/** What would make an answer unreadable, or cut a key in it in two. */
const unreadable: ReadonlySet<string> = new Set(['accept-encoding', 'range']);

function requestHeaders(
  call: IncomingMessage,
  to: PlainTarget,
  own: Passage['rule']['headers'] = {},
  dropped?: ReadonlySet<string>,
): PassedHeaders {
  const { target, scheme } = to;
  const host = isIPv6(target.host) ? `[${target.host}]` : target.host;
  const usual = target.port === (scheme === 'https' ? 443 : 80);
  const lower = Object.entries(own).map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    ...endToEnd(call.headers, dropped),
    ...Object.fromEntries(lower),
    host: usual ? host : `${host}:${target.port}`,
  };
}

/** A lookup that knows the checked addresses and nothing else. */
function checked(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (_name, options, done) => {
    const [first] = found;
    if (options.all) done(null, found);
    else done(null, first?.address ?? '', first?.family);
  };
}
