// Makes a small value that matches a JSON schema, for structured outputs without a script.
import { asObject, type JsonObject, objectsOf } from './json.ts';

const maxDepth = 8;

/** A value of the schema; `text` stands wherever the schema asks for free text. */
export function sampleOf(schema: JsonObject, text: string, depth = 0): unknown {
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  const [choice] = [...objectsOf(schema.anyOf), ...objectsOf(schema.oneOf)];
  if (choice !== undefined) return sampleOf(choice, text, depth);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  const properties = asObject(schema.properties);
  if (type === 'object' || properties !== undefined) {
    if (depth >= maxDepth) return {};
    const entries = Object.entries(properties ?? {});
    return Object.fromEntries(entries.map(([key, value]) => [key, sampleOf(asObject(value) ?? {}, text, depth + 1)]));
  }
  if (type === 'array') {
    const count = depth >= maxDepth ? 0 : Math.min(Number(schema.minItems ?? 1), 100);
    return Array.from({ length: count }, () => sampleOf(asObject(schema.items) ?? {}, text, depth + 1));
  }
  if (type === 'number' || type === 'integer') return Number(schema.minimum ?? 1);
  if (type === 'boolean') return true;
  if (type === 'null') return null;
  return text.slice(0, Number(schema.maxLength ?? text.length));
}
