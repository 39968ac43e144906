/** The reference of all routes, made from the OpenAPI document. */

import { openApiDocument } from '../../packages/server/src/http/openapi.ts';
import type { Operation, Parameter } from '../../packages/server/src/http/openapi-document.ts';
import type { JsonSchema } from '../../packages/server/src/http/openapi-schemas.ts';
import { madeFrom, tableOf } from './markdown.ts';

export function apiPage(): string {
  const document = openApiDocument('', 'http://localhost:4100');
  const schemas = document.components.schemas;
  const groups = document.tags.map(({ name }) => {
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, operation]) => operation.tags.includes(name))
        .map(([method, operation]) => operationSection(method.toUpperCase(), path, operation)),
    );
    return `## ${name}\n\n${operations.join('\n\n')}`;
  });
  const components = Object.entries(schemas).map(
    ([name, schema]) => `### Schema ${name}\n\n${propertiesOf(schema) ?? `${typeOf(schema)}.`}`,
  );
  return `${madeFrom('the contract table, packages/shared/src/contract.ts')}
# API reference

JSON in and out, UTF-8. Send \`Authorization: Bearer <API key>\` with every request, and \`Content-Type: application/json\`
with a body. Ids are UUIDs, instants ISO 8601 in UTC. A running server has the same reference at \`/docs\`, and the
OpenAPI 3.1 document at \`/docs/json\`. Errors are described in [Error codes](errors.md); routes with a body may also answer
\`body_not_json\`, \`body_too_large\` and \`unsupported_media_type\`, and every route \`validation_failed\`, [\`rate_limited\`](errors.md#rate_limited) and the errors about keys.

${groups.join('\n\n')}

## Schemas

${components.join('\n\n')}
`;
}

/** Codes that nearly every route has: said once, at the top. */
const common = new Set([
  ...['validation_failed', 'rate_limited', 'storage_unavailable', 'internal', 'shutting_down'],
  ...['missing_authorization', 'invalid_authorization_format', 'invalid_api_key'],
  ...['body_not_json', 'body_too_large', 'unsupported_media_type'],
]);

function operationSection(method: string, path: string, operation: Operation): string {
  const body = operation.requestBody?.content['application/json']?.schema;
  const [status, success] = Object.entries(operation.responses).find(([code]) => Number(code) < 300) ?? [];
  const json = success?.content?.['application/json']?.schema;
  const answer =
    json === undefined
      ? success?.content === undefined
        ? 'nothing'
        : Object.keys(success.content)
            .map((type) => (type === '*/*' ? 'bytes, of their own media type' : `\`${type}\``))
            .join(', ')
      : typeOf(json);
  const errors = Object.values(operation.responses)
    .flatMap((response) => response['x-error-codes'] ?? [])
    .filter((code) => !common.has(code))
    .map((code) => `[\`${code}\`](errors.md#${code})`);
  return [
    `### ${operation.operationId}`,
    `\`${method} ${path}\``,
    `${operation.summary}.${operation.security === undefined ? '' : ' Needs no key.'}`,
    ...(operation.parameters === undefined ? [] : [parametersTable(operation.parameters)]),
    ...(body === undefined ? [] : [`Body: ${typeOf(body)}.`]),
    `Answers ${status ?? 200}: ${answer}.${errors.length === 0 ? '' : ` Errors: ${errors.join(', ')}.`}`,
  ].join('\n\n');
}

function parametersTable(parameters: readonly Parameter[]): string {
  return tableOf(
    ['Parameter', 'In', 'Type', 'Meaning'],
    parameters.map((one) => [
      `\`${one.name}\`${one.required ? '' : ' (optional)'}`,
      one.in,
      typeOf(one.schema),
      meaningOf(one.description, one.schema),
    ]),
  );
}

function meaningOf(description: unknown, schema: JsonSchema): string {
  return [
    ...(typeof description === 'string' ? [description] : []),
    ...(schema.maxLength === undefined ? [] : [`At most ${Number(schema.maxLength).toLocaleString('en')} characters.`]),
    ...(schema.default === undefined ? [] : [`Default \`${JSON.stringify(schema.default)}\`.`]),
  ]
    .map((sentence, index, all) => (index < all.length - 1 && !/[.!?]$/.test(sentence) ? `${sentence}.` : sentence))
    .join(' ');
}

function propertiesOf(schema: JsonSchema): string | undefined {
  const properties = schema.properties as Record<string, JsonSchema> | undefined;
  if (properties === undefined) return undefined;
  const required = new Set((schema.required ?? []) as string[]);
  return tableOf(
    ['Field', 'Type', 'Meaning'],
    Object.entries(properties).map(([name, one]) => [
      `\`${name}\`${required.has(name) ? '' : ' (optional)'}`,
      typeOf(one),
      meaningOf(one.description, one),
    ]),
  );
}

/** A schema in a few words, with links to the named ones. */
function typeOf(schema: JsonSchema): string {
  if (typeof schema.$ref === 'string') {
    const name = schema.$ref.replace('#/components/schemas/', '');
    return `[${name}](#schema-${name.toLowerCase()})`;
  }
  const variants = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined;
  if (Array.isArray(variants)) return [...new Set(variants.map(typeOf))].join(' or ');
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(', ');
  if (schema.type === 'array') return `list of ${typeOf((schema.items ?? {}) as JsonSchema)}`;
  if (schema.type === 'object') {
    const properties = schema.properties as Record<string, JsonSchema> | undefined;
    if (properties === undefined) return 'object';
    return `{ ${Object.entries(properties)
      .map(([name, one]) => `\`${name}\`: ${typeOf(one)}`)
      .join(', ')} }`;
  }
  return Array.isArray(schema.type) ? schema.type.join(' or ') : String(schema.type ?? 'any');
}
