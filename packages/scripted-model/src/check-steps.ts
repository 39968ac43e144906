// Checks that a parsed script has the form of step.ts, and says where it has not.
import { apiError } from './api-error.ts';
import { asObject } from './json.ts';
import type { StepFields } from './step.ts';

type Check = (value: unknown, where: string) => void;

const maxSteps = 1000;
const maxMs = 600_000;

/**
 * The steps of a script; a string becomes a step of text only.
 * @throws ApiError 400 that names the wrong place
 */
export function checkSteps(value: unknown): readonly StepFields[] {
  if (!Array.isArray(value) || value.length > maxSteps) throw wrong('script', `an array of at most ${maxSteps} steps`);
  return value.map((item: unknown, index) => {
    const step = typeof item === 'string' ? { text: item } : item;
    checkStep(step, `step ${index + 1}`);
    return step as StepFields;
  });
}

const text: Check = (value, where) => {
  if (typeof value !== 'string') throw wrong(where, 'a string');
};

const flag: Check = (value, where) => {
  if (typeof value !== 'boolean') throw wrong(where, 'true or false');
};

const object: Check = (value, where) => {
  if (asObject(value) === undefined) throw wrong(where, 'an object');
};

const whole =
  (min: number, max: number, word?: string): Check =>
  (value, where) => {
    if (word !== undefined && value === word) return;
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return;
    throw wrong(where, `a whole number from ${min} to ${max}${word === undefined ? '' : ` or "${word}"`}`);
  };

const list =
  (check: Check): Check =>
  (value, where) => {
    if (!Array.isArray(value)) throw wrong(where, 'an array');
    for (const [index, item] of value.entries()) check(item, `${where}[${index}]`);
  };

/** An object with no other fields than these; `needed` is the one it cannot lack. */
const fields =
  (checks: Readonly<Record<string, Check>>, needed?: string): Check =>
  (value, where) => {
    const found = asObject(value);
    if (found === undefined) throw wrong(where, 'an object');
    if (needed !== undefined && found[needed] === undefined) throw wrong(`${where}.${needed}`, 'there');
    for (const [key, item] of Object.entries(found)) {
      const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
      if (check === undefined) throw wrong(`${where}.${key}`, `one of ${Object.keys(checks).join(', ')}`);
      check(item, `${where}.${key}`);
    }
  };

const times = whole(1, 1_000_000, 'always');
const place = whole(0, 1_000_000, 'headers');
const wait = whole(0, maxMs);

const faults: readonly (readonly [kind: string, check: Check])[] = [
  ['status', fields({ status: whole(400, 599), times, message: text, retryAfterSec: wait, shouldRetry: flag })],
  ['cut', fields({ cut: place, times })],
  ['error', fields({ error: whole(0, 1_000_000), type: text, times })],
  ['hang', fields({ hang: place, times })],
];

const checkFault: Check = (value, where) => {
  const kind = faults.find(([name]) => asObject(value)?.[name] !== undefined);
  if (kind === undefined) throw wrong(where, `an object with ${faults.map(([name]) => name).join(', ')}`);
  kind[1](value, where);
};

const checkStep = fields({
  thinking: text,
  text,
  tools: list(fields({ name: text, input: object }, 'name')),
  repeat: whole(1, 100_000),
  chunk: whole(1, 1_000_000),
  deltas: whole(1, 1_000_000),
  delayMs: wait,
  waitMs: wait,
  stop: text,
  faults: list(checkFault),
});

function wrong(where: string, expected: string) {
  return apiError(400, `script: ${where} must be ${expected}`);
}
