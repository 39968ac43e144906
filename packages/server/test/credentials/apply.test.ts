/** Where a credential goes. */
import { expect, test } from 'vitest';
import { applyCredential } from '../../src/credentials/apply.ts';

const aws = { accessKeyId: 'id', secretAccessKey: 'secret', region: 'eu-west-1' };
const awsEnv = {
  CLAUDE_CODE_USE_BEDROCK: '1',
  AWS_ACCESS_KEY_ID: 'id',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_REGION: 'eu-west-1',
};

test.each([
  [
    { type: 'anthropic', key: 'sk-ant' },
    { env: {}, modelHeaders: { 'x-api-key': 'sk-ant' } },
  ],
  [
    { type: 'openai', key: 'sk' },
    { env: { OPENAI_API_KEY: 'sk' }, modelHeaders: undefined },
  ],
  [
    { type: 'custom', key: 'ü\n' },
    { env: { ASH_CUSTOM_API_KEY: 'ü\n' }, modelHeaders: undefined },
  ],
  [
    { type: 'bedrock', key: JSON.stringify({ ...aws, more: 1 }) },
    { env: awsEnv, modelHeaders: undefined },
  ],
  [
    { type: 'bedrock', key: JSON.stringify({ ...aws, sessionToken: 't' }) },
    { env: { ...awsEnv, AWS_SESSION_TOKEN: 't' }, modelHeaders: undefined },
  ],
] as const)('%j', (credential, applied) => {
  expect(applyCredential('c', credential)).toEqual(applied);
});

test.each([
  [{ type: 'anthropic', key: 'two\nlines' }, /ASCII/],
  [{ type: 'custom', key: 'a\0b' }, /NUL/],
  [{ type: 'bedrock', key: 'AKIA…' }, /not a JSON object/],
  [{ type: 'bedrock', key: '[]' }, /not a JSON object/],
  [{ type: 'bedrock', key: '{"region":"x","accessKeyId":""}' }, /lacks accessKeyId, secretAccessKey/],
] as const)('%j is refused', (credential, reason) => {
  expect(() => applyCredential('c', credential)).toThrow(
    expect.objectContaining({ code: 'credential_invalid', statusCode: 400, message: expect.stringMatching(reason) }),
  );
});
