/** Egress: what a session may reach besides the model API, ceilings over its model calls, and what became of it. */
import { z } from 'zod';
import { parsePattern } from '../egress/pattern.ts';
import { defineRoutes, idParams, timestamp } from './route.ts';

/** Headers that a proxy sets itself, or that would change what a request is. */
const ownHeaders =
  /^(?:host|connection|content-length|transfer-encoding|upgrade|te|trailer|expect|keep-alive|proxy-.*)$/i;

const headerValue = z
  .string()
  .max(8192)
  .refine((text) => /^[\x20-\x7e]*$/.test(text), 'must be visible ASCII')
  .describe('`{{credential:<id>}}` stands for the key of a stored credential; the sandbox never sees it');

const host = z
  .string()
  .max(300)
  .refine(
    (text) => parsePattern(text) !== undefined,
    'must be a host, "*.suffix", "*" or an address, with ":port" or ":*" if need be',
  )
  .describe(
    '`api.example.com`, `*.example.com`, `*` (every public host), or an address; ports 443 and 80 unless one is named',
  );

const egressRuleSchema = z
  .strictObject({
    host,
    methods: z
      .array(z.enum(['connect', 'plain']))
      .min(1)
      .optional()
      .describe('Default: both'),
    upstream: z
      .enum(['http', 'https'])
      .optional()
      .describe('How plain requests go on. Default: https with headers, else http'),
    headers: z
      .record(
        z
          .string()
          .max(255)
          .refine((name) => /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name), 'must be a header name'),
        headerValue,
      )
      .refine(
        (headers) => !Object.keys(headers).some((name) => ownHeaders.test(name)),
        'must not hold headers of the proxy',
      )
      .optional()
      .describe('Put into every plain request, in place of what the client sent'),
  })
  .refine(
    (rule) => rule.headers === undefined || ['name', 'address'].includes(parsePattern(rule.host)?.kind ?? ''),
    'must name one host exactly, as it has headers',
  )
  .meta({ id: 'EgressRule' });

/** What a session may reach, given by its agent (`.ash/sandbox.json`, "egress") or with the session. */
export const egressSchema = z
  .strictObject({
    allow: z
      .array(z.union([host.transform((text) => ({ host: text })), egressRuleSchema]))
      .max(200)
      .describe('Hosts, or rules; nothing else is reached'),
  })
  .meta({ id: 'Egress' });

/** Ceilings over the model calls of a session; those of the server hold as well. */
export const modelLimitsSchema = z
  .strictObject({
    models: z
      .array(z.string().min(1).max(200))
      .max(100)
      .describe('Models that may be called; `claude-haiku-*` is a beginning'),
    maxSpendUsd: z.number().min(0).max(1_000_000).describe('For the whole session, by list prices'),
    maxTokens: z.int().min(0).describe('For the whole session, of every kind'),
    serverTools: z
      .array(z.string().min(1).max(200))
      .max(100)
      .describe('Tools that the model API itself may run, by type: `web_search_*`, `web_fetch_*`, `mcp_servers`'),
    requestsPerMinute: z.int().min(1).max(100_000),
  })
  .partial()
  .meta({ id: 'ModelLimits' });

export type EgressRequest = z.output<typeof egressSchema>;
export type ModelLimitsRequest = z.output<typeof modelLimitsSchema>;

export const egressRecordSchema = z
  .object({
    seq: z.int().describe('A cursor for `after`'),
    turnId: z.uuid().nullable(),
    at: timestamp,
    method: z.enum(['connect', 'plain', 'model']),
    host: z.string(),
    port: z.int(),
    address: z.string().nullable().describe('The address that was checked and dialled'),
    allowed: z.boolean(),
    reason: z.string().nullable().describe('Why it was refused, or failed'),
    status: z.int().nullable(),
    bytesOut: z.int(),
    bytesIn: z.int(),
    durationMs: z.number(),
    count: z.int().describe('How many decisions alike this stands for, when they came too fast'),
    model: z.string().nullable(),
    tokens: z
      .object({ input: z.number(), output: z.number(), cacheWrite: z.number(), cacheRead: z.number() })
      .nullable(),
    costUsd: z.number().nullable().describe('By list prices'),
  })
  .meta({ id: 'EgressRecord' });

export const egressRoutes = defineRoutes({
  listEgress: {
    method: 'GET',
    path: '/api/sessions/:id/egress',
    tag: 'sessions',
    summary: 'Read what a session reached, or tried to: model calls, requests, refusals',
    params: idParams,
    query: z.object({
      after: z.int().min(0).default(0).describe('Sequence to start after'),
      limit: z.int().min(1).max(1000).default(100),
    }),
    reply: {
      kind: 'json',
      status: 200,
      schema: z.object({ records: z.array(egressRecordSchema).describe('Oldest first; the newest 2,000 are kept') }),
    },
    errors: ['session_not_found'],
  },
});
