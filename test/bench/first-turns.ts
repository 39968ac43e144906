/** First turns: cold, with a spare, after sleep, and fifty at once, each beside the Agent SDK alone. */
import { availableParallelism } from 'node:os';
import { Slots } from '../../packages/sandbox/src/slots.ts';
import { AshServer } from './ash-server.ts';
import { figuresOf, type Results, repeat } from './measure.ts';
import { SdkAlone } from './sdk-alone.ts';
import { hello, type Times, turn } from './turn.ts';

const agentMs = ({ agent }: Times): number => agent;

/** From create to the agent's first event, without any spare, with a bridge that waits, and with a runtime that waits. */
export async function firstTurns(modelUrl: string): Promise<Results> {
  const alone = await repeat(10, () => sdkFirst(modelUrl));
  const [cold, bridge, booted] = [
    await created(modelUrl, { ASH_SPARES: 'off' }, 10),
    await created(modelUrl, { ASH_SPARES: '1' }, 8, true),
    await created(modelUrl, { ASH_SPARES: '1' }, 12),
  ];
  return {
    'create → first event of the agent, a runtime waits': figuresOf(booted.map(agentMs), 'ms'),
    'create → first event of the agent, a bridge waits': figuresOf(bridge.map(agentMs), 'ms'),
    'create → first event of the agent, cold': figuresOf(cold.map(agentMs), 'ms'),
    '  SDK alone': figuresOf(alone.map(agentMs), 'ms'),
    'create → whole turn, cold': figuresOf(
      cold.map(({ whole }) => whole),
      'ms',
    ),
    '  SDK alone, whole turn': figuresOf(
      alone.map(({ whole }) => whole),
      'ms',
    ),
  };
}

/** @param others whether each session is unlike any before, so that only a bridge can wait for it */
async function created(modelUrl: string, env: Record<string, string>, n: number, others = false): Promise<Times[]> {
  await using server = await AshServer.start(modelUrl, env);
  await server.deploy('bench');
  return await repeat(n, async (index) => {
    if (env.ASH_SPARES !== 'off') {
      while ((await server.client.health()).pool.warm < 2) await new Promise((resolve) => setTimeout(resolve, 50));
      // What the start of the spare itself has set going.
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const start = performance.now();
    const session = await server.client.createSession('bench', others ? { systemPrompt: `# Number ${index}\n` } : {});
    const times = await turn(server, session.id, start);
    await server.client.endSession(session.id);
    return times;
  });
}

async function sdkFirst(modelUrl: string): Promise<Times> {
  const start = performance.now();
  await using sdk = await SdkAlone.start(modelUrl);
  return await sdkTurn(sdk, start);
}

async function sdkTurn(sdk: SdkAlone, start: number): Promise<Times> {
  let agent = Number.NaN;
  await sdk.turn(hello, ({ type }) => {
    if (type === 'system' && Number.isNaN(agent)) agent = performance.now() - start;
  });
  return { byte: Number.NaN, agent, whole: performance.now() - start };
}

/** A message to a session that is asleep, beside a resume by the SDK. */
export async function wakes(modelUrl: string): Promise<Results> {
  await using server = await AshServer.start(modelUrl, { ASH_IDLE_TIMEOUT_MS: '250' });
  await server.deploy('bench');
  const session = await server.client.createSession('bench');
  await turn(server, session.id, performance.now());
  const ash = await repeat(8, async () => {
    while ((await server.client.health()).activeSandboxes > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    return await turn(server, session.id, performance.now());
  });
  let sdk = await SdkAlone.start(modelUrl);
  await sdkTurn(sdk, performance.now());
  const alone = await repeat(8, async () => {
    const wake = await sdk.sleep(modelUrl);
    const start = performance.now();
    sdk = wake();
    return await sdkTurn(sdk, start);
  });
  await sdk[Symbol.asyncDispose]();
  return {
    'asleep: message → first event of the agent': figuresOf(ash.map(agentMs), 'ms'),
    '  SDK alone, resume': figuresOf(alone.map(agentMs), 'ms'),
  };
}

/**
 * Fifty sessions, the first message of all at once; the SDK alone starts as many at a time as there are cores. All of them
 * stay: a runtime that has nothing to do still takes 10 to 15 ms of the processor each second in its first half minute.
 */
export async function burst(modelUrl: string, count = 50): Promise<Results> {
  const slots = new Slots(availableParallelism());
  const aloneStart = performance.now();
  const alone: SdkAlone[] = [];
  const begin = async () => {
    const sdk = await SdkAlone.start(modelUrl);
    alone.push(sdk);
    await sdkTurn(sdk, aloneStart);
  };
  await Promise.all(Array.from({ length: count }, () => slots.use(begin)));
  const aloneMs = performance.now() - aloneStart;
  await Promise.all(alone.map((sdk) => sdk[Symbol.asyncDispose]()));
  await using server = await AshServer.start(modelUrl);
  await server.deploy('bench');
  const start = performance.now();
  await Promise.all(
    Array.from({ length: count }, async () => {
      const session = await server.client.createSession('bench');
      await turn(server, session.id, start);
    }),
  );
  const ashMs = performance.now() - start;
  return {
    [`${count} sessions, first message at once: sessions`]: figuresOf([(count * 1000) / ashMs], '/s'),
    '  SDK alone, sessions': figuresOf([(count * 1000) / aloneMs], '/s'),
  };
}
