/** Examples of the reference: sample values by schema, and the curl call of an operation. */
import type { OpenApiDocument, Operation } from '../openapi-document.ts';
import type { JsonSchema } from '../openapi-schemas.ts';

const SAMPLE_ID = '0199f0c4-7d2e-7a10-9c3b-5f6a1e2d3c4b';

/** What people would write for a property of this name. */
const byName: Record<string, unknown> = {
  name: 'my-agent',
  agent: 'my-agent',
  agentName: 'my-agent',
  path: '/srv/agents/my-agent',
  content: 'Hello!',
  createdAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T12:00:00.000Z',
  lastActiveAt: '2026-01-31T12:00:00.000Z',
  tenantId: 'default',
  isolation: 'bubblewrap',
  hash: '9f86d081884c7d65',
};

/** What stands for a parameter of a path that isn't an id. */
const inPath: Record<string, string> = { name: 'my-agent', path: 'CLAUDE.md' };

/** Optional properties that an example shows, because a call without them is rarely meant. */
const shown: ReadonlySet<string> = new Set(['path']);

/** The schema that a reference stands for. */
export function resolved(document: OpenApiDocument, schema: JsonSchema): JsonSchema {
  const name = nameOf(schema);
  return (name === undefined ? undefined : document.components.schemas[name]) ?? schema;
}

/** The name of the component that the schema refers to, if it is a reference. */
export function nameOf(schema: JsonSchema): string | undefined {
  return typeof schema.$ref === 'string' ? schema.$ref.replace('#/components/schemas/', '') : undefined;
}

/** A value of the schema with its required properties. */
export function sampleOf(document: OpenApiDocument, given: JsonSchema, name = ''): unknown {
  const schema = resolved(document, given);
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum.includes('active') ? 'active' : schema.enum[0];
  if (Array.isArray(schema.anyOf)) return null;
  if (schema.default !== undefined) return schema.default;
  switch (Array.isArray(schema.type) ? 'null' : schema.type) {
    case 'object':
      return sampleObject(document, schema);
    case 'array':
      return [sampleOf(document, (schema.items ?? {}) as JsonSchema)];
    case 'integer':
    case 'number':
      return 1;
    case 'boolean':
      return true;
    case 'string':
      return schema.format === 'uuid' ? SAMPLE_ID : (byName[name] ?? '…');
    default:
      return null;
  }
}

function sampleObject(document: OpenApiDocument, schema: JsonSchema): Record<string, unknown> {
  const required = new Set((schema.required ?? []) as string[]);
  const sample: Record<string, unknown> = {};
  for (const [key, property] of Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)) {
    if (required.has(key) || shown.has(key)) sample[key] = sampleOf(document, property, key);
  }
  return sample;
}

/** A command that calls the operation. */
export function curlOf(document: OpenApiDocument, method: string, path: string, operation: Operation): string {
  const address = `${document.servers[0]?.url ?? ''}${path.replace(/\{(\w+)\}/g, (_, name) => inPath[name] ?? SAMPLE_ID)}`;
  const streams = operation.responses['200']?.content?.['text/event-stream'] !== undefined;
  const parts = [`curl ${streams ? '-N ' : ''}${method === 'get' ? '' : `-X ${method.toUpperCase()} `}${address}`];
  if (operation.security === undefined) parts.push('-H "Authorization: Bearer $ASH_API_KEY"');
  else if (operation.security.length > 0) parts.push('-H "Authorization: Bearer $ASH_INTERNAL_SECRET"');
  const body = operation.requestBody?.content['application/json'];
  if (body !== undefined) {
    parts.push('-H "Content-Type: application/json"', `-d '${JSON.stringify(sampleOf(document, body.schema))}'`);
  }
  return parts.join(' \\\n  ');
}
