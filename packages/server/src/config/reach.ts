/** What agents reach: hosts, and the model API with its key and its ceilings. */
import { resolve } from 'node:path';
import { numberFrom, text, toBaseUrl, toHeaders, toHeaderValue, toList, toPatterns, whole } from './values.ts';
import type { Variable } from './variable.ts';

export const reachVariables = {
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
  modelRetries: {
    name: 'ASH_MODEL_RETRIES',
    default: '10',
    meaning: 'How often a failed model call is tried again',
    schema: whole(0, 100),
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
  tenantModelCallsPerMinute: {
    name: 'ASH_TENANT_MODEL_CALLS_PER_MINUTE',
    meaning:
      'Model calls of all sessions of one tenant in any minute, by this server; those under way when it is reached go on',
    schema: whole(1, 100_000),
  },
} as const satisfies Record<string, Variable>;
