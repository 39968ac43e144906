/**
 * Every failure Ash can report: one table of codes, one class, one wire body.
 * `throw errors.session_not_found({ sessionId })`; nobody matches on message text.
 */

type Context = Record<string, unknown>;

interface Definition<C extends Context> {
  /** HTTP status when the error answers a request. */
  status: number;
  /** Whether the same call may succeed later without a change by the caller. */
  retryable: boolean;
  message: (context: C) => string;
  /** What the caller can do about it. */
  suggestion?: string;
}

function define<C extends Context = Record<never, never>>(
  status: number,
  message: string | ((context: C) => string),
  rest: { suggestion?: string; retryable?: boolean } = {},
): Definition<C> {
  return {
    status,
    retryable: rest.retryable ?? false,
    message: typeof message === 'string' ? () => message : message,
    ...(rest.suggestion === undefined ? {} : { suggestion: rest.suggestion }),
  };
}

/** The closed table of error codes. */
export const errorTable = {
  // requests
  validation_failed: define<{ reason: string }>(400, (c) => c.reason, {
    suggestion: 'Compare the request with the API reference at /docs.',
  }),
  body_not_json: define<{ reason: string }>(400, (c) => `The request body is not valid JSON: ${c.reason}`),
  body_too_large: define<{ limitBytes: number }>(413, (c) => `The request body exceeds ${c.limitBytes} bytes`),
  unsupported_media_type: define<{ mediaType: string }>(415, (c) => `Unsupported content type: ${c.mediaType}`, {
    suggestion: 'Send JSON with "Content-Type: application/json".',
  }),
  route_not_found: define<{ method: string; url: string }>(404, (c) => `Route ${c.method} ${c.url} not found`, {
    suggestion: 'See /docs for the routes of this server.',
  }),
  cursor_invalid: define<{ cursor: string }>(400, (c) => `Not a cursor of this session: ${c.cursor}`, {
    suggestion:
      'Use the id of an event of this session ("<seq>" or "<seq>.<n>"), or leave it out to start at the beginning.',
  }),
  idempotency_key_reused: define<{ key: string }>(
    422,
    (c) => `Idempotency-Key ${JSON.stringify(c.key)} was used for a different request`,
    { suggestion: 'Use a new key for a new request.' },
  ),

  rate_limited: define<{
    limit: number;
    windowSeconds: number;
    what: string;
    by: string;
    retryAfterSeconds: number;
  }>(
    429,
    (c) =>
      `Too many requests: one ${c.by} may make ${c.limit} in ${c.windowSeconds} s${c.what === 'requests' ? '' : ` that create ${c.what}`}`,
    {
      suggestion:
        'Wait for the seconds that Retry-After says. The operator sets the limits with ASH_RATE_LIMIT, ASH_RATE_LIMIT_SESSIONS and ASH_RATE_LIMIT_AGENTS.',
      retryable: true,
    },
  ),

  // keys
  missing_authorization: define(401, 'Missing Authorization header', {
    suggestion: 'Send "Authorization: Bearer <API key>". A server writes its first key to <data dir>/initial-api-key.',
  }),
  invalid_authorization_format: define(401, 'Invalid Authorization header format', {
    suggestion: 'Send "Authorization: Bearer <API key>".',
  }),
  invalid_api_key: define(401, 'Invalid API key'),

  api_key_not_found: define<{ keyId: string }>(404, (c) => `API key ${c.keyId} not found`),
  internal_secret_invalid: define(401, 'Invalid internal secret', {
    suggestion: 'Send "Authorization: Bearer <ASH_INTERNAL_SECRET of the server>".',
  }),
  internal_secret_missing: define(503, 'This server has no internal secret, so its internal routes are closed', {
    suggestion: 'Set ASH_INTERNAL_SECRET.',
  }),

  // credentials
  credential_key_missing: define(500, 'ASH_CREDENTIAL_KEY is not set, so credentials cannot be sealed', {
    suggestion: 'Start the server with ASH_CREDENTIAL_KEY, a long random secret that stays the same.',
  }),
  credential_not_found: define<{ credentialId: string }>(404, (c) => `Credential ${c.credentialId} not found`),
  credential_invalid: define<{ credentialId: string; reason: string }>(
    400,
    (c) => `Credential ${c.credentialId} cannot be used: ${c.reason}`,
    { suggestion: 'Store it again with a key of the right form.' },
  ),
  secret_unreadable: define(500, 'A sealed secret cannot be opened with the keys of this server', {
    suggestion: 'Start the server with the ASH_CREDENTIAL_KEY that sealed it, or store the secret again.',
  }),

  // queue
  queue_item_not_found: define<{ itemId: string }>(404, (c) => `Queue item ${c.itemId} not found`),
  queue_item_not_pending: define<{ status: string }>(400, (c) => `Cannot cancel item with status "${c.status}"`, {
    suggestion: 'Only pending items can be cancelled; interrupt the session of one that is processing.',
  }),

  // webhooks
  webhook_not_found: define<{ webhookId: string }>(404, (c) => `Webhook ${c.webhookId} not found`),
  webhook_delivery_not_found: define<{ deliveryId: string }>(
    404,
    (c) => `Delivery ${c.deliveryId} of this webhook not found`,
    { suggestion: 'Deliveries are kept for 30 days.' },
  ),
  webhook_url_invalid: define<{ url: string; reason: string }>(
    400,
    (c) => `Nothing can be sent to ${JSON.stringify(c.url)}: ${c.reason}`,
    {
      suggestion:
        'Use an https address that is reached from the internet. The operator can list others in ASH_WEBHOOK_TARGETS.',
    },
  ),
  webhook_limit_reached: define<{ limit: number }>(409, (c) => `There are ${c.limit} webhooks already`, {
    suggestion: 'Delete one, or let one endpoint take several kinds of events.',
  }),
  webhook_disabled: define<{ webhookId: string }>(409, (c) => `Webhook ${c.webhookId} is disabled`, {
    suggestion: 'Enable it first ("enabled": true).',
  }),

  // agents
  agent_not_found: define<{ agent: string }>(404, (c) => `Agent ${JSON.stringify(c.agent)} not found`, {
    suggestion: 'Deploy it first ("ash deploy <folder>"), or list the agents.',
  }),
  agent_version_not_found: define<{ agent: string; version: string }>(
    404,
    (c) => `Version ${JSON.stringify(c.version)} of agent ${JSON.stringify(c.agent)} not found`,
    { suggestion: 'List its versions; a version is named by its number or its id.' },
  ),
  agent_name_invalid: define<{ name: string }>(
    400,
    (c) => `Not an agent name: ${JSON.stringify(c.name.slice(0, 80))}`,
    { suggestion: 'Use 1 to 255 letters, digits, "-" and "_".' },
  ),
  agent_instructions_missing: define<{ path: string }>(400, (c) => `No CLAUDE.md in ${c.path}`, {
    suggestion: 'An agent folder needs a CLAUDE.md with the instructions of the agent.',
  }),
  agent_path_not_found: define<{ path: string }>(400, (c) => `Agent folder ${c.path} is not a folder on the server`, {
    suggestion: 'Give a path on the machine that the server runs on, or upload the files.',
  }),
  agent_path_forbidden: define<{ path: string }>(403, (c) => `This key may not deploy the server path ${c.path}`, {
    suggestion: 'Upload the files instead ("ash deploy <folder>" does).',
  }),
  agent_file_invalid: define<{ path: string; reason: string }>(
    400,
    (c) => `Agent file ${JSON.stringify(c.path)} can't be deployed: ${c.reason}`,
  ),
  agent_too_large: define<{ reason: string }>(413, (c) => `Agent folder is too large: ${c.reason}`),
  agent_directory_missing: define<{ agent: string; path: string }>(
    422,
    (c) => `Agent directory not found: ${c.path}. Agent ${JSON.stringify(c.agent)} must be re-deployed.`,
    { suggestion: 'Deploy the agent again.' },
  ),

  // sessions and turns
  session_not_found: define<{ sessionId: string }>(404, (c) => `Session ${c.sessionId} not found`),
  session_not_active: define<{ status: string }>(400, (c) => `Session is ${c.status}`, {
    suggestion: 'Resume the session first; an ended session stays ended.',
  }),
  session_ended: define<{ sessionId: string }>(410, (c) => `Session ${c.sessionId} has ended`, {
    suggestion: 'Create a new session.',
  }),
  session_busy: define<{ sessionId: string }>(409, (c) => `Session ${c.sessionId} is running a turn`, {
    suggestion: 'Wait for its end, interrupt it, or leave out "whenBusy" to queue the message.',
    retryable: true,
  }),
  session_config_invalid: define<{ field: string; reason: string }>(400, (c) => `${c.field}: ${c.reason}`),
  fork_point_invalid: define<{ at: number }>(400, (c) => `This session has no entry ${c.at} to fork at`, {
    suggestion: 'Use the sequence of one of its messages, or leave "at" out to fork as of now.',
  }),
  fork_failed: define<{ reason: string }>(500, (c) => `Failed to fork session: ${c.reason}`, { retryable: true }),
  approval_not_found: define<{ approvalId: string }>(404, (c) => `Approval ${c.approvalId} not found in this session`),
  approval_answered_already: define<{ approvalId: string; status: string }>(
    409,
    (c) => `Approval ${c.approvalId} is ${c.status} already`,
    { suggestion: 'Nothing is left to do: the first answer counts.' },
  ),
  approval_expired: define<{ approvalId: string }>(409, (c) => `Approval ${c.approvalId} has expired with its turn`),
  turn_not_found: define<{ turnId: string }>(404, (c) => `Turn ${c.turnId} not found in this session`),
  turn_queue_full: define<{ limit: number }>(429, (c) => `${c.limit} messages of this session are waiting already`, {
    suggestion: 'Wait until some of them have run.',
    retryable: true,
  }),
  capacity_reached: define<{ limit: number; retryAfterSeconds: number }>(
    503,
    (c) => `Sandbox capacity reached: ${c.limit} sessions are awake and busy, and no place became free in time`,
    {
      suggestion:
        'Try again after the seconds that Retry-After says. The operator sets the capacity with ASH_MAX_SANDBOXES and ASH_SANDBOXES_MEMORY_MB.',
      retryable: true,
    },
  ),

  stream_limit_reached: define<{ limit: number }>(503, (c) => `This server streams to ${c.limit} clients already`, {
    retryable: true,
  }),

  // files, bundles, attachments, commands
  agent_files_not_found: define<{ agent: string }>(
    404,
    (c) => `The files of agent ${JSON.stringify(c.agent)} were not found on the server`,
    { suggestion: 'Deploy the agent again.' },
  ),
  workspace_not_found: define<{ sessionId: string }>(
    404,
    (c) => `No workspace available: the workspace of session ${c.sessionId} was not found`,
  ),
  workspace_lost: define<{ sessionId: string; reason: string }>(
    500,
    (c) => `The workspace of session ${c.sessionId} can't be used: ${c.reason}`,
    { suggestion: 'Its messages can still be read. "ash doctor" on the server tells what is there of its files.' },
  ),
  snapshot_failed: define<{ sessionId: string; reason: string }>(
    500,
    (c) => `No snapshot of session ${c.sessionId} could be taken: ${c.reason}`,
    { retryable: true },
  ),
  file_path_invalid: define<{ path: string; reason: string }>(
    400,
    (c) => `Not a path within the folder: ${JSON.stringify(c.path)} (${c.reason})`,
    { suggestion: 'Use a relative path with "/", like "src/main.ts".' },
  ),
  file_not_found: define<{ path: string }>(404, (c) => `File ${JSON.stringify(c.path)} not found`, {
    suggestion: 'List the files; symbolic links are not followed.',
  }),
  not_a_file: define<{ path: string }>(400, (c) => `${JSON.stringify(c.path)} is not a regular file`),
  file_too_large: define<{ path: string; limitBytes: number }>(
    400,
    (c) => `File ${JSON.stringify(c.path)} is larger than ${c.limitBytes} bytes`,
    { suggestion: 'Files up to 100 MiB can be downloaded with format=raw.' },
  ),
  file_access_denied: define<{ path: string }>(400, (c) => `The agent has closed ${JSON.stringify(c.path)} to others`),
  workspace_full: define(507, 'There is no room left on the disk of the workspace', {
    suggestion: 'Delete files from the workspace, or give the session a larger disk.',
  }),
  bundle_invalid: define<{ reason: string }>(400, (c) => `The bundle can't be used: ${c.reason}`, {
    suggestion: 'Send a tar.gz of files, folders and symbolic links that stay within the workspace.',
  }),
  bundle_too_large: define<{ reason: string }>(500, (c) => `The workspace is too large for a bundle: ${c.reason}`, {
    suggestion: 'Remove large files from the workspace, or download files one by one.',
  }),
  attachment_not_found: define<{ attachmentId: string }>(404, (c) => `Attachment ${c.attachmentId} not found`),
  attachment_too_large: define<{ limitBytes: number }>(
    413,
    (c) => `The attachment is larger than ${c.limitBytes} bytes`,
  ),
  exec_failed: define<{ reason: string }>(500, (c) => `Exec failed: ${c.reason}`, { retryable: true }),

  // how a turn fails
  turn_interrupted: define(409, 'The turn was interrupted'),
  sandbox_launch_failed: define<{ reason: string }>(500, (c) => `The sandbox could not be started: ${c.reason}`),
  setup_failed: define<{ script: string; reason: string; output: string }>(
    500,
    (c) => `${c.script} of the agent failed (${c.reason})${c.output === '' ? '' : `: ${c.output}`}`,
    { suggestion: 'Repair the script and deploy the agent again; then create a new session.' },
  ),
  sandbox_lost: define<{ reason: string }>(500, (c) => `The sandbox is gone: ${c.reason}`, {
    suggestion: 'Send the message again: the session stays usable and starts a new sandbox.',
    retryable: true,
  }),
  conversation_lost: define<{ sessionId: string }>(
    500,
    (c) => `The agent runtime's transcript of session ${c.sessionId} is missing`,
    { suggestion: 'The messages can still be read; create a new session to go on.' },
  ),
  runtime_missing: define<{ path: string }>(500, (c) => `The agent runtime's executable is missing: ${c.path}`, {
    suggestion: 'Install @anthropic-ai/claude-agent-sdk with its optional dependencies, or set CLAUDE_CODE_EXECUTABLE.',
  }),
  runtime_failed: define<{ reason: string }>(500, (c) => `The agent runtime failed: ${c.reason}`, { retryable: true }),
  execution_failed: define<{ reason: string }>(500, (c) => `The agent could not finish: ${c.reason}`),
  turn_limit_reached: define<{ reason: string }>(500, (c) => c.reason, { suggestion: 'Raise maxTurns.' }),
  budget_exceeded: define<{ reason: string }>(500, (c) => c.reason, { suggestion: 'Raise maxBudgetUsd.' }),
  prompt_too_long: define<{ reason: string }>(400, (c) => c.reason),
  memory_limit_reached: define<{ limitMb: number }>(
    500,
    (c) => `The agent ran out of memory: its sandbox may have ${c.limitMb} MiB`,
    { suggestion: 'Use less at once, or give the session or the agent a higher "memoryMb".' },
  ),
  disk_limit_reached: define<{ limit: string }>(500, (c) => `The agent's disk is full: its files may be ${c.limit}`, {
    suggestion: 'Delete files, or give the session or the agent a higher "diskMb" or "inodes".',
  }),
  process_limit_reached: define<{ limit: number }>(
    500,
    (c) => `The agent started too many processes: its sandbox may have ${c.limit}`,
    { suggestion: 'Start fewer at once, or give the session or the agent a higher "pids".' },
  ),
  turn_timeout: define<{ limitMs: number }>(500, (c) => `The turn took longer than ${c.limitMs} ms`, {
    suggestion: 'Ask for less at once, or give the session or the agent a higher "turnTimeoutMs".',
  }),
  model_unreachable: define<{ reason: string }>(502, (c) => `The model API can't be reached: ${c.reason}`, {
    suggestion: 'Check ANTHROPIC_BASE_URL and the network of the server.',
    retryable: true,
  }),
  model_unauthorized: define<{ reason: string }>(502, (c) => `The model API refused the key: ${c.reason}`, {
    suggestion: 'Check ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN of the server.',
  }),
  model_rate_limited: define<{ reason: string }>(502, (c) => `The model API is rate limiting: ${c.reason}`, {
    retryable: true,
  }),
  model_overloaded: define<{ reason: string }>(502, (c) => `The model API is overloaded: ${c.reason}`, {
    retryable: true,
  }),
  model_not_allowed: define<{ reason: string }>(403, (c) => c.reason, {
    suggestion: 'Choose an allowed model, or widen "models" of the session or ASH_MODEL_ALLOW of the server.',
  }),
  model_tool_not_allowed: define<{ reason: string }>(403, (c) => c.reason, {
    suggestion: 'Allow the tool by "serverTools" of the session and ASH_MODEL_SERVER_TOOLS of the server.',
  }),
  spend_limit_reached: define<{ reason: string }>(402, (c) => c.reason, {
    suggestion: 'Raise the limit of the session, or ASH_SESSION_SPEND_USD or ASH_TENANT_SPEND_USD of the server.',
  }),
  model_rate_limit_reached: define<{ reason: string }>(429, (c) => c.reason, {
    suggestion:
      'Wait a minute, or raise the limit: of the session, or ASH_MODEL_CALLS_PER_MINUTE and ASH_TENANT_MODEL_CALLS_PER_MINUTE of the server.',
    retryable: true,
  }),
  model_failed: define<{ reason: string }>(502, (c) => `The model API failed: ${c.reason}`, { retryable: true }),

  // the server itself
  isolation_unavailable: define<{ reason: string }>(500, (c) => `Sandboxes can't be walled in here: ${c.reason}`),
  storage_unavailable: define<{ reason: string }>(503, (c) => `Storage is unavailable: ${c.reason}`, {
    retryable: true,
  }),
  storage_full: define(507, 'The disk of the server is full', { retryable: true }),
  shutting_down: define(503, 'The server is shutting down', { retryable: true }),
  internal: define(500, 'Internal server error', {
    suggestion: 'Look for the request id in the log of the server.',
    retryable: true,
  }),
} satisfies Record<string, Definition<never>>;

export type ErrorCode = keyof typeof errorTable;

type ContextOf<K extends ErrorCode> = (typeof errorTable)[K] extends Definition<infer C> ? C : never;

/** The JSON body of every answer that isn't 2xx. */
export interface ErrorBody {
  /** One sentence for a human. */
  error: string;
  statusCode: number;
  code: ErrorCode | (string & {});
  suggestion?: string;
  details?: Record<string, unknown>;
  requestId?: string;
}

/** An expected failure with a code of {@link errorTable}. */
export class AshError extends Error {
  override readonly name = 'AshError';
  readonly code: ErrorCode;
  readonly details: Record<string, unknown>;

  constructor(code: ErrorCode, details: Record<string, unknown> = {}, options: ErrorOptions = {}) {
    super((errorTable[code] as Definition<Context>).message(details), options);
    this.code = code;
    this.details = details;
  }

  get statusCode(): number {
    return errorTable[this.code].status;
  }

  get retryable(): boolean {
    return errorTable[this.code].retryable;
  }

  get suggestion(): string | undefined {
    return (errorTable[this.code] as Definition<Context>).suggestion;
  }

  /** The wire body, with the id under which the server logged the request. */
  toBody(requestId?: string): ErrorBody {
    return {
      error: this.message,
      statusCode: this.statusCode,
      code: this.code,
      ...(this.suggestion === undefined ? {} : { suggestion: this.suggestion }),
      ...(Object.keys(this.details).length === 0 ? {} : { details: this.details }),
      ...(requestId === undefined ? {} : { requestId }),
    };
  }
}

type Factory<K extends ErrorCode> = [ContextOf<K>] extends [never]
  ? // A row without a context infers `never`.
    (context?: Record<never, never>, options?: ErrorOptions) => AshError
  : (context: ContextOf<K>, options?: ErrorOptions) => AshError;

/** One factory per code: `errors.agent_not_found({ agent })`. */
export const errors = Object.fromEntries(
  (Object.keys(errorTable) as ErrorCode[]).map((code) => [
    code,
    (context: Context = {}, options: ErrorOptions = {}) => new AshError(code, context, options),
  ]),
) as unknown as { [K in ErrorCode]: Factory<K> };

/** Whether `value` is one of our coded errors. */
export function isAshError(value: unknown): value is AshError {
  return value instanceof AshError;
}
