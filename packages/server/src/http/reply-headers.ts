/** Headers of every reply: its request id, and what keeps a browser from guessing, leaking or storing. */

export type ReplyHeaders = {
  'x-request-id': string;
  'x-content-type-options': string;
  'referrer-policy': string;
  'cache-control': string;
  'content-security-policy': string;
  'x-frame-options': string;
  'cross-origin-resource-policy': string;
};

/**
 * The headers of the reply to the request with this id. Routes may set another `cache-control`, and pages another policy:
 * what an agent wrote is shown under this server's name, so nothing in it may run or load anything.
 */
export function replyHeaders(requestId: string): ReplyHeaders {
  return {
    'x-request-id': requestId,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
    'x-frame-options': 'DENY',
    'cross-origin-resource-policy': 'same-origin',
  };
}
