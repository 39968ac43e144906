/** The one list of migrations, in order. Applied ones are never edited; a change is a new number at the end. */
import type { Migration } from '../migrate.ts';
import { sessionsAndLog } from './0001-sessions-and-log.ts';
import { wholeContract } from './0002-whole-contract.ts';
import { costTotal } from './0003-cost-total.ts';
import { egress } from './0004-egress.ts';
import { activeVersion } from './0005-active-version.ts';
import { webhooks } from './0006-webhooks.ts';

export const migrations: readonly Migration[] = [
  sessionsAndLog,
  wholeContract,
  costTotal,
  egress,
  activeVersion,
  webhooks,
];
