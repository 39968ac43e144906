/** Conformance: sessions, agents, API keys and idempotency keys. */
import { describe, expect, test } from 'vitest';
import * as agents from '../../src/store/agents.ts';
import * as apiKeys from '../../src/store/api-keys.ts';
import * as idempotency from '../../src/store/idempotency.ts';
import type { Store } from '../../src/store/open.ts';
import * as sessions from '../../src/store/sessions.ts';
import { type Backend, opened } from './backend.ts';
import { AT, newSession, upTo } from './backend-rows.ts';

const LATER = '2026-02-02T00:00:00.000Z';

export function nounSuite({ fresh }: Backend): void {
  describe('sessions', () => {
    test('a new session comes back whole, and only to its tenant', async () => {
      const store = await opened(fresh());
      const config = { allowedTools: ['Bash'] };
      const session = await newSession(store, { id: 's', tenantId: 'acme', config, model: 'opus', sealed: 'x' });
      expect(session).toMatchObject({ sandboxId: 's', config, settings: null, runtimeStarted: false, lastSeq: 0 });
      expect(await sessions.get(store.db, 'acme', 's')).toEqual(session);
      expect(await sessions.getById(store.db, 's')).toEqual(session);
      expect(await sessions.get(store.db, 'default', 's')).toBeUndefined();
    });

    test('of concurrent changes of status one wins', async () => {
      const store = await opened(fresh());
      const { id } = await newSession(store);
      const change = (to: 'paused' | 'ended', from: 'active' | 'paused') =>
        store.write((tx) => sessions.setStatus(tx, { id, from: [from], to, at: LATER, patch: { endedAt: LATER } }));
      const outcomes = await Promise.all(upTo(8).map(() => change('paused', 'active')));
      expect(outcomes.filter((row) => row !== undefined)).toHaveLength(1);
      expect(await change('ended', 'active')).toBeUndefined();
      expect(await change('ended', 'paused')).toMatchObject({ status: 'ended', endedAt: LATER, lastActiveAt: LATER });
    });

    test('a patch changes what it names and nothing else', async () => {
      const store = await opened(fresh());
      const before = await newSession(store, { config: { a: 1 }, settings: { b: 2 }, model: 'm' });
      const patch = { model: null, settings: { c: [3] }, runtimeStarted: true };
      const after = await store.write((tx) => sessions.update(tx, { id: before.id, at: LATER, patch }));
      expect(after).toEqual({ ...before, ...patch, lastActiveAt: LATER });
      const cleared = await store.write((tx) =>
        sessions.update(tx, { id: before.id, at: LATER, patch: { config: null } }),
      );
      expect(cleared).toMatchObject({ config: null, settings: { c: [3] } });
      expect(await store.write((tx) => sessions.update(tx, { id: 'none', at: LATER, patch }))).toBeUndefined();
    });

    test('lists are newest first, in one order also within an instant, filtered and paged', async () => {
      const store = await opened(fresh());
      for (const n of upTo(6)) {
        const createdAt = n < 3 ? AT : LATER;
        await newSession(store, { id: `s${n}`, createdAt, agentName: n % 2 ? 'odd' : 'even', status: 'active' });
      }
      await newSession(store, { id: 'foreign', tenantId: 'acme' });
      await store.write((tx) => sessions.setStatus(tx, { id: 's1', from: ['active'], to: 'paused', at: LATER }));
      const ids = async (filter: Parameters<typeof sessions.list>[2]) =>
        (await sessions.list(store.db, 'default', filter)).map(({ id }) => id);
      expect(await ids({})).toEqual(['s5', 's4', 's3', 's2', 's1', 's0']);
      expect(await ids({ limit: 2, offset: 1 })).toEqual(['s4', 's3']);
      expect(await ids({ agent: 'odd' })).toEqual(['s5', 's3', 's1']);
      expect(await ids({ agent: 'odd', status: 'active' })).toEqual(['s5', 's3']);
      expect(await ids({ limit: 0 })).toEqual([]);
      expect(await sessions.count(store.db, 'default', { agent: 'odd' })).toBe(3);
      expect(await sessions.count(store.db, 'default')).toBe(6);
      expect(await sessions.countByStatus(store.db)).toEqual({ active: 6, paused: 1 });
      const alive = await sessions.listByStatus(store.db, ['active', 'paused']);
      expect(alive.map(({ id }) => id)).toEqual(['foreign', 's0', 's1', 's2', 's3', 's4', 's5']);
    });

    test('racing owners get different epochs', async () => {
      const store = await opened(fresh());
      const { id } = await newSession(store);
      const epochs = await Promise.all(
        upTo(10).map((n) => store.write((tx) => sessions.acquireLease(tx, id, `r${n}`))),
      );
      expect(epochs.sort((a = 0, b = 0) => a - b)).toEqual(upTo(10).map((n) => n + 1));
      expect(await store.write((tx) => sessions.acquireLease(tx, 'none', 'r'))).toBeUndefined();
    });
  });

  describe('agents', () => {
    const deploy = (store: Store, name: string, n: number, tenantId = 'default') =>
      store.write((tx) =>
        agents.deploy(tx, {
          tenantId,
          name,
          newAgentId: `agent-${tenantId}-${name}-${n}`,
          versionId: `version-${tenantId}-${name}-${n}`,
          hash: `hash-${n}`,
          sizeBytes: 5_000_000_000,
          fileCount: 3,
          at: n === 0 ? AT : LATER,
        }),
      );

    test('concurrent deployments of a name give one agent with dense versions', async () => {
      const store = await opened(fresh());
      const deployed = await Promise.all(upTo(10).map((n) => deploy(store, 'bot', n)));
      expect(new Set(deployed.map(({ agent }) => agent.id)).size).toBe(1);
      const agent = await agents.get(store.db, 'default', 'bot');
      expect(agent?.version).toBe(10);
      const versions = await agents.listVersions(store.db, agent?.id ?? '', { limit: 10 });
      expect(versions.map(({ number }) => number)).toEqual(upTo(10).map((n) => 10 - n));
      expect(versions[0]?.id).toBe(agent?.versionId);
      expect(versions[0]).toMatchObject({ sizeBytes: 5_000_000_000, fileCount: 3, agentName: 'bot' });
      const third = await agents.getVersionByNumber(store.db, agent?.id ?? '', 3);
      expect(await agents.getVersion(store.db, third?.id ?? '')).toEqual(third);
      const page = await agents.listVersions(store.db, agent?.id ?? '', { limit: 2, before: 4 });
      expect(page.map(({ number }) => number)).toEqual([3, 2]);
    });

    test('an older version may be the active one; the next deployment has the next number all the same', async () => {
      const store = await opened(fresh());
      const first = await deploy(store, 'bot', 0);
      await deploy(store, 'bot', 1);
      const activate = () => store.write((tx) => agents.activate(tx, { version: first.version, at: LATER }));
      expect(await activate()).toBe(true);
      const rolledBack = await agents.get(store.db, 'default', 'bot');
      expect(rolledBack).toMatchObject({ version: 1, versionId: first.version.id, latestVersion: 2, updatedAt: LATER });
      const next = await deploy(store, 'bot', 2);
      expect([next.agent, next.version]).toMatchObject([{ version: 3, latestVersion: 3 }, { number: 3 }]);
      await store.write((tx) => agents.remove(tx, 'default', 'bot'));
      expect(await activate()).toBe(false);
    });

    test('a deleted agent keeps its versions; the name starts anew; other tenants are untouched', async () => {
      const store = await opened(fresh());
      await deploy(store, 'bot', 0);
      await deploy(store, 'bot', 0, 'acme');
      expect(await store.write((tx) => agents.remove(tx, 'default', 'bot'))).toMatchObject({ name: 'bot' });
      expect(await store.write((tx) => agents.remove(tx, 'default', 'bot'))).toBeUndefined();
      expect(await agents.get(store.db, 'acme', 'bot')).toBeDefined();
      expect(await agents.getVersion(store.db, 'version-default-bot-0')).toBeDefined();
      const { agent } = await deploy(store, 'bot', 1);
      expect(agent).toMatchObject({ version: 1, id: 'agent-default-bot-1' });
      expect(await agents.isHashUsed(store.db, 'hash-0')).toBe(true);
      expect(await agents.isHashUsed(store.db, 'hash-9')).toBe(false);
    });

    test('lists by name, byte by byte on both databases', async () => {
      const store = await opened(fresh());
      const names = ['b', 'B', 'a-b', 'a_b', 'aa', 'é', 'z', 'ab', '1'];
      for (const name of names) await deploy(store, name, 0);
      const sorted = ['1', 'B', 'a-b', 'a_b', 'aa', 'ab', 'b', 'z', 'é'];
      expect((await agents.list(store.db, 'default')).map(({ name }) => name)).toEqual(sorted);
      const page = await agents.list(store.db, 'default', { limit: 2, offset: 1 });
      expect(page.map(({ name }) => name)).toEqual(['B', 'a-b']);
    });
  });

  test('API keys are found by any of their hashes, listed newest first, deleted by their tenant only', async () => {
    const store = await opened(fresh());
    const key = (id: string, tenantId: string, createdAt: string) => ({
      id,
      tenantId,
      keyHash: `hash-${id}`,
      keyPrefix: 'ash_1234',
      label: '',
      createdAt,
    });
    for (const row of [key('a', 'default', AT), key('b', 'default', LATER), key('c', 'acme', AT)]) {
      await store.write((tx) => apiKeys.insert(tx, row));
    }
    expect(await apiKeys.findByHashes(store.db, ['other', 'hash-c'])).toEqual(key('c', 'acme', AT));
    expect(await apiKeys.findByHashes(store.db, [])).toBeUndefined();
    expect(await apiKeys.findByHashes(store.db, ['other'])).toBeUndefined();
    expect((await apiKeys.list(store.db, 'default')).map(({ id }) => id)).toEqual(['b', 'a']);
    expect(await store.write((tx) => apiKeys.remove(tx, 'default', 'c'))).toBeUndefined();
    expect(await store.write((tx) => apiKeys.remove(tx, 'default', 'a'))).toMatchObject({ id: 'a' });
    expect(await apiKeys.count(store.db)).toBe(2);
    await expect(
      store.write((tx) => apiKeys.insert(tx, { ...key('d', 'x', AT), keyHash: 'hash-b' })),
    ).rejects.toThrow();
  });

  describe('idempotency keys', () => {
    const claim = (resourceId: string, at = AT) => ({
      tenantId: 'default',
      key: 'k',
      fingerprint: 'f',
      resourceId,
      at,
    });

    test('of racing claims one wins and the others are told of it', async () => {
      const store = await opened(fresh());
      const claims = await Promise.all(
        upTo(20).map(async (n) => ({ n, row: await store.write((tx) => idempotency.claim(tx, claim(`r${n}`))) })),
      );
      const winners = claims.filter(({ row }) => row === undefined);
      expect(winners).toHaveLength(1);
      const told = new Set(claims.flatMap(({ row }) => (row === undefined ? [] : [row.resourceId])));
      expect(told).toEqual(new Set([`r${winners[0]?.n}`]));
      const foreign = store.write((tx) => idempotency.claim(tx, { ...claim('x'), tenantId: 'acme' }));
      expect(await foreign).toBeUndefined();
    });

    test('a claim whose work fails is free again; an answer is kept until the sweep', async () => {
      const store = await opened(fresh());
      const failing = store.write(async (tx) => {
        await idempotency.claim(tx, claim('lost'));
        throw new Error('no work done');
      });
      await expect(failing).rejects.toThrow('no work done');
      expect(await store.write((tx) => idempotency.claim(tx, claim('kept')))).toBeUndefined();
      const response = { statusCode: 201, body: 'ü' };
      await store.write((tx) => idempotency.setResponse(tx, { tenantId: 'default', key: 'k', response }));
      const again = await store.write((tx) => idempotency.claim(tx, claim('late')));
      expect(again).toMatchObject({ resourceId: 'kept', fingerprint: 'f', response });
      const sweep = (before: string, limit: number) => store.write((tx) => idempotency.sweep(tx, { before, limit }));
      expect(await sweep(AT, 9)).toBe(0);
      expect(await sweep(LATER, 9)).toBe(1);
      expect(await idempotency.get(store.db, 'default', 'k')).toBeUndefined();
      for (const n of upTo(4)) {
        const at = new Date(Date.parse(AT) + Math.min(n, 2)).toISOString();
        await store.write((tx) => idempotency.claim(tx, { ...claim('x'), key: `k${n}`, at }));
      }
      // The oldest first; those of the same instant together.
      expect([await sweep(LATER, 1), await sweep(LATER, 1), await sweep(LATER, 1), await sweep(LATER, 1)]).toEqual([
        1, 1, 2, 0,
      ]);
    });
  });
}
