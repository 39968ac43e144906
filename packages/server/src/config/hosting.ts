/** What the server is reached by and keeps: address, data, keys, limits on requests. */
import { resolve } from 'node:path';
import { attachmentLimits } from '@ash-ai/shared/contract';
import { choice, text, toOrigins, toPatterns, toProxies, toRate, whole } from './values.ts';
import type { Variable } from './variable.ts';

export const hostingVariables = {
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
  minFreeDiskMb: {
    name: 'ASH_MIN_FREE_DISK_MB',
    default: '32',
    meaning: 'Room on the disk of the data folder below which messages are refused, so that what runs can go on; in MB',
    schema: whole(0, 1_000_000),
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
  deployPaths: {
    name: 'ASH_DEPLOY_PATHS',
    default: 'default-tenant',
    meaning: "Who may deploy folders of the server's own disk: the default tenant, or nobody",
    schema: choice(['default-tenant', 'none']),
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
  logLevel: {
    name: 'ASH_LOG_LEVEL',
    default: 'info',
    meaning: 'Least severe level that is logged',
    schema: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
  },
} as const satisfies Record<string, Variable>;
