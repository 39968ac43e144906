/** Configuration: the one reader of the server's environment. The table below is also what the documentation is made from. */
import { resolve } from 'node:path';
import { attachmentLimits, isolationNames, permissionModes } from '@ash-ai/shared/contract';
import { z } from 'zod';
import { snapshotVariables } from './config-snapshots.ts';
import {
  choice,
  numberFrom,
  toBaseUrl,
  toCeiling,
  toHeaders,
  toHeaderValue,
  toIsolations,
  toList,
  toOrigins,
  toPatterns,
  toProxies,
  toRate,
  toSparePolicy,
  whole,
} from './config-values.ts';

export interface Variable {
  name: string;
  /** What is taken when it is unset or empty, as it would be written; absent when there is none. */
  default?: string;
  meaning: string;
  /** Whether its value must never be shown. */
  secret?: true;
  schema: z.ZodType<unknown, string>;
}

const text = z.string();

/** Every variable that the server reads, by the name of its setting. */
export const variables = {
  host: { name: 'ASH_HOST', default: '0.0.0.0', meaning: 'Address to listen on', schema: text },
  port: {
    name: 'ASH_PORT',
    default: '4100',
    meaning: 'Port to listen on; 0 takes a free one',
    schema: whole(0, 65_535),
  },
  dataDir: {
    name: 'ASH_DATA_DIR',
    default: './data',
    meaning: 'Folder that holds everything the server keeps',
    schema: text.transform((path) => resolve(path)),
  },
  databaseUrl: {
    name: 'ASH_DATABASE_URL',
    meaning:
      'postgres:// or postgresql:// address of a PostgreSQL database; otherwise a SQLite file in the data folder',
    secret: true,
    schema: text,
  },
  maxSandboxes: {
    name: 'ASH_MAX_SANDBOXES',
    default: '1000',
    meaning: 'Sessions awake at once',
    schema: whole(1, 1_000_000),
  },
  sandboxesMemoryMb: {
    name: 'ASH_SANDBOXES_MEMORY_MB',
    meaning:
      'Memory of all sandboxes together, in MiB, by what they are measured to take; by default three quarters of the machine',
    schema: whole(256, 1_000_000_000),
  },
  capacityWaitMs: {
    name: 'ASH_CAPACITY_WAIT_MS',
    default: '60000',
    meaning: 'Time that a message waits for a sandbox when all are busy, in ms; then its turn fails',
    schema: whole(1, 3_600_000),
  },
  maxWaiting: {
    name: 'ASH_MAX_WAITING',
    default: '1000',
    meaning: 'Sessions that may wait for a sandbox at once; messages to more of them are refused with 503',
    schema: whole(0, 1_000_000),
  },
  idleTimeoutMs: {
    name: 'ASH_IDLE_TIMEOUT_MS',
    default: '1800000',
    meaning: 'Time without a turn after which a session is put to sleep, in ms; less when sandboxes are scarce',
    schema: whole(1, 2_147_483_647),
  },
  spares: {
    name: 'ASH_SPARES',
    default: 'adaptive',
    meaning:
      'Sandboxes that wait for new sessions: "off", "adaptive" to what is asked for, or a number for every agent in use',
    schema: text.transform(toSparePolicy),
  },
  maxSpares: {
    name: 'ASH_MAX_SPARES',
    default: '8',
    meaning: 'Sandboxes that wait for new sessions at once, whatever they wait for; about 200 MB each',
    schema: whole(1, 1000),
  },
  minFreeDiskMb: {
    name: 'ASH_MIN_FREE_DISK_MB',
    default: '32',
    meaning: 'Room on the disk of the data folder below which messages are refused, so that what runs can go on; in MB',
    schema: whole(0, 1_000_000),
  },
  turnRecoveries: {
    name: 'ASH_TURN_RECOVERIES',
    default: '3',
    meaning: 'How often a turn goes on whose sandbox died; after that it fails',
    schema: whole(0, 100),
  },
  apiKey: {
    name: 'ASH_API_KEY',
    meaning: 'A key for the tenant "default"; with it no first key is made',
    secret: true,
    schema: text.regex(/^\S+$/, 'must not hold white space'),
  },
  credentialKey: {
    name: 'ASH_CREDENTIAL_KEY',
    meaning: 'Master secret that seals credentials and hashes API keys',
    secret: true,
    schema: text,
  },
  internalSecret: {
    name: 'ASH_INTERNAL_SECRET',
    meaning: 'Bearer of /api/internal, shared with runners; without it those routes are closed',
    secret: true,
    schema: text.regex(/^\S+$/, 'must not hold white space'),
  },
  rateLimit: {
    name: 'ASH_RATE_LIMIT',
    default: '3000/60',
    meaning:
      'Requests that one API key, or one address without a key, may make in so many seconds; "off" for no limit. What runs on the same machine is never limited',
    schema: text.transform(toRate),
  },
  rateLimitSessions: {
    name: 'ASH_RATE_LIMIT_SESSIONS',
    default: '300/60',
    meaning: 'Sessions that one API key may create or fork, likewise',
    schema: text.transform(toRate),
  },
  rateLimitAgents: {
    name: 'ASH_RATE_LIMIT_AGENTS',
    default: '60/60',
    meaning: 'Deployments that one API key may make, likewise',
    schema: text.transform(toRate),
  },
  trustedProxies: {
    name: 'ASH_TRUSTED_PROXIES',
    default: 'loopback',
    meaning:
      'Proxies whose X-Forwarded-For is believed: addresses and ranges, separated by commas; "loopback" is the same machine, "none" for none',
    schema: text.transform(toProxies),
  },
  allowedOrigins: {
    name: 'ALLOWED_ORIGINS',
    meaning:
      'Origins of web pages that may call the API (CORS), such as "https://app.example.com", separated by commas; "*" for every one. Without it: none',
    schema: text.transform(toOrigins),
  },
  queueConcurrency: {
    name: 'ASH_QUEUE_CONCURRENCY',
    default: '4',
    meaning: 'Queue items that one server works on at once',
    schema: whole(1, 10_000),
  },
  maxAttachmentBytes: {
    name: 'ASH_MAX_ATTACHMENT_SIZE',
    default: '10485760',
    meaning: 'Largest attachment, in bytes; at most 104857600',
    schema: whole(1, attachmentLimits.maxBytes),
  },
  webhookTargets: {
    name: 'ASH_WEBHOOK_TARGETS',
    meaning:
      'Hosts besides public ones that webhooks may be sent to, by http too: names, "*.suffix", addresses, with a port or ":*", separated by commas',
    schema: text.transform(toPatterns),
  },
  bridgeEntry: {
    name: 'ASH_BRIDGE_ENTRY',
    meaning: 'Entry file of the bridge, in place of the installed one',
    schema: text.transform((path) => resolve(path)),
  },
  runtimeExecutable: {
    name: 'CLAUDE_CODE_EXECUTABLE',
    meaning: "The agent runtime's executable, in place of the Agent SDK's own",
    schema: text.transform((path) => resolve(path)),
  },
  permissionMode: {
    name: 'ASH_PERMISSION_MODE',
    meaning: 'Permission mode of sessions that name none',
    schema: choice(permissionModes),
  },
  isolation: {
    name: 'ASH_ISOLATION',
    default: 'bubblewrap',
    meaning:
      'How sandboxes are walled in: "bubblewrap", or "oci" by runc or crun (as root); "process" is no wall, for development only',
    schema: choice(isolationNames),
  },
  isolationAllow: {
    name: 'ASH_ISOLATION_ALLOW',
    meaning:
      'Isolations that agents may ask for beside that of ASH_ISOLATION, separated by commas. Each must work on this machine',
    schema: text.transform(toIsolations),
  },
  uidBase: {
    name: 'ASH_UID_BASE',
    default: '200000',
    meaning:
      'First kernel uid of sandboxes, where the server is root: each data folder takes the next 65536 that no other one has',
    schema: whole(1000, 4_000_000_000),
  },
  uidClaimsDir: {
    name: 'ASH_UID_CLAIMS_DIR',
    default: '/var/lib/ash/uids',
    meaning: 'Folder in which the servers of a machine agree on who has which uids; the same for all of them',
    schema: text.transform((path) => resolve(path)),
  },
  logLevel: {
    name: 'ASH_LOG_LEVEL',
    default: 'info',
    meaning: 'Least severe level that is logged',
    schema: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
  },
  modelRetries: {
    name: 'ASH_MODEL_RETRIES',
    default: '10',
    meaning: 'How often a failed model call is tried again',
    schema: whole(0, 100),
  },
  deployPaths: {
    name: 'ASH_DEPLOY_PATHS',
    default: 'default-tenant',
    meaning: "Who may deploy folders of the server's own disk: the default tenant, or nobody",
    schema: choice(['default-tenant', 'none']),
  },
  sandboxMemoryMb: {
    name: 'ASH_SANDBOX_MEMORY_MB',
    default: '2048',
    meaning: 'Memory of one sandbox, in MiB',
    schema: whole(64, 16_777_216),
  },
  sandboxPids: {
    name: 'ASH_SANDBOX_PIDS',
    default: '256',
    meaning: 'Processes and threads of one sandbox',
    schema: whole(16, 4_194_304),
  },
  sandboxCpus: {
    name: 'ASH_SANDBOX_CPUS',
    default: '1',
    meaning: 'Processors of one sandbox; fractions are fine',
    schema: numberFrom(0.01, 4096),
  },
  sandboxDisk: {
    name: 'ASH_SANDBOX_DISK',
    default: 'auto',
    meaning: 'What holds the disk limit: "image" a disk per session, "watchdog" a look now and then, "auto" what works',
    schema: choice(['auto', 'image', 'watchdog']),
  },
  sandboxDiskMb: {
    name: 'ASH_SANDBOX_DISK_MB',
    default: '4096',
    meaning: 'Files of one sandbox, in MiB',
    schema: whole(16, 16_777_216),
  },
  sandboxInodes: {
    name: 'ASH_SANDBOX_INODES',
    default: '500000',
    meaning: 'Number of files and folders of one sandbox',
    schema: whole(1000, 1_000_000_000),
  },
  sandboxOpenFiles: {
    name: 'ASH_SANDBOX_OPEN_FILES',
    default: '8192',
    meaning: 'Open files of one process in a sandbox',
    schema: whole(64, 1_048_576),
  },
  ...snapshotVariables,
  turnTimeoutMs: {
    name: 'ASH_TURN_TIMEOUT_MS',
    meaning: 'Time of one turn, in ms; without it a turn may take as long as it likes',
    schema: whole(1000, 2_147_483_647),
  },
  sandboxCeiling: {
    name: 'ASH_SANDBOX_CEILING',
    meaning:
      'What agents and sessions may ask for at most, such as "memoryMb=4096,cpus=2"; what is not named can only be lowered',
    schema: text.transform(toCeiling),
  },
  egressCeiling: {
    name: 'ASH_EGRESS_CEILING',
    default: '*',
    meaning:
      'What agents and sessions may list for egress at most: hosts, "*.suffix", "*" (every public host), addresses, separated by commas; "none" for nothing',
    schema: text.transform(toPatterns),
  },
  extraCaFile: {
    name: 'ASH_EXTRA_CA_FILE',
    meaning: 'Certificates (PEM) to trust beside the usual ones, for the model API and for egress with headers',
    schema: text.transform((path) => resolve(path)),
  },
  modelAllow: {
    name: 'ASH_MODEL_ALLOW',
    meaning: 'Models that may be called, separated by commas; "claude-haiku-*" is a beginning. Without it: all',
    schema: text.transform(toList),
  },
  modelServerTools: {
    name: 'ASH_MODEL_SERVER_TOOLS',
    default: 'web_search_*,tool_search_*',
    meaning:
      'Tools that the model API itself may run, by type, separated by commas; what they reach is not bound by egress. "*" for all, "none" for none',
    schema: text.transform((given) => (given === 'none' ? [] : toList(given))),
  },
  sessionSpendUsd: {
    name: 'ASH_SESSION_SPEND_USD',
    meaning: 'What the model calls of one session may cost, by list prices',
    schema: numberFrom(0, 1_000_000_000),
  },
  tenantSpendUsd: {
    name: 'ASH_TENANT_SPEND_USD',
    meaning: 'What the model calls of one tenant may cost in a calendar month (UTC), by list prices',
    schema: numberFrom(0, 1_000_000_000),
  },
  modelCallsPerMinute: {
    name: 'ASH_MODEL_CALLS_PER_MINUTE',
    meaning: 'Model calls of one session in any minute',
    schema: whole(1, 100_000),
  },
  modelBaseUrl: {
    name: 'ANTHROPIC_BASE_URL',
    default: 'https://api.anthropic.com',
    meaning: 'The model API: any endpoint that speaks the Messages API',
    schema: text.transform(toBaseUrl),
  },
  modelKey: {
    name: 'ANTHROPIC_API_KEY',
    meaning: 'Key of the model API, sent as x-api-key',
    secret: true,
    schema: text.transform(toHeaderValue),
  },
  modelToken: {
    name: 'ANTHROPIC_AUTH_TOKEN',
    meaning: 'Token of the model API, sent as "Authorization: Bearer …"',
    secret: true,
    schema: text.transform(toHeaderValue),
  },
  modelHeaders: {
    name: 'ANTHROPIC_CUSTOM_HEADERS',
    meaning: 'More headers for the model API: "Name: value", separated by line breaks or "\\n"',
    secret: true,
    schema: text.transform(toHeaders),
  },
} as const satisfies Record<string, Variable>;

type Table = typeof variables;
type Settings = {
  [K in keyof Table]: z.output<Table[K]['schema']> | (Table[K] extends { default: string } ? never : undefined);
};

/** Where model calls go, and the headers that carry the server's key. */
export interface ModelUpstream {
  baseUrl: string;
  headers: Record<string, string>;
  /** Certificates to trust beside the usual ones (PEM). */
  ca?: string;
}

/** The settings of a server. */
export type Config = Omit<Settings, 'modelBaseUrl' | 'modelKey' | 'modelToken' | 'modelHeaders'> & {
  model: ModelUpstream;
};

/** Thrown for an environment that can't be used. `problems` has one sentence per variable. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('; '));
    this.problems = problems;
  }
}

/** Reads the settings. White space around values is ignored; an empty value is as good as none. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const problems: string[] = [];
  const settings: Record<string, unknown> = {};
  for (const [key, variable] of Object.entries<Variable>(variables)) {
    const given = env[variable.name]?.trim() || variable.default;
    if (given === undefined) continue;
    const result = variable.schema.safeParse(given);
    if (result.success) settings[key] = result.data;
    else problems.push(problemOf(variable, given, result.error.issues));
  }
  if (problems.length > 0) throw new ConfigInvalid(problems);
  const { modelBaseUrl, modelKey, modelToken, modelHeaders, ...rest } = settings as Settings;
  const headers: Record<string, string> = {};
  if (modelKey !== undefined) headers['x-api-key'] = modelKey;
  if (modelToken !== undefined) headers.authorization = `Bearer ${modelToken}`;
  return { ...rest, model: { baseUrl: modelBaseUrl, headers: { ...headers, ...modelHeaders } } };
}

function problemOf(variable: Variable, given: string, issues: readonly z.core.$ZodIssue[]): string {
  const sentence = issues.map((issue) => issue.message).join(', ');
  return `${variable.name}: ${sentence}${variable.secret ? '' : `, not ${JSON.stringify(given.slice(0, 100))}`}`;
}
