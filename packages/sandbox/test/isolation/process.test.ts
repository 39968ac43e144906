import { expect, it } from 'vitest';
import { createProcessIsolation } from '../../src/isolation/process.ts';
import { isolationConformance } from './conformance.ts';

isolationConformance({ title: 'process', name: 'process' }, () => Promise.resolve(createProcessIsolation()));

it('claims to enforce nothing', () => {
  expect(createProcessIsolation().capabilities()).toMatchObject({ memory: 'none', files: false, network: false });
});
