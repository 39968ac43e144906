/** Headers of every reply: its request id, and what keeps a browser from guessing, leaking or storing. */

export type ReplyHeaders = {
  'x-request-id': string;
  'x-content-type-options': string;
  'referrer-policy': string;
  'cache-control': string;
};

/** The headers of the reply to the request with this id. Routes may set another `cache-control`. */
export function replyHeaders(requestId: string): ReplyHeaders {
  return {
    'x-request-id': requestId,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  };
}
