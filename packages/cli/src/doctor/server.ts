/** The server that commands talk to: it answers, has this command's version, and takes the stored key. */
import type { Context } from '../context.ts';
import { bodyOf } from '../failure.ts';
import { readVersion } from '../version.ts';
import { type Check, checksOf } from './check.ts';

const { ok, note, warning, error } = checksOf('server');

export async function checkServer(context: Context): Promise<Check[]> {
  const url = context.serverUrl();
  const client = await context.client(undefined, { maxRetries: 0 });
  let version: string;
  try {
    ({ version } = await client.health());
  } catch (cause) {
    const { error: reason } = bodyOf(cause, url);
    if (cause instanceof TypeError) return [note('server', reason, 'ash start, or ash link <url>')];
    return [error('server', `${url}: ${reason}`, 'Something else listens there, or the server is ill: ash logs')];
  }
  const own = readVersion();
  const checks = [
    version === own
      ? ok('server', `${url}, version ${version}`)
      : warning('server', `${url}, version ${version}; this command is ${own}`, 'Use the same version: ash upgrade'),
  ];
  const refused = await client.listAgents().then(
    () => undefined,
    (cause: unknown) => bodyOf(cause, url),
  );
  if (refused === undefined) checks.push(ok('API key', 'accepted'));
  else
    checks.push(
      error('API key', refused.error, refused.suggestion ?? 'Set ASH_API_KEY, or ash link <url> --api-key -'),
    );
  return checks;
}
