/** The egress proxy over real sockets: who is let through, who is refused and how, and what is written down of it. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttp, type IncomingMessage } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { connect, createServer } from 'node:net';
import type { EgressPolicy, EgressRule } from '@ash-ai/shared/egress';
import { describe, expect, test } from 'vitest';
import type { Resolve } from '../../src/egress/gate.ts';
import { EgressProxy, type EgressProxyOptions } from '../../src/egress/proxy.ts';
import { certificate, certificateKey } from './fixture-certificate.ts';
import { ask, Bench, rest, tunnel } from './harness.ts';

const localhost: Resolve = async () => ['127.0.0.1'];

/** A proxy that may reach these, ceiling included. */
async function proxied(bench: Bench, allow: EgressRule[], options: Partial<EgressProxyOptions & { ca: string }> = {}) {
  const proxy = bench.use(new EgressProxy({ journal: bench.journal, resolve: localhost, ...options }));
  const policy: EgressPolicy = { allow, ceiling: ['*:*', ...allow.map(({ host }) => host)] };
  proxy.use(policy, options.ca);
  const socketPath = await bench.socketPath();
  await proxy.listen(socketPath);
  return { proxy, socketPath };
}

/** A server that says what it was asked. */
function mirror(seen: IncomingMessage['headers'][] = []) {
  return createHttp((call: IncomingMessage, answer) => {
    seen.push(call.headers);
    let body = '';
    call.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    call.on('end', () => {
      answer.writeHead(200, { 'content-type': 'application/json', connection: 'keep-alive, x-hop', 'x-hop': '1' });
      answer.end(JSON.stringify({ method: call.method, url: call.url, headers: call.headers, body }));
    });
  });
}

describe('CONNECT', () => {
  test('reaches a host that is listed, at an address that is listed', async () => {
    await using bench = new Bench();
    const echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    const port = await bench.listen(echo);
    const { socketPath } = await proxied(bench, [{ host: `api.test:${port}` }, { host: `127.0.0.1:${port}` }]);
    const { head, socket } = await tunnel(socketPath, `api.test:${port}`);
    expect(head).toMatch(/^HTTP\/1\.1 200 /);
    socket.end('hello');
    expect((await rest(socket)).toString()).toBe('hello');
    const [record] = await bench.recorded(1);
    expect(record).toMatchObject({
      ...{ method: 'connect', host: 'api.test', port, address: '127.0.0.1', allowed: true, reason: null, count: 1 },
      ...{ bytesOut: 5, bytesIn: 5 },
    });
  });

  test.each([
    ['a host that is not listed', 'other.test:443', 'not_listed', 'add "other.test" to "allow"'],
    ['a port that is not listed', 'api.test:22', 'not_listed', '"api.test:22"'],
    ['a private address behind a listed name', 'api.test:443', 'address_not_public', '127.0.0.1'],
    ['an address that is not listed', '8.8.8.8:443', 'not_listed', '8.8.8.8'],
    ['what is no target', 'api.test', 'request_invalid', 'host:port'],
  ])('refuses %s', async (_what, authority, reason, words) => {
    await using bench = new Bench();
    const { socketPath } = await proxied(bench, [{ host: 'api.test' }]);
    const { head, socket } = await tunnel(socketPath, authority);
    expect(head).toMatch(
      reason === 'request_invalid' ? /^HTTP\/1\.1 400 Ash egress: / : /^HTTP\/1\.1 403 Ash egress: /,
    );
    expect(head).toContain(`x-ash-egress: ${reason}`);
    expect(head).toContain(words);
    socket.destroy();
    expect(await bench.recorded(1)).toMatchObject([{ allowed: false, reason, bytesIn: 0, bytesOut: 0 }]);
  });

  test.each([
    '127.0.0.1',
    '[::1]',
    '127.1',
    '0x7f.1',
    '2130706433',
    '[::ffff:127.0.0.1]',
    '169.254.169.254',
    '[64:ff9b::7f00:1]',
  ])('refuses %s though every host is allowed', async (host) => {
    await using bench = new Bench();
    const { socketPath } = await proxied(bench, [{ host: '*:*' }]);
    const { head, socket } = await tunnel(socketPath, `${host}:80`);
    expect(head).toContain('x-ash-egress: address_not_public');
    socket.destroy();
  });

  test('dials the address that it checked: a name that changes its mind gains nothing', async () => {
    await using bench = new Bench();
    const inner = createServer((socket) => socket.end('the secret'));
    const port = await bench.listen(inner, '127.0.0.1');
    await bench.listen(
      createServer((socket) => socket.end('the public one')),
      '127.0.0.2',
      port,
    );
    let asked = 0;
    const rebinding: Resolve = async () => {
      asked += 1;
      return asked === 1 ? ['127.0.0.2'] : ['127.0.0.1'];
    };
    const allow = [{ host: `rebind.test:${port}` }, { host: `127.0.0.2:${port}` }];
    const { socketPath } = await proxied(bench, allow, { resolve: rebinding });
    const first = await tunnel(socketPath, `rebind.test:${port}`);
    expect((await rest(first.socket)).toString()).toBe('the public one');
    first.socket.end();
    expect(asked).toBe(1);
    const second = await tunnel(socketPath, `rebind.test:${port}`);
    expect(second.head).toContain('x-ash-egress: address_not_public');
    second.socket.destroy();
    expect(await bench.recorded(2)).toMatchObject([
      { address: '127.0.0.2', allowed: true },
      { address: '127.0.0.1', allowed: false },
    ]);
  });

  test('passes over the private ones of several addresses', async () => {
    await using bench = new Bench();
    const port = await bench.listen(
      createServer((socket) => socket.end('two')),
      '127.0.0.2',
    );
    const { socketPath } = await proxied(bench, [{ host: `many.test:${port}` }, { host: `127.0.0.2:${port}` }], {
      resolve: async () => ['10.0.0.1', '127.0.0.2'],
    });
    const { socket } = await tunnel(socketPath, `many.test:${port}`);
    expect((await rest(socket)).toString()).toBe('two');
    socket.end();
  });

  test('carries megabytes both ways unchanged, and an end in one direction is not one in the other', async () => {
    await using bench = new Bench();
    const echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    const port = await bench.listen(echo);
    const { socketPath } = await proxied(bench, [{ host: `127.0.0.1:${port}` }]);
    const { socket } = await tunnel(socketPath, `127.0.0.1:${port}`);
    const sent = randomBytes(8 * 1024 * 1024);
    socket.end(sent);
    const got = await rest(socket);
    expect(createHash('sha256').update(got).digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'));
    expect(await bench.recorded(1)).toMatchObject([{ bytesOut: sent.length, bytesIn: sent.length }]);
  });

  test('a break on one side is one on the other', async () => {
    await using bench = new Bench();
    const upstream = createServer();
    const port = await bench.listen(upstream);
    const { socketPath } = await proxied(bench, [{ host: `127.0.0.1:${port}` }]);
    const accepted = once(upstream, 'connection');
    const { socket } = await tunnel(socketPath, `127.0.0.1:${port}`);
    const [far] = await accepted;
    const gone = once(far, 'close');
    socket.destroy();
    await gone;
    expect(await bench.recorded(1)).toHaveLength(1);
  });

  test('says when nobody listens', async () => {
    await using bench = new Bench();
    const closed = createServer();
    const port = await bench.listen(closed);
    await new Promise((resolve) => closed.close(resolve));
    const { socketPath } = await proxied(bench, [{ host: `127.0.0.1:${port}` }]);
    const { head, socket } = await tunnel(socketPath, `127.0.0.1:${port}`);
    expect(head).toMatch(/^HTTP\/1\.1 502 .*ECONNREFUSED/);
    socket.destroy();
    expect(await bench.recorded(1)).toMatchObject([{ reason: 'unreachable' }]);
  });

  test('ends a tunnel in which nothing passes', async () => {
    await using bench = new Bench();
    const port = await bench.listen(createServer());
    const { socketPath } = await proxied(bench, [{ host: `127.0.0.1:${port}` }], { idleMs: 20 });
    const { socket } = await tunnel(socketPath, `127.0.0.1:${port}`);
    await once(socket.resume(), 'end');
    socket.destroy();
    expect(await bench.recorded(1)).toHaveLength(1);
  });
});

describe('plain', () => {
  test('passes a request on, without what belongs to one hop', async () => {
    await using bench = new Bench();
    const port = await bench.listen(mirror());
    const { socketPath } = await proxied(bench, [{ host: `127.0.0.1:${port}` }]);
    const answer = await ask(
      {
        ...{ socketPath, method: 'POST', path: `http://127.0.0.1:${port}/a?b=c` },
        headers: {
          connection: 'close, x-mine',
          'x-mine': '1',
          'proxy-authorization': 'Basic x',
          te: 'trailers',
          'x-kept': '2',
        },
      },
      'hello',
    );
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty('x-hop');
    const seen = JSON.parse(answer.body);
    expect(seen).toMatchObject({
      method: 'POST',
      url: '/a?b=c',
      body: 'hello',
      headers: { 'x-kept': '2', host: `127.0.0.1:${port}` },
    });
    for (const name of ['x-mine', 'proxy-authorization', 'te']) expect(seen.headers).not.toHaveProperty(name);
    expect(await bench.recorded(1)).toMatchObject([{ method: 'plain', status: 200, bytesOut: 5, allowed: true }]);
  });

  test('refuses with words that an agent can act on', async () => {
    await using bench = new Bench();
    const { socketPath } = await proxied(bench, []);
    const { status, headers, body } = await ask({ socketPath, path: 'http://secret.test/' });
    expect(status).toBe(403);
    expect(headers['x-ash-egress']).toBe('not_listed');
    expect(body).toBe(
      'Ash egress: secret.test:80 is not on the list of hosts that this session may reach. ' +
        'Whoever runs this agent can allow it: add "secret.test" to "allow" in "egress" of the agent\'s .ash/sandbox.json, or of the session.\n',
    );
  });

  test('a method that the rule does not name is refused', async () => {
    await using bench = new Bench();
    const { socketPath } = await proxied(bench, [{ host: 'api.test', methods: ['connect'] }]);
    expect((await ask({ socketPath, path: 'http://api.test/' })).headers['x-ash-egress']).toBe('method_not_allowed');
  });

  test('tells what may be reached', async () => {
    await using bench = new Bench();
    const { socketPath } = await proxied(bench, [{ host: 'api.test', headers: { authorization: 'Bearer canary' } }]);
    const { status, body } = await ask({ socketPath, path: '/' });
    expect(status).toBe(200);
    expect(body).toContain('api.test');
    expect(body).not.toContain('canary');
    expect(body).not.toContain('Refused');
    (await tunnel(socketPath, 'other.test:443')).socket.destroy();
    expect((await ask({ socketPath, path: '/' })).body).toContain('- other.test:443 is not on the list');
  });

  test.each(['http:///', 'ftp://api.test/', '/http/', '/x', 'http://user@api.test/', '*'])(
    'does not understand %s',
    async (path) => {
      await using bench = new Bench();
      const { socketPath } = await proxied(bench, [{ host: '*' }]);
      expect((await ask({ socketPath, path, method: path === '*' ? 'OPTIONS' : 'GET' })).status).toBe(400);
    },
  );

  test('an answer that breaks off is broken off', async () => {
    await using bench = new Bench();
    const port = await bench.listen(
      createServer((socket) => {
        socket.once('data', () =>
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', () => socket.destroy()),
        );
      }),
    );
    const { socketPath } = await proxied(bench, [{ host: `127.0.0.1:${port}` }]);
    await expect(ask({ socketPath, path: `http://127.0.0.1:${port}/` })).rejects.toThrow(/aborted|hang up/);
    expect(await bench.recorded(1)).toMatchObject([{ status: 200, reason: 'cut off' }]);
  });

  test('a flood of headers, from either side, ends the request and nothing else', async () => {
    await using bench = new Bench();
    const flood = Array.from({ length: 2000 }, (_, index) => `x-${index}: ${'y'.repeat(100)}\r\n`).join('');
    const port = await bench.listen(
      createServer((socket) => {
        socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${flood}\r\n`));
      }),
    );
    const { socketPath } = await proxied(bench, [{ host: `127.0.0.1:${port}` }]);
    expect((await ask({ socketPath, path: `http://127.0.0.1:${port}/` })).status).toBe(502);
    const client = connect(socketPath);
    client.write(`GET http://127.0.0.1:${port}/ HTTP/1.1\r\n${flood}\r\n`);
    expect((await rest(client)).toString()).toMatch(/^HTTP\/1\.1 400 /);
    expect((await ask({ socketPath, path: '/' })).status).toBe(200);
  });

  test('more connections than allowed are closed, and written down', async () => {
    await using bench = new Bench();
    const { socketPath } = await proxied(bench, [], { maxConnections: 2 });
    const open = [connect(socketPath), connect(socketPath)];
    for (const socket of open) await once(socket, 'connect');
    const third = connect(socketPath);
    await once(third.on('error', () => undefined).resume(), 'close');
    for (const socket of open) socket.destroy();
    expect(await bench.recorded(1)).toMatchObject([{ allowed: false, reason: 'limit_reached' }]);
  });
});

describe('credentials', () => {
  const headers = { authorization: 'Bearer canary' };

  test('are put in by the proxy, in place of what the client sent, over https', async () => {
    await using bench = new Bench();
    const seen: IncomingMessage['headers'][] = [];
    const listener = mirror(seen).listeners('request')[0] as never;
    const secure = createHttps({ key: certificateKey, cert: certificate }, listener);
    const port = await bench.listen(secure);
    const allow = [{ host: `api.test:${port}`, headers }, { host: `127.0.0.1:${port}` }];
    const { socketPath } = await proxied(bench, allow, { ca: certificate });
    for (const path of [`http://api.test:${port}/v1`, `/https/api.test:${port}/v1`]) {
      const { status, body } = await ask({ socketPath, path, headers: { authorization: 'Bearer placeholder' } });
      expect(status).toBe(200);
      expect(JSON.parse(body)).toMatchObject({ url: '/v1', headers: { host: `api.test:${port}` } });
      expect(seen.at(-1)).toMatchObject(headers);
      // A host that shows what it was sent shows no key.
      expect(body).toContain('"authorization":"*************"');
      expect(body).not.toContain('canary');
    }
    expect(JSON.stringify(await bench.recorded(2))).not.toContain('canary');
  });

  test('do not go to a server that is not who it says', async () => {
    await using bench = new Bench();
    let asked = 0;
    const port = await bench.listen(
      createHttps({ key: certificateKey, cert: certificate }, (_call, answer) => {
        asked += 1;
        answer.end();
      }),
    );
    for (const [host, ca] of [
      ['api.test', undefined],
      ['other.test', certificate],
    ] as const) {
      const allow = [{ host: `${host}:${port}`, headers }, { host: `127.0.0.1:${port}` }];
      const { socketPath } = await proxied(bench, allow, ca === undefined ? {} : { ca });
      const { status, body } = await ask({ socketPath, path: `http://${host}:${port}/` });
      expect(status).toBe(502);
      expect(body).not.toContain('canary');
    }
    expect(asked).toBe(0);
  });

  test('go in the clear only where the rule says so', async () => {
    await using bench = new Bench();
    const seen: IncomingMessage['headers'][] = [];
    const port = await bench.listen(mirror(seen));
    const { socketPath } = await proxied(bench, [{ host: `127.0.0.1:${port}`, headers, upstream: 'http' }]);
    const asking = { range: 'bytes=0-9', 'accept-encoding': 'gzip' };
    expect((await ask({ socketPath, path: `http://127.0.0.1:${port}/`, headers: asking })).status).toBe(200);
    expect(seen).toEqual([{ ...headers, host: `127.0.0.1:${port}`, connection: 'keep-alive' }]);
    expect((await ask({ socketPath, path: `http://127.0.0.1:${port}/`, method: 'TRACE' })).status).toBe(400);
  });

  test('stay with their host', async () => {
    await using bench = new Bench();
    const port = await bench.listen(mirror());
    const { socketPath } = await proxied(bench, [
      { host: 'api.test', headers },
      { host: `other.test:${port}` },
      { host: `127.0.0.1:${port}` },
    ]);
    const { body } = await ask({ socketPath, path: `http://other.test:${port}/`, headers: { host: 'api.test' } });
    expect(JSON.parse(body).headers).toMatchObject({ host: `other.test:${port}` });
    expect(body).not.toContain('canary');
  });
});
