// Errors in the shape of the Anthropic API.

const types: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** A failure that the client shall see, with its HTTP status and extra headers. */
export class ApiError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>>) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.headers = headers;
  }
}

/** Makes the error for a status; `headers` are sent with it. */
export function apiError(status: number, message: string, headers: Readonly<Record<string, string>> = {}): ApiError {
  return new ApiError(status, message, headers);
}

/** The body `{type:'error', error:{type, message}, request_id}`. */
export function errorBody(status: number, message: string, requestId: string): string {
  const type = types[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
  return JSON.stringify({ type: 'error', error: { type, message }, request_id: requestId });
}
