/** GET per second, by a load generator in another process, beside a bare Fastify route. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { AshServer } from './ash-server.ts';
import { figuresOf, type Results, repeat } from './measure.ts';

const place = (name: string): string => new URL(`./${name}`, import.meta.url).pathname;

export async function rates(server: AshServer): Promise<Results> {
  const session = await server.client.createSession('bench');
  const key = `Bearer ${server.apiKey}`;
  const bare = spawn(process.execPath, [place('bare-fastify.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [said] = (await once(bare.stdout, 'data')) as [Buffer];
    const { url } = JSON.parse(said.toString()) as { url: string };
    const ofSession = await repeat(3, () => rate(`${server.url}/api/sessions/${session.id}`, key));
    const ofHealth = await repeat(3, () => rate(`${server.url}/health`, key));
    const ofBare = await repeat(3, () => rate(url, key));
    return {
      'GET session (32 connections)': figuresOf(ofSession, '/s'),
      'GET health (the same)': figuresOf(ofHealth, '/s'),
      '  a bare Fastify route': figuresOf(ofBare, '/s'),
    };
  } finally {
    bare.kill('SIGTERM');
    await server.client.endSession(session.id);
  }
}

async function rate(url: string, authorization: string): Promise<number> {
  const load = spawn(process.execPath, [place('load.ts'), url, authorization, '32'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { perSecond } = JSON.parse(await text(load.stdout)) as { perSecond: number };
  return perSecond;
}
