/** Migration 5: an agent's active version may be an older one than the newest. */
import type { Migration } from '../migrate.ts';

export const activeVersion: Migration = {
  number: 5,
  name: 'active-version',
  statements: [
    `alter table agents add column latest_version bigint not null default 0`,
    `update agents set latest_version = version`,
  ],
};
