/** Migration 1: tenants' keys, agents, sessions, turns, the log and idempotency keys. */
import type { Migration } from '../migrate.ts';

export const sessionsAndLog: Migration = {
  number: 1,
  name: 'sessions-and-log',
  statements: [
    `create table meta (key text primary key, value text not null)`,

    `create table api_keys (
      id text primary key, tenant_id text not null, key_hash text not null unique, key_prefix text not null,
      label text not null default '', created_at text not null)`,
    `create index api_keys_by_tenant on api_keys (tenant_id, created_at, id)`,

    `create table agents (
      id text primary key, tenant_id text not null, name text not null, version bigint not null,
      version_id text not null, created_at text not null, updated_at text not null,
      unique (tenant_id, name))`,

    `create table agent_versions (
      id text primary key, tenant_id text not null, agent_id text not null, agent_name text not null,
      number bigint not null, hash text not null, size_bytes bigint not null, file_count bigint not null,
      created_at text not null,
      unique (agent_id, number))`,
    `create index agent_versions_by_hash on agent_versions (hash)`,

    `create table sessions (
      id text primary key, tenant_id text not null, agent_id text not null, agent_name text not null,
      agent_version_id text not null, status text not null, sandbox_id text not null, runner_id text,
      parent_session_id text, model text, config text, settings text, sealed text,
      last_seq bigint not null default 0, turn_count bigint not null default 0,
      lease_epoch bigint not null default 0, lease_holder text,
      frame_life text, frame_n bigint not null default 0, runtime_started integer not null default 0,
      created_at text not null, last_active_at text not null, ended_at text)`,
    `create index sessions_by_tenant on sessions (tenant_id, created_at, id)`,
    `create index sessions_by_agent on sessions (tenant_id, agent_name, created_at, id)`,
    `create index sessions_by_status on sessions (status)`,

    `create table turns (
      id text primary key, tenant_id text not null, session_id text not null, ordinal bigint not null,
      status text not null, input text not null, options text not null, accepted_seq bigint not null,
      started_seq bigint, ended_seq bigint, error_code text, error text,
      created_at text not null, started_at text, ended_at text,
      unique (session_id, ordinal))`,
    `create index turns_by_status on turns (status, session_id)`,
    // The guard behind the state machine: two running turns of one session cannot be stored at all.
    `create unique index turns_one_running on turns (session_id) where status = 'running'`,

    `create table log_entries (
      session_id text not null, seq bigint not null, type text not null, turn_id text, data text not null,
      created_at text not null,
      primary key (session_id, seq))`,

    `create table idempotency_keys (
      tenant_id text not null, key text not null, fingerprint text not null, resource_id text not null,
      response text, created_at text not null,
      primary key (tenant_id, key))`,
    `create index idempotency_keys_by_age on idempotency_keys (created_at)`,
  ],
};
