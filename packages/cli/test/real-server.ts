/** The program against a server of its own: what every test of commands begins with. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { contract } from '@ash-ai/shared/contract';
import { expect } from 'vitest';
import { z } from 'zod';
import type { Ash } from '../../../test/e2e/harness.ts';
import { type Home, makeHome } from './ash.ts';

/** A home whose commands talk to the server. */
export function homeOf(ash: Ash): Promise<Home> {
  return makeHome({ ASH_SERVER_URL: ash.url, ASH_API_KEY: ash.key });
}

/** Runs a command that has to succeed, and reads the JSON that it prints. */
export async function json<T = unknown>(home: Home, args: string[], stdin?: string): Promise<T> {
  const { code, stdout, stderr } = await home.ash([...args, '--json'], stdin === undefined ? {} : { stdin });
  expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

/** Fails unless a value is what the contract has at a place of a route's answer, with nothing more. */
export function expectAsContract(route: keyof typeof contract, key: string | undefined, value: unknown): void {
  const { reply } = contract[route];
  const schema = 'schema' in reply ? reply.schema : undefined;
  if (!(schema instanceof z.ZodObject)) throw new Error(`${route} answers with no object`);
  const shape: z.ZodType | undefined = key === undefined ? schema : (schema.shape as Record<string, z.ZodType>)[key];
  if (shape === undefined) throw new Error(`${route} has no ${key}`);
  expect(shape.parse(value)).toEqual(value);
}

/** Writes an agent folder into the home. */
export async function writeFiles(home: Home, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(home.folder, path)), { recursive: true });
    await writeFile(join(home.folder, path), content);
  }
}
