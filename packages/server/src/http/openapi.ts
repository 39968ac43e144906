/** The OpenAPI 3.1 document, made from the contract table. */
import { contract, type Route } from '@ash-ai/shared/contract';
import type { OpenApiDocument } from './openapi-document.ts';
import { operationOf } from './openapi-operation.ts';
import { Components, type JsonSchema } from './openapi-schemas.ts';

const description =
  'Every answer that is not 2xx is an Error. Ids are UUIDs, instants are ISO 8601 in UTC. Every reply names its request in ' +
  'the header x-request-id.';

/** The document of a server of this version that is reached at `serverUrl`. */
export function openApiDocument(version: string, serverUrl: string): OpenApiDocument {
  const components = new Components();
  components.schemas.Error = errorSchema;
  components.schemas.StreamEvent = streamEventSchema;
  const paths: OpenApiDocument['paths'] = {};
  const tags = new Set<string>();
  for (const [name, route] of Object.entries<Route>(contract)) {
    tags.add(route.tag);
    const path = templateOf(route);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(name, route, components) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Ash API', version, description },
    servers: [{ url: serverUrl }],
    tags: [...tags].map((tag) => ({ name: tag })),
    security: [{ apiKey: [] }],
    paths,
    components: {
      schemas: components.schemas,
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: "Authorization: Bearer ash_…"' },
        internalSecret: { type: 'http', scheme: 'bearer', description: 'ASH_INTERNAL_SECRET of the server' },
      },
    },
  };
}

/** A route's path as OpenAPI writes it. It has no way to say that a parameter may hold slashes. */
export function templateOf({ path }: Route): string {
  return path.replace(/\/\*$/, '/{path}').replace(/:(\w+)/g, '{$1}');
}

const errorSchema: JsonSchema = {
  type: 'object',
  required: ['error', 'statusCode', 'code'],
  properties: {
    error: { type: 'string', description: 'One sentence for a human' },
    statusCode: { type: 'integer', description: 'The HTTP status again' },
    code: { type: 'string', description: 'What went wrong; stable, for programs' },
    suggestion: { type: 'string', description: 'What to do about it' },
    details: { type: 'object', additionalProperties: true },
    requestId: { type: 'string', description: 'Under which the server logged the request' },
  },
};

/** OpenAPI 3.1 has no word for the items of a stream; fuzzers and generators take the schema of one for that of each event. */
const streamEventSchema: JsonSchema = {
  type: 'object',
  required: ['event', 'data'],
  properties: {
    event: { type: 'string', description: 'What kind of event it is' },
    data: { type: 'string', contentMediaType: 'application/json', description: 'One line of JSON' },
    id: { type: 'string', description: 'Cursor to go on from after this event' },
  },
};
