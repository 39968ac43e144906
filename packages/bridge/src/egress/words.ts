/** What the proxy says to an agent: refusals that it can act on, and what it may reach. */
import type { EgressPolicy, RefusalReason } from '@ash-ai/shared/egress';
import type { Refused } from './gate.ts';

interface ReplyParts {
  status: number;
  headers: Record<string, string>;
  body: string;
}

function statusOf(reason: RefusalReason): number {
  if (reason === 'request_invalid') return 400;
  if (reason === 'limit_reached') return 503;
  return reason === 'unreachable' || reason === 'name_not_found' ? 502 : 403;
}

function parts(refused: Refused): ReplyParts {
  const body = `Ash egress: ${refused.message}\n`;
  return {
    status: statusOf(refused.reason),
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'x-ash-egress': refused.reason,
      connection: 'close',
    },
    body,
  };
}

/** A refusal as the bytes of a whole reply; the sentence is in its status line too, since few clients show a body after CONNECT. */
export const refusalReply = Object.assign(
  (refused: Refused): string => {
    const { status, headers, body } = parts(refused);
    const phrase = `Ash egress: ${refused.message}`.replace(/[^\x20-\x7e]/g, '?');
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    return `HTTP/1.1 ${status} ${phrase}\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
  },
  { parts, statusOf },
);

/** The page at the proxy's own address. */
export function welcome({ allow }: EgressPolicy, refused: readonly string[]): string {
  const lines = allow.map(({ host, methods, headers }) => {
    const how = methods === undefined ? '' : ` (${methods.join(', ')} only)`;
    const plain =
      headers === undefined ? '' : ` — ask for http://${host}/…, Ash sends it by https with the credential put in`;
    return `- ${host}${how}${plain}`;
  });
  return [
    'This is the only way out of this sandbox; HTTP_PROXY and HTTPS_PROXY point here.',
    lines.length === 0
      ? 'Nothing may be reached.'
      : 'These hosts may be reached, on ports 443 and 80 unless another is named:',
    ...lines,
    'Clients that know no proxies ask for http://127.0.0.1:3128/https/<host>/<path>.',
    ...(refused.length === 0 ? [] : ['Refused last:', ...refused.map((sentence) => `- ${sentence}`)]),
    '',
  ].join('\n');
}
