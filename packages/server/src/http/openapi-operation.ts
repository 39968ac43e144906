/** One operation of the OpenAPI document: a row of the contract table. */
import { type ErrorCode, errorTable, formatSse } from '@ash-ai/shared';
import { bodyErrors, commonErrors, internalErrors, keyErrors, type Route } from '@ash-ai/shared/contract';
import type { z } from 'zod';
import type { Operation, Parameter, Response } from './openapi-document.ts';
import type { Components, JsonSchema } from './openapi-schemas.ts';

/** The operation of a route. Schemas that have a name are added to `components`. */
export function operationOf(name: string, route: Route, components: Components): Operation {
  const parameters = [
    ...parametersOf(route.params, 'path', components),
    ...parametersOf(route.query, 'query', components),
    ...headersOf(name, route),
  ];
  return {
    operationId: name,
    tags: [route.tag],
    summary: route.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: route.optionalBody !== true,
            content: jsonContent(components.schemaOf(route.body, 'input')),
          },
        }),
    responses: { [route.reply.status]: successOf(route, components), ...failuresOf(route) },
    ...(route.public === true ? { security: [] } : {}),
    ...(route.internal === true ? { security: [{ internalSecret: [] }] } : {}),
  };
}

function parametersOf(schema: z.ZodObject | undefined, place: 'path' | 'query', components: Components): Parameter[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = components.schemaOf(schema, 'input');
  return Object.entries(properties as Record<string, JsonSchema>).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: (required as string[]).includes(name),
    ...(typeof description === 'string' ? { description } : {}),
    schema: rest,
  }));
}

const idempotencyKey: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Makes a retry safe: the same key gets the answer of the first request. Visible ASCII',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

const lastEventId: Parameter = {
  name: 'Last-Event-ID',
  in: 'header',
  required: false,
  description: 'Cursor to go on from: the id of the last event seen',
  schema: { type: 'string', maxLength: 100 },
};

/** Headers are no part of the contract table; these routes read one. */
function headersOf(name: string, route: Route): Parameter[] {
  if (route.errors.includes('idempotency_key_reused')) return [idempotencyKey];
  return name === 'followSession' ? [lastEventId] : [];
}

function successOf(route: Route, components: Components): Response {
  switch (route.reply.kind) {
    case 'json':
      return { description: 'Done', content: jsonContent(components.schemaOf(route.reply.schema, 'output')) };
    case 'bytes': {
      const { mediaType = '*/*', schema } = route.reply;
      const json = schema && jsonContent(components.schemaOf(schema, 'output'));
      return {
        description: 'The bytes, to be saved under the name in Content-Disposition',
        content: { [mediaType]: { schema: {} }, ...json },
      };
    }
    case 'none':
      return { description: 'Done' };
    case 'stream':
      return {
        description:
          'Server-sent events; the schema is that of each. `message` carries a message of the Agent SDK unchanged; ' +
          'a turn ends with exactly one `done`. The id of an event is a cursor.',
        content: {
          'text/event-stream': {
            schema: { $ref: '#/components/schemas/StreamEvent' },
            example:
              formatSse('message', '{"type":"assistant","message":{"role":"assistant","content":[]}}', '7') +
              formatSse('done', '{"sessionId":"…","turnId":"…","status":"completed"}', '9'),
          },
        },
      };
  }
}

function failuresOf(route: Route): Record<string, Response> {
  const codes: ErrorCode[] = [
    ...route.errors,
    ...(route.body === undefined ? [] : bodyErrors),
    ...(route.internal === true ? internalErrors : route.public === true ? [] : keyErrors),
    ...commonErrors,
  ];
  const responses: Record<string, Response> = {};
  for (const status of [...new Set(codes.map((code) => errorTable[code].status))]) {
    const ofStatus = [...new Set(codes)].filter((code) => errorTable[code].status === status);
    responses[status] = {
      description: ofStatus.map((code) => `\`${code}\``).join(', '),
      content: jsonContent({ $ref: '#/components/schemas/Error' }),
      'x-error-codes': ofStatus,
    };
  }
  return responses;
}

function jsonContent(schema: JsonSchema): { 'application/json': { schema: JsonSchema } } {
  return { 'application/json': { schema } };
}
