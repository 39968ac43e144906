/** Head starts: only what was started before, for the same options, and in the same words each time. */
import type { Paths } from '@ash-ai/shared/bridge-wire';
import { expect, test } from 'vitest';
import { HeadStarts } from '../src/head-start.ts';
import type { Boot } from '../src/runner.ts';

const paths: Paths = {
  ...{ workspace: '/workspace', home: '/home/agent', modelSocket: '/run/model.sock' },
  ...{ egressSocket: '/run/egress.sock', executable: '/opt/claude' },
};

function boot(sessionId: string, more: Partial<Boot['runtime']> = {}, egress?: Boot['egress']): Boot {
  return {
    workspace: { agentDir: '/agent' },
    runtime: { sessionId, permissionMode: 'bypassPermissions', env: { ASH_SESSION_ID: sessionId }, ...more },
    runtimeKey: 'key',
    conversationKnown: false,
    upstream: { baseUrl: 'http://model', headers: {} },
    ...(egress === undefined ? {} : { egress }),
  };
}

const argsOf = (sessionId: string) => ['--session-id', sessionId, '--verbose'];

test('the words of before, with the id and the environment of now', () => {
  const known = new HeadStarts();
  expect(known.of(boot('one'), false, paths, false)).toBeUndefined();
  known.learn(boot('one'), false, argsOf('one'));
  const words = known.of(boot('two'), false, paths, false)?.command.split('\0') ?? [];
  expect(words.slice(0, 2)).toEqual(['/usr/bin/env', '-i']);
  expect(words).toContain('ASH_SESSION_ID=two');
  expect(words.slice(words.indexOf('/opt/claude'))).toEqual(['/opt/claude', ...argsOf('two'), '']);
  expect(words.join(' ')).not.toContain('one');
});

test('other options, a resume, a fork, and whatever may reach the network have none of it', () => {
  const known = new HeadStarts();
  known.learn(boot('one'), false, argsOf('one'));
  const limits = { spentUsd: 0, usedTokens: 0 };
  const allow = [{ host: 'example.com' }] as never;
  const others = [
    known.of(boot('two', { model: 'another' }), false, paths, false),
    known.of(boot('two', { disallowedTools: ['Bash'] }), false, paths, false),
    known.of(boot('two'), true, paths, false),
    known.of(boot('two', { forkOf: { sessionId: 'one' } }), false, paths, false),
    known.of(boot('two', {}, { policy: { allow }, limits } as never), false, paths, false),
  ];
  expect(others).toEqual([undefined, undefined, undefined, undefined, undefined]);
});

test('words that differ from time to time are never used again', () => {
  const known = new HeadStarts();
  known.learn(boot('one'), false, argsOf('one'));
  known.learn(boot('two'), false, [...argsOf('two'), '/tmp/random']);
  known.learn(boot('three'), false, argsOf('three'));
  expect(known.of(boot('four'), false, paths, false)).toBeUndefined();
});

test('so many are remembered, those that were used last', () => {
  const known = new HeadStarts();
  for (let index = 0; index < 300; index += 1) {
    known.learn(boot('one', { model: `model-${index}` }), false, argsOf('one'));
    expect(known.of(boot('two', { model: 'model-0' }), false, paths, false)).toBeDefined();
  }
  expect(known.of(boot('two', { model: 'model-1' }), false, paths, false)).toBeUndefined();
  expect(known.of(boot('two', { model: 'model-299' }), false, paths, false)).toBeDefined();
});
