/** The model API: it is reached from here, and takes the key. Asked once for its list of models, which costs nothing. */
import { type Check, checksOf } from './check.ts';

const { ok, note, warning, error } = checksOf('model');
const patienceMs = 15_000;

/** @param model where the calls of the server would go, with the headers that carry its key */
export async function checkModel(model: {
  baseUrl: string;
  headers: Readonly<Record<string, string>>;
}): Promise<Check[]> {
  const url = `${model.baseUrl.replace(/\/$/, '')}/v1/models?limit=1`;
  const asked = `GET ${url}`;
  const headers = { 'anthropic-version': '2023-06-01', ...model.headers };
  const name = model.headers['x-api-key'] === undefined ? 'ANTHROPIC_AUTH_TOKEN' : 'ANTHROPIC_API_KEY';
  const keyed = model.headers['x-api-key'] !== undefined || model.headers.authorization !== undefined;
  let status: number;
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(patienceMs), redirect: 'manual' });
    status = response.status;
    await response.body?.cancel();
  } catch (cause) {
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    return [error('model API', `${asked}: ${reason}`, 'Sessions need it. Look at ANTHROPIC_BASE_URL, DNS, firewall.')];
  }
  const reached = ok('model API', `reached: ${asked} answered ${status}`);
  if (!keyed) {
    const fix = 'Set ANTHROPIC_API_KEY for the server, or store keys with "ash credential add".';
    return [reached, warning('key', 'none in this environment', fix)];
  }
  if (status === 200) return [reached, ok('key', `${name} of this environment is accepted`)];
  if (status === 401 || status === 403)
    return [reached, error('key', `${name} of this environment is refused (${status})`, 'Set another one.')];
  return [reached, note('key', `${name} could not be tried: this API has no list of models`)];
}
