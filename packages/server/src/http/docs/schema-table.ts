/** Tables of the reference: the properties of a schema, and the parameters of an operation. */
import type { Parameter } from '../openapi-document.ts';
import type { JsonSchema } from '../openapi-schemas.ts';
import { Html, html } from './html.ts';
import { nameOf } from './sample.ts';

interface Row {
  name: string;
  place?: string;
  required: boolean;
  description: unknown;
  schema: JsonSchema;
}

/** The properties of an object schema. */
export function propertyTable(schema: JsonSchema): Html {
  const required = new Set((schema.required ?? []) as string[]);
  const rows = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>).map(([name, property]) =>
    row({ name, required: required.has(name), description: property.description, schema: property }),
  );
  return rows.length === 0 ? html`<p>An object.</p>` : table(rows);
}

/** The parameters of an operation. */
export function parameterTable(parameters: readonly Parameter[]): Html {
  return table(
    parameters.map(({ name, in: place, required, description, schema }) =>
      row({ name, place, required, description, schema }),
    ),
  );
}

function table(rows: Html[]): Html {
  return html`<div class="wide"><table><thead><tr><th>Name</th><th>Type</th><th>Meaning</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function row({ name, place, required, description, schema }: Row): Html {
  const marks = [place === undefined ? '' : place, required ? 'required' : ''].filter((mark) => mark !== '');
  return html`<tr><td><code>${name}</code>${marks.map((mark) => html` <small class="${mark}">${mark}</small>`)}</td><td>${typeOf(schema)}</td><td>${
    typeof description === 'string' ? description : undefined
  }${limitsOf(schema)}</td></tr>`;
}

/** The type of a schema in words, with a link to a named one. */
function typeOf(schema: JsonSchema): Html {
  const name = nameOf(schema);
  if (name !== undefined) return html`<a href="#schema-${name}">${name}</a>`;
  if (Array.isArray(schema.enum))
    return joined(schema.enum.map((value) => html`<code>${JSON.stringify(value)}</code>`));
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (Array.isArray(schema.anyOf)) return joined(schema.anyOf.map((inner) => typeOf(inner as JsonSchema)));
  if (Array.isArray(schema.type)) return html`${schema.type.join(' | ')}`;
  if (schema.type === 'array') return html`list of ${typeOf((schema.items ?? {}) as JsonSchema)}`;
  if (schema.type === 'object' && schema.properties !== undefined) return inlineObject(schema);
  const type = typeof schema.type === 'string' ? schema.type : 'any';
  return html`${schema.format === 'uuid' ? 'UUID' : type}`;
}

function inlineObject(schema: JsonSchema): Html {
  const required = new Set((schema.required ?? []) as string[]);
  const properties = Object.entries(schema.properties as Record<string, JsonSchema>);
  return html`{ ${new Html(
    properties.map(([name, inner]) => html`${name}${required.has(name) ? '' : '?'}: ${typeOf(inner)}`.text).join(', '),
  )} }`;
}

function joined(parts: Html[]): Html {
  return new Html(parts.map((part) => part.text).join(' | '));
}

const limitNames: Record<string, string> = {
  default: 'default',
  minimum: 'at least',
  maximum: 'at most',
  minLength: 'characters ≥',
  maxLength: 'characters ≤',
  maxItems: 'items ≤',
};

function limitsOf(schema: JsonSchema): Html | undefined {
  const limits = Object.entries(limitNames).flatMap(([keyword, words]) =>
    schema[keyword] === undefined ? [] : [`${words} ${JSON.stringify(schema[keyword])}`],
  );
  return limits.length === 0 ? undefined : html` <small>${limits.join(', ')}</small>`;
}
