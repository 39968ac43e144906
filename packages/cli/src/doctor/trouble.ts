/** What is wrong in a data folder: things lost, broken, or left over. Only read; a server may run on it meanwhile. */
import { existsSync } from 'node:fs';
import { type Check, checksOf, type Given } from './check.ts';

const { ok, ...bySeverity } = checksOf('storage');
/** A folder in ruins would fill the screen. */
const most = 50;

export async function checkTrouble({ dataDir, env, thorough }: Given): Promise<Check[]> {
  if (!existsSync(dataDir)) return [];
  const { findTrouble } = await import('@ash-ai/server');
  const found = await findTrouble({ dataDir, databaseUrl: env.ASH_DATABASE_URL, thorough });
  if (found.length === 0)
    return [ok('integrity', thorough ? 'read whole, and all of it is good' : 'nothing is lost or broken')];
  const shown = found.slice(0, most).map(({ severity, code, what, suggestion }) => {
    return bySeverity[severity](code, what, suggestion);
  });
  const more = found.length - shown.length;
  return more === 0 ? shown : [...shown, bySeverity.note('and more', `${more} more like these`)];
}
