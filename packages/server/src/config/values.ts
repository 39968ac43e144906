/** How the values of settings are written, and what they are read as. */
import { isIP } from 'node:net';
import { type IsolationName, isolationNames, type LimitsRequest, limitsRequestSchema } from '@ash-ai/shared/contract';
import { parsePattern } from '@ash-ai/shared/egress';
import { z } from 'zod';
import type { SparePolicy } from '../spares/demand.ts';

export const text = z.string();

export function whole(min: number, max: number) {
  return text
    .regex(/^\d{1,15}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);
}

export function numberFrom(min: number, max: number) {
  return text
    .regex(/^\d{1,15}(?:\.\d{1,6})?$/, `must be a number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a number from ${min} to ${max}`);
}

export function choice<const T extends readonly [string, ...string[]]>(values: T) {
  return text.pipe(z.enum(values, `must be one of ${values.join(', ')}`));
}

export function toSparePolicy(given: string, context: z.RefinementCtx): SparePolicy {
  if (given === 'off' || given === 'adaptive') return given;
  if (/^\d{1,3}$/.test(given)) return given === '0' ? 'off' : Number(given);
  context.addIssue('must be "off", "adaptive" or a whole number up to 999');
  return z.NEVER;
}

export function toList(given: string): string[] {
  return given.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
}

export function toIsolations(given: string, context: z.RefinementCtx): IsolationName[] {
  const names = toList(given);
  const wrong = names.find((name) => !isolationNames.some((known) => known === name));
  if (wrong === undefined) return names as IsolationName[];
  context.addIssue(`must be isolations (${isolationNames.join(', ')}), which ${JSON.stringify(wrong)} is not`);
  return z.NEVER;
}

export function toPatterns(given: string, context: z.RefinementCtx): string[] {
  const patterns = given === 'none' ? [] : toList(given);
  const wrong = patterns.find((pattern) => parsePattern(pattern) === undefined);
  if (wrong === undefined) return patterns;
  context.addIssue(`must be hosts such as "api.example.com,*.example.org:8443", which ${JSON.stringify(wrong)} is not`);
  return z.NEVER;
}

export function toCeiling(given: string, context: z.RefinementCtx): LimitsRequest {
  const pairs = given.split(',').map((pair) => pair.trim().split('='));
  const asked = limitsRequestSchema.safeParse(Object.fromEntries(pairs.map(([name, value]) => [name, Number(value)])));
  if (asked.success) return asked.data;
  const [issue] = asked.error.issues;
  context.addIssue(
    `must be limits such as "memoryMb=4096,cpus=2" (${[...(issue?.path ?? []), issue?.message].join(' ')})`,
  );
  return z.NEVER;
}

export function toBaseUrl(given: string, context: z.RefinementCtx): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return given.replace(/\/+$/, '');
  context.addIssue('must be an http:// or https:// address');
  return z.NEVER;
}

export function toHeaderValue(given: string, context: z.RefinementCtx): string {
  if (!/[^\x20-\x7e]/.test(given)) return given;
  context.addIssue('must be visible ASCII, because it is sent as a header');
  return z.NEVER;
}

export function toHeaders(given: string, context: z.RefinementCtx): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of given.split(/\r?\n|\\n/)) {
    if (line.trim() === '') continue;
    const [, name, value] = /^\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*:\s*([\x20-\x7e]*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      context.addIssue('must be lines of the form "Name: value"');
      return z.NEVER;
    }
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

/** `3000/60`: requests and seconds. */
export function toRate(given: string, context: z.RefinementCtx): { quota: number; windowMs: number } | undefined {
  if (given === 'off') return undefined;
  const [, quota, seconds] = /^(\d{1,9})\/(\d{1,5})$/.exec(given) ?? [];
  if (Number(quota) > 0 && Number(seconds) > 0) return { quota: Number(quota), windowMs: Number(seconds) * 1000 };
  context.addIssue('must be requests and seconds such as "3000/60", or "off"');
  return z.NEVER;
}

/** Addresses, ranges, and `loopback`. */
export function toProxies(given: string, context: z.RefinementCtx): string[] {
  const proxies = given === 'none' ? [] : toList(given);
  const wrong = proxies.find((proxy) => {
    const [address = '', bits, ...rest] = proxy.split('/');
    const longest = { 4: 32, 6: 128 }[isIP(address)];
    if (longest === undefined) return proxy !== 'loopback';
    return rest.length > 0 || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= longest));
  });
  if (wrong === undefined) return proxies;
  context.addIssue(
    `must be addresses and ranges such as "10.0.0.1,10.1.0.0/16", which ${JSON.stringify(wrong)} is not`,
  );
  return z.NEVER;
}

/** Origins as browsers write them, and `*`. */
export function toOrigins(given: string, context: z.RefinementCtx): string[] {
  const origins = toList(given);
  const wrong = origins.find(
    (origin) => origin !== '*' && !(URL.canParse(origin) && new URL(origin).origin === origin),
  );
  if (wrong === undefined) return origins;
  context.addIssue(`must be origins such as "https://app.example.com", which ${JSON.stringify(wrong)} is not`);
  return z.NEVER;
}
