/** Facts about the installation as a whole, by key. */
import type { Reader, Writer } from './row.ts';

/** The value of a key. */
export async function get(db: Reader, key: string): Promise<string | undefined> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst();
  return row?.value;
}

/** Sets a key unless it has a value; returns the value that holds, so that racing servers agree. */
export async function setOnce(tx: Writer, key: string, value: string): Promise<string> {
  await tx
    .insertInto('meta')
    .values({ key, value })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
  return (await get(tx, key)) ?? value;
}
