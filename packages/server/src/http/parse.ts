/** Parsing by contract: the parameters, query and body of a request, coerced, checked and with defaults filled in. */
import { errors } from '@ash-ai/shared';
import type { Route } from '@ash-ai/shared/contract';
import type { z } from 'zod';
import { coercionOf } from './coerce.ts';
import { reasonOf } from './reason.ts';

interface Unparsed {
  params: unknown;
  query: unknown;
  body: unknown;
}

export type Parser = (request: Unparsed) => { params: unknown; query: unknown; body: unknown };

type Part = (value: unknown) => unknown;

/** The parser of a route, compiled once. It throws `validation_failed`, and `body_not_json` when a body is missing. */
export function parserOf(route: Route): Parser {
  const parseParams = partOf(route.params, 'path');
  const params: Part = route.path.endsWith('/*') ? (value) => parseParams(restNamed(value)) : parseParams;
  const query = partOf(route.query, 'query');
  const parseBody = partOf(route.body, 'body');
  const body: Part = route.optionalBody === true ? (value) => parseBody(value ?? {}) : parseBody;
  return (request) => ({
    params: params(request.params),
    query: query(request.query),
    body: body(request.body),
  });
}

/** Fastify calls the rest of a path `*`, the contract `path`. */
function restNamed(value: unknown): unknown {
  const { '*': path, ...others } = value as Record<string, unknown>;
  return { ...others, path };
}

function partOf(schema: z.ZodType | undefined, whole: string): Part {
  if (schema === undefined) return () => undefined;
  const coerce = coercionOf(schema) ?? ((value: unknown) => value);
  return (value) => {
    if (value === undefined) throw errors.body_not_json({ reason: 'it is empty' });
    const coerced = coerce(value);
    const result = schema.safeParse(coerced);
    if (result.success) return result.data;
    throw errors.validation_failed({ reason: reasonOf(result.error.issues, coerced, whole) });
  };
}
