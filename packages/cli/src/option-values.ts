/** Options that take more than any text. */
import { Failure } from './failure.ts';

/** The whole number that an option was given; undefined when it wasn't. */
export function count(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new Failure(`${option} takes a number, not ${JSON.stringify(text)}`);
  return Number(text);
}

/** The number that an option was given, fractions too. */
export function amount(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,12}(\.\d{1,9})?$/.test(text)) throw new Failure(`${option} takes a number, not ${JSON.stringify(text)}`);
  return Number(text);
}

/** One of the words that an option knows. */
export function choice<T extends string>(option: string, text: string | undefined, known: readonly T[]): T | undefined {
  const found = known.find((word) => word === text);
  if (text !== undefined && found === undefined) throw new Failure(`${option} takes one of ${known.join(', ')}`);
  return found;
}

/** `NAME=value` several times, as an object; undefined when there are none. */
export function pairs(option: string, texts: readonly string[] | undefined): Record<string, string> | undefined {
  if (texts === undefined || texts.length === 0) return undefined;
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new Failure(`${option} takes NAME=value, not ${JSON.stringify(text)}`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

/** A JSON object that an option was given, or `@file` that holds one. */
export async function jsonObject(option: string, text: string | undefined): Promise<Record<string, unknown>> {
  if (text === undefined) return {};
  const value: unknown = await textOrFile(option, text).then((json) => {
    try {
      return JSON.parse(json);
    } catch {
      return undefined;
    }
  });
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Failure(`${option} takes a JSON object, or @ and the file that holds one`);
  }
  return value as Record<string, unknown>;
}

/** A text that an option was given, or the content of the file after `@`. */
export async function textOrFile(option: string, text: string): Promise<string> {
  if (!text.startsWith('@')) return text;
  const { readFile } = await import('node:fs/promises');
  return readFile(text.slice(1), 'utf8').catch((cause) => {
    throw new Failure(`${option}: ${text.slice(1)} can't be read`, { cause });
  });
}

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** An instant: a date, a date-time, or how long ago (`30m`, `24h`, `7d`). */
// biome-ignore lint/plugin: the user means the time of day
export function instant(option: string, text: string | undefined, nowMs: number = Date.now()): string | undefined {
  if (text === undefined) return undefined;
  const [, number, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  const ms =
    number !== undefined && unit !== undefined ? nowMs - Number(number) * (units[unit] ?? 0) : Date.parse(text);
  if (Number.isNaN(ms)) throw new Failure(`${option} takes a date (2026-01-31), a date-time, or a time ago (24h, 7d)`);
  return new Date(ms).toISOString();
}
