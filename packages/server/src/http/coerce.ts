/**
 * Scalar coercion by schema, before validation: "5" for a number is 5, "true" for a boolean is true, 5 for a string is "5".
 * Objects, arrays and null stay as they are. Compiled once per schema; a value is changed in place.
 */
import { errors } from '@ash-ai/shared';
import type { z } from 'zod';

type Coercion = (value: unknown) => unknown;

const DECIMAL = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;

/** The coercion for values of `schema`. `path` names the value in errors. Throws `validation_failed` for text with NUL. */
export function coercionOf(schema: z.core.$ZodType, path = ''): Coercion | undefined {
  const { def } = schema._zod as z.core.$ZodTypes['_zod'];
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
    case 'nonoptional':
    case 'catch':
      return coercionOf(def.innerType, path);
    case 'pipe':
      return coercionOf(def.in, path);
    case 'string':
      return toText(path, 'format' in def && def.format === 'uuid');
    case 'number':
      return toNumber;
    case 'boolean':
      return toBoolean;
    case 'enum':
      return oneKind(Object.values(def.entries), path);
    case 'literal':
      return oneKind(def.values, path);
    case 'array':
      return eachItem(coercionOf(def.element, `${path}[]`));
    case 'union':
      return inTurn(def.options.map((option) => coercionOf(option, path)));
    case 'record':
      return eachValue(coercionOf(def.valueType, `${path}.*`));
    case 'object':
      return eachProperty(def.shape, path);
    default:
      return undefined;
  }
}

function toText(path: string, isUuid: boolean): Coercion {
  return (value) => {
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    if (typeof value !== 'string') return value;
    if (value.includes('\0')) throw errors.validation_failed({ reason: `${path}: must not hold a NUL character` });
    // RFC 9562 §4: upper case is the same id; the log and the store know it in lower case.
    return isUuid ? value.toLowerCase() : value;
  };
}

function toNumber(value: unknown): unknown {
  if (typeof value === 'string' && DECIMAL.test(value)) return Number(value);
  return typeof value === 'boolean' ? Number(value) : value;
}

function toBoolean(value: unknown): unknown {
  if (value === 'true' || value === 1) return true;
  return value === 'false' || value === 0 ? false : value;
}

function oneKind(values: readonly unknown[], path: string): Coercion | undefined {
  if (values.every((value) => typeof value === 'string')) return toText(path, false);
  if (values.every((value) => typeof value === 'number')) return toNumber;
  return values.every((value) => typeof value === 'boolean') ? toBoolean : undefined;
}

/** Coercions of the options of a union. Each leaves alone what is of another kind; text stays text. */
function inTurn(options: readonly (Coercion | undefined)[]): Coercion | undefined {
  const coercions = options.filter((coerce) => coerce !== undefined);
  if (coercions.length === 0) return undefined;
  return (value) => coercions.reduce((coerced, coerce) => coerce(coerced), value);
}

function eachItem(coerce: Coercion | undefined): Coercion | undefined {
  if (coerce === undefined) return undefined;
  return (value) => (Array.isArray(value) ? value.map(coerce) : value);
}

function eachValue(coerce: Coercion | undefined): Coercion | undefined {
  if (coerce === undefined) return undefined;
  return (value) => {
    if (isObject(value)) for (const key of Object.keys(value)) value[key] = coerce(value[key]);
    return value;
  };
}

function eachProperty(shape: Readonly<Record<string, z.core.$ZodType>>, path: string): Coercion | undefined {
  const coercions: [string, Coercion][] = [];
  for (const [key, property] of Object.entries(shape)) {
    const coerce = coercionOf(property, path === '' ? key : `${path}.${key}`);
    if (coerce !== undefined) coercions.push([key, coerce]);
  }
  return (value) => {
    if (isObject(value)) {
      for (const [key, coerce] of coercions) if (Object.hasOwn(value, key)) value[key] = coerce(value[key]);
    }
    return value;
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
