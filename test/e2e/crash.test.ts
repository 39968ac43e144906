/** The server dies by kill -9 in the middle of a turn: the next one goes on with it, and readers see everything once. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { script } from '@ash-ai/scripted-model';
import { describe, expect, test } from 'vitest';
import { type Ash, until, useAsh } from './harness.ts';
import { processesOf } from './leaks.ts';
import { stopNextBridge } from './stopped-bridge.ts';
import { deltasOf, Reader, say, type Turn, textOf, turnOf, type WireEvent, wholeItems } from './streams.ts';
import { ToolGate } from './tool-gate.ts';

const use = useAsh();

/** A session whose conversation has something to be remembered. */
async function introduced(ash: Ash): Promise<string> {
  const { id } = await ash.session();
  expect((await say(ash, id, 'My name is Alice.')).status).toBe('completed');
  return id;
}

async function expectGoesOn(ash: Ash, sessionId: string): Promise<void> {
  expect(await say(ash, sessionId, 'What is my name?')).toMatchObject({
    status: 'completed',
    text: 'Your name is Alice.',
  });
}

/** Kills the server, and makes sure that this was in the middle of a turn. */
async function killMidTurn(ash: Ash, sessionId: string): Promise<void> {
  await ash.kill();
  expect(ash.rows('select id from turns where session_id = ? and status = ?', sessionId, 'running')).toHaveLength(1);
}

/** A client that was cut off comes back with its cursor. What it has read of both connections. */
async function comeBack(ash: Ash, sessionId: string, before: Reader, includePartialMessages: boolean): Promise<Turn> {
  await before.rest();
  expect(before.cut).toBe(true);
  const { turnId } = before.events[0]?.data ?? {};
  const after = before.cursor;
  const again = await Reader.follow(ash, sessionId, { after, turnId, includePartialMessages });
  return turnOf([...wholeItems(before.events).flat(), ...(await again.rest())]);
}

/** A client of the SDK, which has to come back by itself. */
function sdkReader(
  ash: Ash,
  sessionId: string,
  from: { after: string; turnId: string },
): { events: Promise<WireEvent[]> } {
  const read = async () => {
    const events: WireEvent[] = [];
    const options = { ...from, includePartialMessages: true };
    for await (const { type, data } of ash.client.followSession(sessionId, options)) events.push({ event: type, data });
    return events;
  };
  return { events: read() };
}

/** What every reader must have seen the same, however often it came back: all but deltas, which a reader may come too late for. */
function stored(events: readonly WireEvent[]): string[] {
  const complete = events.filter(
    ({ event, data }) => event === 'done' || (event === 'message' && data.type !== 'stream_event'),
  );
  return complete.map(({ event, data }) => `${event} ${data.type ?? data.status} ${data.uuid ?? ''}`);
}

/** The SDK gives whole items only, without their ids. */
function deltasOfSdk(events: readonly WireEvent[]): string {
  return events.map(({ event, data }) => (event === 'text_delta' ? data.delta : '')).join('');
}

describe('kill -9 of the server', () => {
  test('during a tool call: the call goes on and is not repeated', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const gate = new ToolGate(ash, id);
    const text = 'The marks are: {{result}}';
    const reader = await Reader.send(ash, id, script({ tools: [gate.tool] }, { text, chunk: 4 }), {
      includePartialMessages: true,
    });
    const start = await reader.until(({ event }) => event === 'session_start');
    const sdk = sdkReader(ash, id, { after: start.id ?? '', turnId: start.data.turnId });
    await gate.running();
    await killMidTurn(ash, id);
    await ash.start();
    await gate.open();
    const turn = await comeBack(ash, id, reader, true);
    expect(turn).toMatchObject({ status: 'completed', text: 'The marks are: begun\nended', error: undefined });
    expect(deltasOf(turn.events)).toBe(turn.text);
    expect(textOf(turn.events)).toBe(turn.text);
    expect(gate.marks).toBe('begun\nended\n');
    expect(stored(await sdk.events)).toEqual(stored(turn.events));
    await expectGoesOn(ash, id);
  });

  test.each([
    ['the first delta', 1],
    ['the tenth delta', 10],
  ])('during text, after %s: both connections together have every delta once', async (_name, nth) => {
    const { ash } = use;
    const id = await introduced(ash);
    const text = 'One by one the words come out, and nobody shall miss one of them. '.repeat(8);
    const reader = await Reader.send(ash, id, script({ text, chunk: 2, delayMs: 8 }), { includePartialMessages: true });
    const start = await reader.until(({ event }) => event === 'session_start');
    const sdk = sdkReader(ash, id, { after: start.id ?? '', turnId: start.data.turnId });
    let seen = 0;
    await reader.until(({ event }) => event === 'text_delta' && ++seen === nth);
    await killMidTurn(ash, id);
    await ash.start();
    const turn = await comeBack(ash, id, reader, true);
    expect(turn).toMatchObject({ status: 'completed', text });
    expect(deltasOf(turn.events)).toBe(text);
    expect(deltasOfSdk(await sdk.events)).toBe(text);
    expect(stored(await sdk.events)).toEqual(stored(turn.events));
    await expectGoesOn(ash, id);
  });

  test('while the model is thinking: its call is neither broken nor made again', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const held = ash.gate.hold('an answer that takes its time');
    const reader = await Reader.send(ash, id, script('an answer that takes its time'));
    await held.reached;
    await reader.until(({ data }) => data.subtype === 'init');
    await killMidTurn(ash, id);
    await ash.start();
    held.open();
    const turn = await comeBack(ash, id, reader, false);
    expect(turn).toMatchObject({ status: 'completed', text: 'an answer that takes its time' });
    expect(ash.gate.of('an answer that takes its time')).toHaveLength(1);
    await expectGoesOn(ash, id);
  });

  test('twice in one turn', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const [first, second] = [new ToolGate(ash, id, 'first'), new ToolGate(ash, id, 'second')];
    const content = script({ tools: [first.tool] }, { tools: [second.tool] }, 'Both are through.');
    const reader = await Reader.send(ash, id, content);
    await first.running();
    await killMidTurn(ash, id);
    await ash.start();
    await first.open();
    await second.running();
    await killMidTurn(ash, id);
    await ash.start();
    await second.open();
    expect(await comeBack(ash, id, reader, false)).toMatchObject({ status: 'completed', text: 'Both are through.' });
    expect([first.marks, second.marks]).toEqual(['begun\nended\n', 'begun\nended\n']);
    await expectGoesOn(ash, id);
  });

  test('with another message waiting: it is run as well, after the first', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const gate = new ToolGate(ash, id);
    const first = await Reader.send(ash, id, script({ tools: [gate.tool] }, 'first'));
    await gate.running();
    const second = await Reader.send(ash, id, script('second'));
    await second.until(({ event }) => event === 'session_start');
    await killMidTurn(ash, id);
    await ash.start();
    await gate.open();
    const turns = [await comeBack(ash, id, first, false), await comeBack(ash, id, second, false)];
    expect(turns).toMatchObject([
      { status: 'completed', text: 'first' },
      { status: 'completed', text: 'second' },
    ]);
    const [one, two] = turns.map(({ events }) => events.map(({ id: place }) => Number(place ?? 0)));
    expect(Math.max(...(one ?? []))).toBeLessThan(two?.[1] ?? 0);
    await expectGoesOn(ash, id);
  });

  test('just after it took a message: the turn is run once', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    const mark = { name: 'Bash', input: { command: 'echo mark >> marks; cat marks' } };
    const reader = await Reader.send(ash, id, script({ tools: [mark] }, '[{{result}}]'));
    await reader.until(({ event }) => event === 'session_start');
    await ash.kill();
    await ash.start();
    expect(await comeBack(ash, id, reader, false)).toMatchObject({ status: 'completed', text: '[mark]' });
    expect(readFileSync(join(ash.workspace(id), 'marks'), 'utf8')).toBe('mark\n');
  });
});

describe('after the death of a sandbox, before the next one has its runtime', () => {
  test.each([
    ['before the model answered', 0],
    ['after a tool', 1],
  ])('%s: the turn goes on, and the model is shown its prompt once', async (when, toolResults) => {
    const { ash } = use;
    const id = await introduced(ash);
    const prompt = `a turn cut twice ${when}`;
    const held = ash.gate.hold(prompt, toolResults);
    const mark = { name: 'Bash', input: { command: 'echo mark >> marks; cat marks' } };
    const reader = await Reader.send(ash, id, `${prompt} ${script({ tools: [mark] }, '[{{result}}]')}`);
    await held.reached;
    if (toolResults > 0) await reader.until(({ event }) => event === 'tool_result');
    // The transcript runs behind.
    const written = toolResults > 0 ? '"type":"tool_result"' : prompt;
    await until(() => readFileSync(transcriptOf(ash, id), 'utf8').includes(written));
    const pid = await stopNextBridge(ash, id);
    await killMidTurn(ash, id);
    process.kill(pid, 'SIGCONT');
    await ash.start();
    held.open();
    const turn = await comeBack(ash, id, reader, false);
    expect(turn).toMatchObject({ status: 'completed', text: '[mark]' });
    // It would say so of a prompt that it was given twice, and that it puts aside.
    expect(turn.events.filter(({ data }) => data.type === 'command_lifecycle' && data.state === 'completed')).toEqual(
      [],
    );
    expect(readFileSync(join(ash.workspace(id), 'marks'), 'utf8')).toBe('mark\n');
    await expectGoesOn(ash, id);
    const shown = JSON.stringify(ash.gate.requests.at(-1)?.body.messages);
    expect(shown.split(prompt)).toHaveLength(2);
    const events = await ash.client.listSessionEvents(id, { type: 'lifecycle' });
    const actions = events.map(({ data }) => JSON.parse(data ?? '').action);
    expect(actions.slice(1)).toEqual(['sandbox_lost', 'recovered']);
  });

  test('a turn that had not begun is given its prompt once', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const next = stopNextBridge(ash, id);
    await until(() => !existsSync(join(ash.dataDir, 'sandboxes', id, 'sandbox.json')));
    const content = `a turn that had not begun ${script('It is done.')}`;
    const reader = await Reader.send(ash, id, content);
    const pid = await next;
    await killMidTurn(ash, id);
    process.kill(pid, 'SIGCONT');
    await ash.start();
    expect(await comeBack(ash, id, reader, false)).toMatchObject({ status: 'completed', text: 'It is done.' });
    expect(ash.gate.of('a turn that had not begun')).toHaveLength(1);
    await expectGoesOn(ash, id);
  });
});

function transcriptOf(ash: Ash, sessionId: string): string {
  return join(ash.workspace(sessionId), '../home/.claude/projects/-workspace', `${sessionId}.jsonl`);
}

/** Frames that wait in the spool of a session's bridge. */
function spooled(ash: Ash, sessionId: string): string {
  return readFileSync(join(ash.dataDir, 'sandboxes', sessionId, 'bridge', 'spool'), 'utf8');
}

describe('while no server runs', () => {
  test('the turn ends: the next server finds it done', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const held = ash.gate.hold('said to nobody');
    const reader = await Reader.send(ash, id, script({ text: 'said to nobody', chunk: 2 }), {
      includePartialMessages: true,
    });
    await held.reached;
    await killMidTurn(ash, id);
    const before = spooled(ash, id).split('"kind":"turn_end"').length;
    held.open();
    await until(() => spooled(ash, id).split('"kind":"turn_end"').length > before);
    await ash.start();
    const turn = await comeBack(ash, id, reader, true);
    expect(turn).toMatchObject({ status: 'completed', text: 'said to nobody' });
    // The deltas are there too: the reader, who had come so far, gets the rest of the run.
    expect(deltasOf(turn.events)).toBe('said to nobody');
    await expectGoesOn(ash, id);
  });

  test('the bridge dies in the middle of a turn: what it left counts, and the turn goes on', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const tool = (word: string) => ({ tools: [{ name: 'Bash', input: { command: `echo ${word}` } }] });
    const content = script(tool('committed'), tool('spooled'), 'never said');
    const [first, second] = [ash.gate.hold('never said', 1), ash.gate.hold('never said', 2)];
    const reader = await Reader.send(ash, id, content);
    await first.reached;
    await reader.until(({ event, data }) => event === 'tool_result' && data.content === 'committed');
    const bridge = ash.bridgePid(id);
    await killMidTurn(ash, id);
    first.open();
    await second.reached;
    expect(spooled(ash, id)).toContain('"stdout":"spooled"');
    // The transcript runs behind: the call that it had not got would be made again, with a note that it was made before.
    await until(() => readFileSync(transcriptOf(ash, id), 'utf8').includes('"stdout":"spooled"'));
    process.kill(bridge, 'SIGKILL');
    second.open();
    await ash.start();
    const turn = await comeBack(ash, id, reader, false);
    expect(turn).toMatchObject({ status: 'completed', text: 'never said', error: undefined });
    const results = turn.events.filter(({ event }) => event === 'tool_result').map(({ data }) => data.content);
    expect(results).toEqual(['committed', 'spooled']);
    second.open();
    await expectGoesOn(ash, id);
  });

  test('the bridge dies after the turn’s end: what it left is all there is to read', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const held = ash.gate.hold('left behind');
    const reader = await Reader.send(ash, id, script('left behind'));
    await held.reached;
    const bridge = ash.bridgePid(id);
    await killMidTurn(ash, id);
    const before = spooled(ash, id).split('"kind":"turn_end"').length;
    held.open();
    await until(() => spooled(ash, id).split('"kind":"turn_end"').length > before);
    process.kill(bridge, 'SIGKILL');
    await ash.start();
    expect(await comeBack(ash, id, reader, false)).toMatchObject({ status: 'completed', text: 'left behind' });
    await expectGoesOn(ash, id);
  });

  test('the session’s bridge dies before a queued message could start: it is run in a new one', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const held = ash.gate.hold('cut short');
    const first = await Reader.send(ash, id, script('cut short'));
    await held.reached;
    const second = await Reader.send(ash, id, 'What is my name?');
    await second.until(({ event }) => event === 'session_start');
    const bridge = ash.bridgePid(id);
    await killMidTurn(ash, id);
    process.kill(bridge, 'SIGKILL');
    await ash.start();
    held.open();
    expect(await comeBack(ash, id, first, false)).toMatchObject({ status: 'completed', text: 'cut short' });
    expect(await comeBack(ash, id, second, false)).toMatchObject({ status: 'completed', text: 'Your name is Alice.' });
  });
});

describe('death of a sandbox in the middle of a turn', () => {
  /** Resolves with the runtime that has the turn for the nth time. */
  async function asked(ash: Ash, prompt: string, times: number): Promise<void> {
    await until(() => ash.gate.of(prompt).length >= times);
  }

  test('again and again: it goes on three times, then the turn fails with a code, and the session goes on', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const held = ash.gate.hold('cut off');
    const reader = await Reader.send(ash, id, script('cut off'));
    const second = await Reader.send(ash, id, 'What is my name?');
    for (let times = 1; times <= 4; times += 1) {
      await asked(ash, 'cut off', times);
      process.kill(ash.runtimePid(id), 'SIGKILL');
    }
    expect(await reader.turn()).toMatchObject({ status: 'failed', error: { code: 'runtime_failed' }, text: '' });
    // The message that waited is run in a new sandbox.
    expect(await second.turn()).toMatchObject({ status: 'completed', text: 'Your name is Alice.' });
    held.open();
    const events = await ash.client.listSessionEvents(id, { type: 'lifecycle' });
    const recovered = events.map(({ data }) => JSON.parse(data ?? '')).filter(({ action }) => action === 'recovered');
    expect(recovered.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  });

  test('with a transcript that forgot the turn: its prompt is given again, with the calls that the log knows of', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const transcript = join(ash.workspace(id), '../home/.claude/projects/-workspace', `${id}.jsonl`);
    const before = readFileSync(transcript);
    const held = ash.gate.hold('forgotten', 1);
    const call = { tools: [{ name: 'Bash', input: { command: 'echo a call that was made' } }] };
    const reader = await Reader.send(ash, id, `forgotten ${script(call, 'The end: {{result}}.')}`);
    await held.reached;
    const bridge = ash.bridgePid(id);
    await killMidTurn(ash, id);
    process.kill(bridge, 'SIGKILL');
    await until(() => processesOf(join(ash.dataDir, 'sandboxes', id)).length === 0);
    // As after a power cut: the log is on the disk, the newest of the transcript is not.
    writeFileSync(transcript, before);
    held.open();
    const requests = ash.gate.of('forgotten').length;
    await ash.start();
    const turn = await comeBack(ash, id, reader, false);
    expect(turn).toMatchObject({ status: 'completed', text: 'The end: a call that was made.' });
    const again = ash.gate.of('forgotten').slice(requests);
    expect(again).toHaveLength(1);
    expect(JSON.stringify(again[0]?.body)).toMatch(/cut off before.*echo a call that was made.*ended/);
    await expectGoesOn(ash, id);
  });

  test.each([
    ['the result of a call', (line: string) => !line.includes('"type":"tool_result"')],
    ['a call and its result', (line: string) => !/"type":"tool_(use|result)"/.test(line)],
  ])('with a transcript that lacks %s: the model is told the result, and does not call again', async (what, keeps) => {
    const { ash } = use;
    const id = await introduced(ash);
    const prompt = `lacks ${what}`;
    const held = ash.gate.hold(prompt, 1);
    const mark = { tools: [{ name: 'Bash', input: { command: 'echo mark >> marks; cat marks' } }] };
    const reader = await Reader.send(ash, id, `${prompt} ${script(mark, '[{{result}}]')}`);
    await reader.until(({ event }) => event === 'tool_result');
    await held.reached;
    await until(() => readFileSync(transcriptOf(ash, id), 'utf8').includes('"type":"tool_result"'));
    const bridge = ash.bridgePid(id);
    await killMidTurn(ash, id);
    process.kill(bridge, 'SIGKILL');
    await until(() => processesOf(join(ash.dataDir, 'sandboxes', id)).length === 0);
    // As after a kill that was quicker than the transcript, which runs behind.
    const lines = readFileSync(transcriptOf(ash, id), 'utf8').split('\n');
    writeFileSync(transcriptOf(ash, id), lines.filter(keeps).join('\n'));
    held.open();
    await ash.start();
    expect(await comeBack(ash, id, reader, false)).toMatchObject({ status: 'completed', text: '[mark]' });
    expect(readFileSync(join(ash.workspace(id), 'marks'), 'utf8')).toBe('mark\n');
    const events = await ash.client.listSessionEvents(id, { type: 'lifecycle' });
    expect(JSON.parse(events.at(-1)?.data ?? '')).toMatchObject({
      ...{ action: 'recovered', how: 'told', cutCalls: [], toldCalls: [expect.any(String)] },
    });
    await expectGoesOn(ash, id);
  });
});

describe('a server that is told to stop', () => {
  test('by SIGTERM leaves the turn running, and tells its readers to come back', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const gate = new ToolGate(ash, id);
    const reader = await Reader.send(ash, id, script({ tools: [gate.tool] }, '{{result}}'));
    await gate.running();
    expect(await ash.stop('SIGTERM')).toBe(0);
    await reader.rest();
    expect(reader.cut).toBe(false);
    expect(reader.events.map(({ event }) => event)).not.toContain('done');
    await ash.start();
    await gate.open();
    const { turnId } = reader.events[0]?.data ?? {};
    const again = await Reader.follow(ash, id, { after: reader.cursor, turnId });
    const turn = turnOf([...wholeItems(reader.events).flat(), ...(await again.rest())]);
    expect(turn).toMatchObject({ status: 'completed', text: 'begun\nended' });
    await expectGoesOn(ash, id);
  });

  test('by SIGINT lets the turn end first', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const gate = new ToolGate(ash, id);
    const reader = await Reader.send(ash, id, script({ tools: [gate.tool] }, '{{result}}'));
    await gate.running();
    const stopped = ash.stop('SIGINT');
    await gate.open();
    expect(await reader.turn()).toMatchObject({ status: 'completed', text: 'begun\nended' });
    expect(await stopped).toBe(0);
    await ash.start();
    await expectGoesOn(ash, id);
  });

  test('while a sandbox is coming up', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    const reader = await Reader.send(ash, id, 'My name is Alice.');
    await reader.until(({ event }) => event === 'session_start');
    expect(await ash.stop('SIGTERM')).toBe(0);
    await ash.start();
    await reader.rest();
    const { turnId } = reader.events[0]?.data ?? {};
    const again = await Reader.follow(ash, id, { after: reader.cursor, turnId });
    expect(turnOf([...wholeItems(reader.events).flat(), ...(await again.rest())])).toMatchObject({
      status: 'completed',
    });
    await expectGoesOn(ash, id);
  });
});
