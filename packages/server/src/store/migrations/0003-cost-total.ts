/** Migration 3: the runtime's running totals of costs and tokens, as of the session's last result. */
import type { Migration } from '../migrate.ts';

export const costTotal: Migration = {
  number: 3,
  name: 'cost-total',
  statements: [
    `alter table sessions add column cost_total double precision not null default 0`,
    `alter table sessions add column cost_tokens bigint not null default 0`,
  ],
};
