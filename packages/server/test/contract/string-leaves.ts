/** Every place of a schema where a caller's text stands: field values, items of lists, names and values of records. */
import { z } from 'zod';

export interface Leaf {
  /** Such as `files[].path`, `extraEnv.*` for the values of a record and `extraEnv.{}` for its names. */
  path: string;
  /** A value of the schema that has the text there. */
  put: (text: string) => unknown;
}

export function stringLeaves(schema: z.core.$ZodType): Leaf[] {
  const { def } = schema._zod as z.core.$ZodTypes['_zod'];
  switch (def.type) {
    case 'string':
    case 'unknown':
      return [{ path: '', put: (text) => text }];
    case 'optional':
    case 'nullable':
    case 'default':
      return stringLeaves(def.innerType);
    case 'pipe':
      return stringLeaves(def.in);
    case 'array':
      return stringLeaves(def.element).map(({ path, put }) => ({ path: `[]${path}`, put: (text) => [put(text)] }));
    case 'union': {
      const leaves = def.options.flatMap((option) => stringLeaves(option));
      return leaves.filter(({ path }, index) => leaves.findIndex((leaf) => leaf.path === path) === index);
    }
    case 'record': {
      const value = sampleOf(def.valueType);
      const values = stringLeaves(def.valueType);
      return [
        { path: '.{}', put: (text) => Object.fromEntries([[text, value]]) },
        ...values.map(({ path, put }) => ({ path: `.*${path}`, put: (text: string) => ({ A: put(text) }) })),
      ];
    }
    case 'object':
      return Object.entries(def.shape).flatMap(([name, inner]) =>
        stringLeaves(inner).map(({ path, put }) => ({
          path: `.${name}${path}`,
          put: (text: string) => ({ ...completed(schema, name), [name]: put(text) }),
        })),
      );
    default:
      return [];
  }
}

/** What an object needs beside the field `name`; an MCP server is one of two kinds, which its schema only checks. */
function completed(schema: z.core.$ZodType, name: string): Record<string, unknown> {
  const sample = sampleOf(schema) as Record<string, unknown>;
  const { shape } = schema._zod.def as z.core.$ZodObjectDef;
  if (!('command' in shape && 'url' in shape) || name === 'url' || name === 'command') return sample;
  return name === 'headers' ? { url: 'https://example.com/' } : { command: 'true' };
}

/** A value that the schema takes, with nothing in it that can be left out. */
function sampleOf(schema: z.core.$ZodType): unknown {
  const { def } = schema._zod as z.core.$ZodTypes['_zod'];
  switch (def.type) {
    case 'string':
      return 'example';
    case 'number':
      return 1;
    case 'boolean':
      return true;
    case 'enum':
      return Object.values(def.entries)[0];
    case 'literal':
      return def.values[0];
    case 'array':
      return [sampleOf(def.element)];
    case 'record':
      return { A: sampleOf(def.valueType) };
    case 'object':
      return 'command' in def.shape
        ? { command: 'true' }
        : Object.fromEntries(
            Object.entries(def.shape)
              .filter(([, inner]) => !z.safeParse(inner, undefined).success)
              .map(([name, inner]) => [name, sampleOf(inner)]),
          );
    case 'union':
      return sampleOf(def.options[0] as z.core.$ZodType);
    case 'optional':
    case 'nullable':
    case 'default':
      return sampleOf(def.innerType);
    case 'pipe':
      return sampleOf(def.in);
    default:
      return 'example';
  }
}
