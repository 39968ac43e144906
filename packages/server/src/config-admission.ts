/** How the settings of who may call, and how often, are written. */
import { isIP } from 'node:net';
import { z } from 'zod';

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
  const proxies = given === 'none' ? [] : partsOf(given);
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
  const origins = partsOf(given);
  const wrong = origins.find(
    (origin) => origin !== '*' && !(URL.canParse(origin) && new URL(origin).origin === origin),
  );
  if (wrong === undefined) return origins;
  context.addIssue(`must be origins such as "https://app.example.com", which ${JSON.stringify(wrong)} is not`);
  return z.NEVER;
}

function partsOf(given: string): string[] {
  return given.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
}
