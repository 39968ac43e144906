import { describe, expect, test } from 'vitest';
import { configOf, patchedConfig } from '../../src/sessions/config.ts';
import { sdkMcpServers, splitEnv, visibleMcpServers } from '../../src/sessions/options.ts';
import { runtimeKeyOf } from '../../src/turns/runtime-key.ts';

const servers = {
  web: { url: 'https://user:pass@mcp.test:8443/path?key=secret', headers: { authorization: 'secret' } },
  old: { url: 'http://mcp.test/sse', type: 'sse' as const },
  local: { command: 'python3', args: ['secret.py'], env: { KEY: 'secret' } },
};

describe('MCP servers', () => {
  test('get the type that the Agent SDK wants', () => {
    const types = Object.entries(sdkMcpServers(servers) ?? {}).map(([name, server]) => [
      name,
      (server as { type: string }).type,
    ]);
    expect(types).toEqual([
      ['web', 'http'],
      ['old', 'sse'],
      ['local', 'stdio'],
    ]);
    expect(sdkMcpServers(servers)).toMatchObject(servers);
  });

  test('are shown without anything secret', () => {
    const shown = visibleMcpServers(servers);
    expect(shown).toEqual([
      { name: 'web', transport: 'http', url: 'https://mcp.test:8443/path' },
      { name: 'old', transport: 'sse', url: 'http://mcp.test/sse' },
      { name: 'local', transport: 'stdio', command: 'python3' },
    ]);
    expect(JSON.stringify(shown)).not.toMatch(/secret|pass/);
  });
});

test('variables: keys of the model API go to the gateway, names of our own nowhere, the rest into the sandbox', () => {
  const given = { A: '1', ASH_SESSION_ID: 'x', ANTHROPIC_BASE_URL: 'http://evil', ANTHROPIC_AUTH_TOKEN: 't' };
  expect(splitEnv(given)).toEqual({ env: { A: '1' }, modelHeaders: { authorization: 'Bearer t' } });
  expect(() => splitEnv({ ANTHROPIC_API_KEY: 'line\nbreak' })).toThrow('ANTHROPIC_API_KEY');
});

test('a configuration is merged, unset with null, and null when nothing is left', () => {
  expect(configOf({ allowedTools: [], initialAgent: undefined })).toEqual({ allowedTools: [] });
  const merged = patchedConfig({ allowedTools: ['A'], betas: ['b'] }, { allowedTools: ['C'], betas: undefined });
  expect(merged).toEqual({ allowedTools: ['C'], betas: ['b'] });
  expect(patchedConfig({ betas: ['b'] }, { betas: null })).toBeNull();
});

test('the key of a runtime changes with what needs another start, not with what a live one is switched to', () => {
  const session = { model: null, config: null, settings: { agentVersion: 1 }, sealed: null };
  const key = runtimeKeyOf(session, {});
  expect(runtimeKeyOf(session, { model: 'm', effort: 'low' })).toBe(key);
  const others = [
    runtimeKeyOf(session, { maxTurns: 1 }),
    runtimeKeyOf(session, { thinking: { type: 'disabled' } }),
    runtimeKeyOf({ ...session, model: 'm' }, {}),
    runtimeKeyOf({ ...session, config: { betas: [] } }, {}),
    runtimeKeyOf({ ...session, sealed: 's' }, {}),
    runtimeKeyOf(session, {}, 'turn'),
  ];
  expect(new Set([key, ...others]).size).toBe(7);
});
