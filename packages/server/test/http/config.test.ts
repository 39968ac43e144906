/** Reading the environment. */
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigInvalid, readConfig, variables } from '../../src/config.ts';

function problems(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.problems;
    throw error;
  }
}

test('an empty environment gives the defaults', () => {
  expect(readConfig({})).toEqual({
    host: '0.0.0.0',
    port: 4100,
    dataDir: resolve('data'),
    capacityWaitMs: 60_000,
    maxWaiting: 1000,
    maxSpares: 8,
    spares: 'adaptive',
    maxSandboxes: 1000,
    idleTimeoutMs: 1_800_000,
    minFreeDiskMb: 32,
    turnRecoveries: 3,
    queueConcurrency: 4,
    rateLimit: { quota: 3000, windowMs: 60_000 },
    rateLimitSessions: { quota: 300, windowMs: 60_000 },
    rateLimitAgents: { quota: 60, windowMs: 60_000 },
    trustedProxies: ['loopback'],
    maxAttachmentBytes: 10_485_760,
    isolation: 'bubblewrap',
    uidBase: 200_000,
    uidClaimsDir: '/var/lib/ash/uids',
    logLevel: 'info',
    modelRetries: 10,
    modelServerTools: ['web_search_*', 'tool_search_*'],
    deployPaths: 'default-tenant',
    egressCeiling: ['*'],
    sandboxMemoryMb: 2048,
    sandboxPids: 256,
    sandboxCpus: 1,
    sandboxDisk: 'auto',
    sandboxDiskMb: 4096,
    sandboxInodes: 500_000,
    sandboxOpenFiles: 8192,
    snapshotAfterTurnMs: 300_000,
    snapshotKeep: 5,
    snapshotDays: 30,
    snapshotMaxMb: 16_384,
    endedWorkspaces: 1000,
    endedWorkspaceDays: 30,
    endedSnapshotDays: 365,
    queueItemDays: 90,
    usageDays: 730,
    model: { baseUrl: 'https://api.anthropic.com', headers: {} },
  });
});

test('values are trimmed, and an empty one is as good as none', () => {
  const config = readConfig({ ASH_PORT: ' 5000 ', ASH_HOST: '  ', ASH_API_KEY: '', ASH_SANDBOX_CPUS: '0.5' });
  expect(config).toMatchObject({ port: 5000, host: '0.0.0.0', sandboxCpus: 0.5 });
  expect(config.apiKey).toBeUndefined();
});

test('the model upstream is made of the base URL, the keys and the custom headers', () => {
  const env = {
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:9/v1/',
    ANTHROPIC_API_KEY: 'k',
    ANTHROPIC_AUTH_TOKEN: 't',
    ANTHROPIC_CUSTOM_HEADERS: 'X-One: 1\\nX-Two : a: b\n\nX-Api-Key: other',
  };
  expect(readConfig(env).model).toEqual({
    baseUrl: 'http://127.0.0.1:9/v1',
    headers: { 'x-api-key': 'other', authorization: 'Bearer t', 'x-one': '1', 'x-two': 'a: b' },
  });
});

test('who may call, and how often, is read', () => {
  const env = {
    ASH_RATE_LIMIT: 'off',
    ASH_RATE_LIMIT_AGENTS: '5/900',
    ASH_TRUSTED_PROXIES: '10.0.0.1, 10.1.0.0/16,fd00::/8',
    ALLOWED_ORIGINS: 'https://a.example, http://localhost:3000',
  };
  const config = readConfig(env);
  expect(config.rateLimit).toBeUndefined();
  expect(config).toMatchObject({
    rateLimitAgents: { quota: 5, windowMs: 900_000 },
    trustedProxies: ['10.0.0.1', '10.1.0.0/16', 'fd00::/8'],
    allowedOrigins: ['https://a.example', 'http://localhost:3000'],
  });
  expect(readConfig({ ASH_TRUSTED_PROXIES: 'none' }).trustedProxies).toEqual([]);
});

test.each([
  [{ ASH_PORT: 'abc' }, /^ASH_PORT: must be a whole number from 0 to 65535, not "abc"$/],
  [{ ASH_PORT: '70000' }, /^ASH_PORT: must be a whole number from 0 to 65535/],
  [{ ASH_ISOLATION: 'none' }, /^ASH_ISOLATION: must be one of bubblewrap, oci, process, not "none"$/],
  [{ ASH_PERMISSION_MODE: 'x' }, /^ASH_PERMISSION_MODE: must be one of bypassPermissions/],
  [{ ANTHROPIC_BASE_URL: 'api.example' }, /^ANTHROPIC_BASE_URL: must be an http/],
  [{ ANTHROPIC_CUSTOM_HEADERS: 'no colon' }, /^ANTHROPIC_CUSTOM_HEADERS: must be lines of the form "Name: value"$/],
  [{ ANTHROPIC_API_KEY: 'sécret' }, /^ANTHROPIC_API_KEY: must be visible ASCII[^é]*$/],
  [{ ASH_RATE_LIMIT: '100' }, /^ASH_RATE_LIMIT: must be requests and seconds such as "3000\/60", or "off", not "100"$/],
  [{ ASH_RATE_LIMIT_SESSIONS: '0/60' }, /^ASH_RATE_LIMIT_SESSIONS: must be requests and seconds/],
  [{ ASH_TRUSTED_PROXIES: '10.0.0.0/33' }, /^ASH_TRUSTED_PROXIES: must be addresses and ranges .* "10\.0\.0\.0\/33"/],
  [{ ASH_TRUSTED_PROXIES: 'proxy.example' }, /^ASH_TRUSTED_PROXIES: must be addresses/],
  [{ ALLOWED_ORIGINS: 'https://a.example,b.example' }, /^ALLOWED_ORIGINS: must be origins such as .* "b\.example"/],
  [{ ALLOWED_ORIGINS: 'https://a.example/' }, /^ALLOWED_ORIGINS: must be origins/],
])('%j is refused by name', (env, problem) => {
  expect(problems(env)).toEqual([expect.stringMatching(problem)]);
});

test('all problems are told at once, and the table can be documented', () => {
  expect(problems({ ASH_PORT: 'x', ASH_SANDBOX_PIDS: 'y' })).toHaveLength(2);
  for (const { name, meaning } of Object.values(variables)) {
    expect(name).toMatch(/^[A-Z_]+$/);
    expect(meaning).not.toBe('');
  }
});
