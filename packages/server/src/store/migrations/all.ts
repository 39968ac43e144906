/** The one list of migrations, in order. Applied ones are never edited; a change is a new number at the end. */
import type { Migration } from '../migrate.ts';
import { sessionsAndLog } from './0001-sessions-and-log.ts';
import { wholeContract } from './0002-whole-contract.ts';

export const migrations: readonly Migration[] = [sessionsAndLog, wholeContract];
