/** Migration 4: what left the sandboxes, and what model calls cost. */
import type { Migration } from '../migrate.ts';

export const egress: Migration = {
  number: 4,
  name: 'egress',
  statements: [
    `create table egress_records (
      session_id text not null, seq bigint not null, turn_id text, record text not null,
      primary key (session_id, seq))`,
    `create table model_spend (
      session_id text not null, month text not null, tenant_id text not null,
      tokens bigint not null, cost_usd double precision not null,
      primary key (session_id, month))`,
    `create index model_spend_by_tenant on model_spend (tenant_id, month)`,
  ],
};
