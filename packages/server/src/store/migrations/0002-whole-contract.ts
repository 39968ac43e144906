/** Migration 2: what the rest of the HTTP contract keeps: credentials, attachments, queue, usage, approvals. */
import type { Migration } from '../migrate.ts';

export const wholeContract: Migration = {
  number: 2,
  name: 'whole-contract',
  statements: [
    `create table credentials (
      id text primary key, tenant_id text not null, type text not null, encrypted_key text not null, iv text not null,
      auth_tag text not null, salt text, label text not null default '', active integer not null default 1,
      created_at text not null, last_used_at text)`,
    `create index credentials_by_tenant on credentials (tenant_id, created_at, id)`,

    `create table attachments (
      id text primary key, tenant_id text not null, message_id text not null, session_id text not null,
      filename text not null, mime_type text not null, size bigint not null, storage_path text not null,
      created_at text not null)`,
    `create index attachments_by_session on attachments (tenant_id, session_id, created_at, id)`,
    `create index attachments_by_message on attachments (message_id)`,

    `create table queue_items (
      id text primary key, tenant_id text not null, session_id text, agent_name text not null, prompt text not null,
      status text not null default 'pending', priority bigint not null default 0,
      retry_count bigint not null default 0, max_retries bigint not null default 3, error text, retry_after text,
      lease_until text, claimed_by text, turn_id text,
      created_at text not null, started_at text, completed_at text)`,
    `create index queue_items_by_tenant on queue_items (tenant_id, created_at, id)`,
    `create index queue_items_next on queue_items (status, priority, created_at, id)`,

    `create table usage_events (
      id text primary key, tenant_id text not null, session_id text not null, agent_name text not null,
      event_type text not null, value double precision not null, created_at text not null)`,
    `create index usage_events_by_session on usage_events (tenant_id, session_id)`,
    `create index usage_events_by_agent on usage_events (tenant_id, agent_name)`,
    `create index usage_events_by_time on usage_events (tenant_id, created_at, id)`,
    `create index usage_events_by_type on usage_events (event_type)`,

    `create table approvals (
      id text primary key, tenant_id text not null, session_id text not null, turn_id text not null,
      request text not null, status text not null default 'pending', answer text,
      created_at text not null, answered_at text)`,
    `create index approvals_by_session on approvals (tenant_id, session_id, status)`,
  ],
};
