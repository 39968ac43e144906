/** Between rows and what the nouns give out: JSON columns become values, flags become booleans, pages get their bounds. */
import type { Kysely, Transaction } from 'kysely';
import type { Tables } from './tables.ts';

/** What a reading query runs on: the store's `db` or a transaction. */
export type Reader = Kysely<Tables> | Transaction<Tables>;
/** What a writing query runs on: the transaction of a `store.write`. */
export type Writer = Transaction<Tables>;

/** A row whose JSON columns `K` are parsed. What they hold is for the room that wrote them to say. */
export type WithJson<Row, K extends keyof Row> = Omit<Row, K> & { [P in K]: unknown };

/** Parses the named JSON columns of a row; null stays null. */
export function parseJson<Row extends object, K extends keyof Row>(row: Row, columns: readonly K[]): WithJson<Row, K> {
  const parsed = { ...row } as Record<PropertyKey, unknown>;
  for (const column of columns) {
    const text = row[column];
    if (typeof text === 'string') parsed[column] = JSON.parse(text);
  }
  return parsed as WithJson<Row, K>;
}

/** A value as the text of a JSON column; undefined and null become SQL null. */
export function toJson(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}

/** A page of a list: at most `limit` rows (default 100) after skipping `offset` (default 0). */
export interface Page {
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
}

/** The default size of a page. */
export const PAGE_LIMIT = 100;
