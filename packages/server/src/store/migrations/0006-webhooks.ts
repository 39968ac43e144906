/** Migration 6: endpoints of webhooks, and what is to be delivered to them. */
import type { Migration } from '../migrate.ts';

export const webhooks: Migration = {
  number: 6,
  name: 'webhooks',
  statements: [
    `create table webhook_endpoints (
      id text primary key, tenant_id text not null, url text not null, description text not null, events text,
      enabled integer not null, secret text not null, previous_secret text, previous_secret_until text,
      created_at text not null, updated_at text not null)`,
    `create index webhook_endpoints_by_tenant on webhook_endpoints (tenant_id, created_at, id)`,

    `create table webhook_deliveries (
      id text primary key, endpoint_id text not null, tenant_id text not null, event_id text not null, type text not null,
      session_id text, seq bigint, queue_item_id text, status text not null, attempts bigint not null default 0,
      next_attempt_at text, claimed_by text, lease_until text, last_attempt_at text, last_status_code bigint,
      last_error text, created_at text not null, delivered_at text)`,
    `create index webhook_deliveries_by_endpoint on webhook_deliveries (endpoint_id, id)`,
    `create index webhook_deliveries_due on webhook_deliveries (status, next_attempt_at)`,
    `create index webhook_deliveries_by_age on webhook_deliveries (created_at)`,
  ],
};
