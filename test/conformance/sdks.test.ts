/** One scenario through both SDKs, against one real server: what they return must be the same. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { AshApiError, type AshClient } from '@ash-ai/sdk';
import { expect, test, vi } from 'vitest';
import { pythonEnv, pythonForSamples } from '../docs/python.ts';
import { useAsh } from '../e2e/harness.ts';
import { type Step, steps } from './sdk-scenario.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });
const server = useAsh({ env: { ASH_CREDENTIAL_KEY: 'seals-the-conformance' } });

/** What a call came to, as plain JSON. */
type Outcome = Record<string, unknown>;

test('the TypeScript and the Python SDK return the same', async () => {
  const { ash } = server;
  const python = await pythonForSamples();
  // A tenant each, so that their lists hold the same.
  const [keyOfTypeScript, keyOfPython] = [ash.keyOf('typescript'), ash.keyOf('python')];
  const ofTypeScript = told(await throughTypeScript(ash.clientOf(() => keyOfTypeScript)));
  const ofPython = told(await throughPython(python, keyOfPython));
  for (const [index, step] of steps.entries()) {
    expect
      .soft(ofPython[index], `step ${index}: ${step.call} ${JSON.stringify(step.at ?? [])}`)
      .toEqual(ofTypeScript[index]);
  }
  // The scenario says something of both kinds, and of all events of a turn.
  const all = JSON.stringify(ofTypeScript);
  expect(ofTypeScript.filter(({ statusCode }) => statusCode !== undefined).length).toBeGreaterThan(20);
  for (const type of ['session_start', 'text_delta', 'tool_use', 'tool_result', 'approval', 'error', 'done']) {
    expect(all).toContain(`"type":"${type}"`);
  }
});

async function throughPython(python: string, key: string): Promise<Outcome[]> {
  const child = spawn(python, [join(import.meta.dirname, 'sdk_scenario.py')], {
    env: { ...pythonEnv, PATH: process.env.PATH ?? '', ASH_SERVER_URL: server.ash.url, ASH_API_KEY: key },
  });
  child.stdin.end(JSON.stringify(steps));
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  expect(errors).toBe('');
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Outcome);
}

async function throughTypeScript(client: AshClient): Promise<Outcome[]> {
  const answers: Record<string, unknown> = {};
  const outcomes: Outcome[] = [];
  for (const step of steps) outcomes.push(await take(client, step, answers));
  return outcomes;
}

async function take(client: AshClient, step: Step, answers: Record<string, unknown>): Promise<Outcome> {
  const call = Reflect.get(client, step.call) as (...args: unknown[]) => unknown;
  const args = [...(step.at ?? []), ...(step.with === undefined ? [] : [step.with])].map((arg) => filled(arg, answers));
  try {
    for (;;) {
      const answer = await plain(call(...args), step.leaveAt);
      const wanted = Object.entries(step.until ?? {});
      if (wanted.every(([name, value]) => (answer as Outcome)[name] === value)) {
        if (step.as !== undefined) answers[step.as] = answer;
        return { answer };
      }
      await delay(20);
    }
  } catch (error) {
    if (!(error instanceof AshApiError)) throw error;
    const { statusCode, code = null, suggestion = null, details, retryable, request } = error;
    const hasRequestId = error.requestId !== undefined;
    return { error: error.message, statusCode, code, suggestion, details, retryable, request, hasRequestId };
  }
}

/** Any answer as JSON. */
async function plain(given: unknown, leaveAt?: string): Promise<unknown> {
  if (typeof given === 'object' && given !== null && Symbol.asyncIterator in given) {
    const items: unknown[] = [];
    for await (const item of given as AsyncIterable<{ type?: string }>) {
      items.push(item);
      if (leaveAt !== undefined && item.type === leaveAt) break;
    }
    return items;
  }
  const value = (await given) ?? null;
  if (value instanceof Uint8Array) return `base64:${Buffer.from(value).toString('base64')}`;
  if (typeof value === 'object' && value !== null && 'buffer' in value) {
    return { ...value, buffer: await plain(value.buffer) };
  }
  return value;
}

/** A step's arguments with what they name. */
function filled(value: unknown, answers: Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((each) => filled(each, answers));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, filled(each, answers)]));
  }
  if (typeof value !== 'string') return value;
  if (value.startsWith('base64:')) return Buffer.from(value.slice('base64:'.length), 'base64');
  if (!value.startsWith('$')) return value;
  const found = value
    .slice(1)
    .split('.')
    .reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], answers);
  return filled(found, answers);
}

/**
 * Outcomes without what differs from run to run: ids by their first appearance, instants, durations, secrets, and places in
 * the log, as the runtime may still say something of a turn that is over.
 */
function told(outcomes: readonly Outcome[]): Outcome[] {
  const ids = new Map<string, string>();
  const idOf = (id: string) => ids.get(id) ?? ids.set(id, `<id ${ids.size + 1}>`).get(id);
  return outcomes.map((outcome, index) => {
    const compare = steps[index]?.compare ?? 'all';
    if (compare === 'nothing' && 'answer' in outcome) return {};
    const answer = Array.isArray(outcome.answer) ? withoutPieces(outcome.answer) : outcome.answer;
    const compared = compare === 'all' || !Array.isArray(answer) ? answer : partOf(answer, compare);
    const json = JSON.stringify(inOrder({ ...outcome, answer: compared }))
      .replace(/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b(?:msg|toolu|req)_[\w-]+/g, (id) => `${idOf(id)}`)
      .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/g, '<instant>')
      .replace(/(\\*"(?:\w*_ms|\w*Ms|totalComputeSeconds|sequence|lastSeq)\\*":)[\d.e-]+/g, '$10')
      .replace(/("eventType":"compute_seconds"[^{}]*"value":)[\d.e-]+/g, '$10')
      .replace(/(?<=\/agent-versions\/)[0-9a-f]+/g, '<tenant>')
      .replace(/\bash_[\w-]{4,}/g, '<key>')
      .replace(/\bwhsec_[\w+/=]+/g, '<secret>')
      .replace(/("tenantId":)"(?:typescript|python)"/g, '$1"<tenant>"');
    return JSON.parse(json) as Outcome;
  });
}

function partOf(answer: unknown[], compare: Step['compare']): unknown[] {
  if (compare === 'last') return answer.slice(-1);
  return (answer as { eventType: string }[]).toSorted((a, b) => (a.eventType < b.eventType ? -1 : 1));
}

/** The same with the keys of every object in order, which may differ by language. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, each]) => [name, inOrder(each)]));
}

/** Events with the pieces of a text as one: where it is cut is up to the network. */
function withoutPieces(events: readonly unknown[]): unknown[] {
  const whole: unknown[] = [];
  for (const event of events) {
    const { type, data } = event as { type?: string; data?: { type?: string; delta?: string } };
    if (type === 'message' && data?.type === 'stream_event') continue;
    const last = whole.at(-1) as { type?: string; data: { delta: string } } | undefined;
    if (type?.endsWith('_delta') && last?.type === type) {
      whole[whole.length - 1] = { type, data: { delta: last.data.delta + (data?.delta ?? '') } };
    } else whole.push(event);
  }
  return whole;
}
