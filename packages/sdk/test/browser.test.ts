/** The SDK in a real browser: bundled as an app's bundler would, served with the API from one origin. */
import { existsSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sessionId, streamFrom, wholeTurn } from './recorded.ts';
import { type Asked, answerJson, beginSse, type FixtureServer, startServer } from './server.ts';

const browserPath = '/usr/bin/chromium';
const browserIsHere = existsSync(browserPath);
if (!browserIsHere) console.warn(`the SDK is not tried in a browser: there is none at ${browserPath}`);

const page = '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>';
const program = "import * as sdk from '/sdk.js'; Object.assign(globalThis, { sdk }); document.body.dataset.ready = '';";
const bytes = Buffer.from([0, 1, 127, 128, 254, 255]);

describe.skipIf(!browserIsHere)('in Chromium', () => {
  let bundle = '';
  let browser: Browser;
  let server: FixtureServer;
  let tab: Page;
  const problems: string[] = [];
  /** Addresses whose stream was cut already. */
  const cut = new Set<string>();
  /** Resolves when the page left a stream that is held open. */
  const left = Promise.withResolvers<void>();

  beforeAll(async () => {
    await using built = await rolldown({
      input: fileURLToPath(import.meta.resolve('@ash-ai/sdk')),
      platform: 'browser',
      resolve: { conditionNames: ['@ash-ai/source', 'browser', 'import', 'default'] },
      onLog: (_level, log) => void problems.push(log.message),
    });
    const { output } = await built.generate({ format: 'esm' });
    expect(output).toHaveLength(1);
    bundle = output[0].code;
    server = await startServer(answer);
    browser = await chromium.launch({
      executablePath: browserPath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    });
    tab = await browser.newPage();
    tab.on('pageerror', (error) => problems.push(error.message));
    await tab.goto(server.url);
    await tab.locator('body[data-ready]').waitFor({ state: 'attached' });
  });

  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  /** The page, the bundle, and an API below `/<how>/<after so many bytes>/` whose streams are cut once. */
  function answer(response: ServerResponse, asked: Asked): void {
    const { pathname, searchParams } = new URL(asked.url, 'http://server');
    const [, how = '', at = '', path = ''] = /^\/(break|end|hold)\/(\d+)(\/.*)$/.exec(pathname) ?? [];
    if (pathname === '/') return void response.writeHead(200, { 'content-type': 'text/html' }).end(page);
    if (pathname.endsWith('.js')) {
      response.writeHead(200, { 'content-type': 'text/javascript' });
      return void response.end(pathname === '/sdk.js' ? bundle : program);
    }
    if (path.endsWith('/files/chart.png')) {
      return void response.writeHead(200, { 'content-type': 'image/png', 'x-ash-source': 'sandbox' }).end(bytes);
    }
    if (path.endsWith('/attachments')) return void answerJson(response, 201, { attachment: asked.body });
    if (!/\/(messages|stream)$/.test(path)) {
      const error = { error: 'Session gone not found', statusCode: 404, code: 'session_not_found', requestId: 'r-1' };
      return void answerJson(response, 404, error);
    }
    beginSse(response);
    const whole = streamFrom(asked.method === 'POST' ? undefined : (searchParams.get('after') ?? undefined));
    if (cut.has(`${how}/${at}`)) return void response.end(whole);
    cut.add(`${how}/${at}`);
    const part = whole.subarray(0, Number(at));
    if (how === 'end') return void response.end(part);
    if (how === 'hold') response.once('close', left.resolve);
    response.write(part.length === 0 ? '\n' : part, () => how === 'break' && response.destroy());
  }

  /** Runs a program in the page; `sdk` is the package. */
  function inPage(code: string): Promise<unknown> {
    return tab.evaluate(`(async () => { ${code} })()`);
  }

  test('the bundle needs nothing of Node', () => {
    expect(bundle).not.toMatch(/\bfrom\s*["'](?!\/)|\brequire\(|node:/);
    expect(problems).toEqual([]);
  });

  test.for(['break', 'end'])('a turn streams whole wherever the connection is cut (%s)', async (how) => {
    const size = streamFrom(undefined).length;
    const cuts = Array.from({ length: 12 }, (_, part) => Math.round((part * (size - 1)) / 11));
    server.asked.length = 0;
    const turns = await inPage(`
      return await Promise.all(${JSON.stringify(cuts)}.map((at) => {
        const session = new sdk.AshClient({ serverUrl: '/${how}/' + at, apiKey: 'key' }).session('${sessionId}');
        return Array.fromAsync(session.send('Hello!', { includePartialMessages: true }));
      }));`);
    expect(turns).toEqual(cuts.map(() => wholeTurn));
    expect(server.asked.length).toBeGreaterThanOrEqual(2 * cuts.length);
    expect(server.asked.every(({ headers }) => headers.authorization === 'Bearer key')).toBe(true);
  });

  test('an abort detaches from a stream that is silent', async () => {
    const seen = await inPage(`
      const client = new sdk.AshClient({ serverUrl: '/hold/330' });
      const stop = new AbortController();
      const types = [];
      try {
        for await (const { type } of client.sendMessageStream('${sessionId}', 'Hello!', { signal: stop.signal })) {
          types.push(type);
          if (types.length === 2) stop.abort(new Error('enough'));
        }
      } catch (error) {
        types.push(error.message);
      }
      return types;`);
    expect(seen).toEqual(['session_start', 'message', 'enough']);
    await left.promise;
  });

  test('bytes come and go unchanged', async () => {
    const [buffer, attachment] = (await inPage(`
      const client = new sdk.AshClient({ serverUrl: '/end/0' });
      const { buffer } = await client.session('${sessionId}').files.download('chart.png');
      return [[...buffer], await client.uploadAttachment('${sessionId}', 'chart.png', buffer)];`)) as [
      number[],
      { content: string },
    ];
    expect(buffer).toEqual([...bytes]);
    expect(attachment.content).toBe(bytes.toString('base64'));
  });

  test('an error keeps its code and the id of its request', async () => {
    const error = await inPage(`
      const client = new sdk.AshClient({ serverUrl: '/end/0' });
      const error = await client.getSession('${sessionId}').catch((error) => error);
      return [error instanceof sdk.AshApiError, error.statusCode, error.code, error.requestId, error.retryable];`);
    expect(error).toEqual([true, 404, 'session_not_found', 'r-1', false]);
    expect(problems).toEqual([]);
  });
});
