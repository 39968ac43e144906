/** The shape of a row of the contract table, and the types that server and client derive from it. */
import { z } from 'zod';
import type { ErrorCode } from '../errors.ts';

export type Reply =
  /** A JSON object. */
  | { kind: 'json'; status: 200 | 201 | 202; schema: z.ZodType }
  /** Server-sent events (spec/streaming.md). */
  | { kind: 'stream'; status: 200 }
  /** Bytes, of the media type given or of their own; with a schema, as JSON when the query asks for that. */
  | { kind: 'bytes'; status: 200; mediaType?: string; schema?: z.ZodType }
  | { kind: 'none'; status: 204 };

export interface Route {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** `:name` marks a parameter; `/*` at the end is the parameter `path`, which may hold slashes. */
  path: `/${string}`;
  tag:
    | 'health'
    | 'agents'
    | 'sessions'
    | 'messages'
    | 'approvals'
    | 'files'
    | 'attachments'
    | 'credentials'
    | 'queue'
    | 'usage'
    | 'webhooks'
    | 'api-keys'
    | 'internal';
  summary: string;
  /** Whether the route answers without an API key. */
  public?: true;
  /** Whether the route asks for the internal secret in place of an API key. */
  internal?: true;
  params?: z.ZodObject;
  query?: z.ZodObject;
  /** Without it a body is ignored. */
  body?: z.ZodObject;
  /** Whether a request without a body stands for an empty one. */
  optionalBody?: true;
  /** Largest body, in bytes (default 1 MiB). */
  bodyLimitBytes?: number;
  /** Which limit on requests counts this one, besides the limit on all. */
  rate?: 'sessions' | 'agents';
  reply: Reply;
  /** Codes that this route answers besides those that every route may. */
  errors: readonly ErrorCode[];
}

/** Codes that every route may answer. */
export const commonErrors = [
  'validation_failed',
  'rate_limited',
  'storage_unavailable',
  'internal',
  'shutting_down',
] as const;
/** Codes that every route with a key may answer. */
export const keyErrors = ['missing_authorization', 'invalid_authorization_format', 'invalid_api_key'] as const;
/** Codes that every internal route may answer. */
export const internalErrors = [
  'missing_authorization',
  'invalid_authorization_format',
  'internal_secret_invalid',
  'internal_secret_missing',
] as const;
/** Codes that every route with a body may answer. */
export const bodyErrors = ['body_not_json', 'body_too_large', 'unsupported_media_type'] as const;

export const defaultBodyLimitBytes = 1024 * 1024;

type Output<S> = S extends z.ZodType ? z.output<S> : undefined;
type InputOf<S> = S extends z.ZodType ? z.input<S> : undefined;

/** What a route's handler is given: parsed, with defaults filled in. */
export interface Parsed<R extends Route> {
  params: Output<R['params']>;
  query: Output<R['query']>;
  body: Output<R['body']>;
}

/** What a client gives to a route. */
export interface Given<R extends Route> {
  params: InputOf<R['params']>;
  query: InputOf<R['query']>;
  body: InputOf<R['body']>;
}

/** The JSON that a route answers with. */
export type ReplyOf<R extends Route> = R['reply'] extends { kind: 'json' | 'bytes'; schema: infer S }
  ? S extends z.ZodType
    ? z.output<S>
    : never
  : never;

/** Checks a table of routes against {@link Route} and keeps its exact types. */
export function defineRoutes<const T extends Record<string, Route>>(routes: T): T {
  return routes;
}

/** The parameter of a route that addresses one thing by its UUID. */
export const idParams = z.object({ id: z.uuid().describe('UUID') });

/** Bytes as text. What isn't base64 is refused where it is decoded, with the code that fits. */
export const base64 = z.string().meta({ contentEncoding: 'base64' });

/** Text that every database can hold unchanged, of at most `maxChars` characters. */
export const plainText = (maxChars: number) =>
  z
    .string()
    .max(maxChars)
    .refine((text) => text.isWellFormed(), 'must not hold half of a surrogate pair');

/** Plain text that becomes an argument or a variable of a program: Linux takes 128 KiB of one. */
export const programText = (maxChars: number) =>
  plainText(maxChars).refine(
    (text) => new TextEncoder().encode(text).length <= maxProgramBytes,
    `must have at most ${maxProgramBytes} bytes in UTF-8`,
  );
const maxProgramBytes = 128_000;

/** A path within a folder. Its length is checked where the path is, with the code that fits. */
export const innerPath = z.string().meta({ maxLength: 4096 });

export const timestamp = z.string().describe('ISO 8601, UTC, milliseconds');
