/** Terms of egress on a real database: what is left to spend, which keys are filled in, what is kept of records. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errors } from '@ash-ai/shared';
import type { EgressRecord } from '@ash-ai/shared/egress';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EgressRooms, Terms } from '../../src/egress/terms.ts';
import * as egressStore from '../../src/store/egress.ts';
import { openStore, type Store } from '../../src/store/open.ts';

const session = { id: 'one', tenantId: 'default' };
const credentials: EgressRooms['credentials'] = {
  resolve: async (tenantId, id) => {
    if (tenantId !== 'default' || id !== 'known') throw errors.credential_not_found({ credentialId: id });
    return { type: 'custom', key: 'the $& key' };
  },
};

let store: Store;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ash-terms-'));
  store = await openStore({ file: join(folder, 'ash.db') });
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function termsWith(config: Partial<EgressRooms['config']> = {}): Terms {
  const none = { modelAllow: undefined, sessionSpendUsd: undefined, tenantSpendUsd: undefined };
  return new Terms({
    store,
    credentials,
    config: {
      egressCeiling: ['*'],
      modelServerTools: ['web_search_*'],
      ...none,
      modelCallsPerMinute: undefined,
      ...config,
    },
  });
}

async function spend(sessionId: string, month: string, costUsd: number, tenantId = 'default'): Promise<void> {
  await store.write((tx) => egressStore.addSpend(tx, { sessionId, tenantId, month, tokens: 10, costUsd }));
}

const thisMonth = () => new Date().toISOString().slice(0, 7);

describe('limits', () => {
  test('nothing is set: nothing is limited, and what was used is known', async () => {
    await spend('one', '2020-01', 1);
    await spend('one', thisMonth(), 2);
    await spend('one', thisMonth(), 3);
    await spend('two', thisMonth(), 50);
    const { policy, limits } = await termsWith().of(session, {});
    expect(policy).toEqual({ allow: [], ceiling: ['*'] });
    expect(limits).toEqual({ serverTools: [['web_search_*']], spentUsd: 6, usedTokens: 30 });
  });

  test('of server and session the lower one counts, and both lists of models', async () => {
    const terms = termsWith({ modelAllow: ['a*'], sessionSpendUsd: 5, modelCallsPerMinute: 10 });
    const modelLimits = { models: ['ab'], maxSpendUsd: 9, requestsPerMinute: 3 };
    expect((await terms.of(session, { modelLimits })).limits).toMatchObject({
      ...{ models: [['a*'], ['ab']], maxSpendUsd: 5, requestsPerMinute: 3 },
    });
  });

  test('a tenant that has spent what it may in this month may not spend', async () => {
    const terms = termsWith({ tenantSpendUsd: 10 });
    await spend('one', '2020-01', 100);
    await spend('other', thisMonth(), 100, 'other');
    await spend('one', thisMonth(), 4);
    expect((await terms.of(session, {})).limits.tenantLeftUsd).toBe(6);
    await terms.maySpend(session);
    await spend('two', thisMonth(), 6);
    await expect(terms.maySpend(session)).rejects.toMatchObject({ code: 'spend_limit_reached' });
    await termsWith().maySpend(session);
  });
});

describe('credentials', () => {
  const rule = (value: string) => [{ host: 'api.test', headers: { authorization: value } }];

  test('are filled in as they are', async () => {
    const filled = await termsWith().filled('default', rule('Bearer {{credential:known}} {{ credential: known }}'));
    expect(filled).toEqual(rule('Bearer the $& key the $& key'));
  });

  test("another tenant's is a missing one", async () => {
    const { filled } = { filled: (tenant: string) => termsWith().filled(tenant, rule('{{credential:known}}')) };
    await expect(filled('other')).rejects.toMatchObject({ code: 'credential_invalid' });
  });
});

test('records are numbered, paged, and bounded', async () => {
  const record = (port: number): EgressRecord => ({
    ...{ at: '2026-01-01T00:00:00.000Z', method: 'connect', host: 'a.test', port, address: null, allowed: false },
    ...{ reason: 'not_listed', status: 403, bytesOut: 0, bytesIn: 0, durationMs: 0, count: 1 },
    ...{ model: null, tokens: null, costUsd: null },
  });
  const batch = Array.from({ length: 100 }, (_, index) => ({ turnId: null, record: record(index) }));
  for (let times = 0; times < 25; times += 1) await store.write((tx) => egressStore.append(tx, 'one', batch));
  const all = await egressStore.list(store.db, 'one', { after: 0, limit: 5000 });
  expect(all.length).toBeLessThanOrEqual(2200);
  expect(all.length).toBeGreaterThanOrEqual(2000);
  expect(all.at(-1)).toEqual({ seq: 2500, turnId: null, ...record(99) });
  expect(await egressStore.list(store.db, 'one', { after: 2400, limit: 2 })).toMatchObject([
    { seq: 2401 },
    { seq: 2402 },
  ]);
  expect(await egressStore.list(store.db, 'two', { after: 0, limit: 2 })).toEqual([]);
});
