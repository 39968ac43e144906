/** What the egress proxy adds to a request, beside the same request straight to a server on loopback. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, createServer, type RequestOptions, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EgressProxy } from '../../packages/bridge/src/egress/proxy.ts';
import { startForwarder } from '../../packages/bridge/test/egress/start-forwarder.ts';
import { type Figures, figuresOf, repeat, timed } from './measure.ts';

/** Requests straight to a server, through the proxy's socket, and through the forwarder that tools inside the wall use. */
export async function egress(): Promise<Record<string, Figures>> {
  const folder = await mkdtemp(join(tmpdir(), 'ash-bench-egress-'));
  const server = createServer((_call, answer) => answer.end('hello'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy = new EgressProxy({ journal: { write: () => undefined } });
  const allow = [{ host: `127.0.0.1:${port}` }];
  proxy.use({ allow, ceiling: allow.map(({ host }) => host) });
  const socketPath = join(folder, 'egress.sock');
  await proxy.listen(socketPath);
  await using forwarder = await startForwarder(socketPath);
  const pooled = new Agent({ keepAlive: true });
  const direct: RequestOptions = { host: '127.0.0.1', port, path: '/' };
  const proxied: RequestOptions = { socketPath, path: `http://127.0.0.1:${port}/` };
  const forwarded: RequestOptions = { ...proxied, host: '127.0.0.1', port: forwarder.port, socketPath: undefined };
  const measure = async (options: RequestOptions): Promise<number[]> =>
    await repeat(300, () => timed(() => ask(options)), 30);
  try {
    return {
      'egress: direct, keep-alive': figuresOf(await measure({ ...direct, agent: pooled }), 'ms'),
      '  through the proxy': figuresOf(await measure({ ...proxied, agent: pooled }), 'ms'),
      '  through forwarder and proxy': figuresOf(await measure({ ...forwarded, agent: pooled }), 'ms'),
      'egress: direct, new connection': figuresOf(await measure({ ...direct, agent: false }), 'ms'),
      '  through the proxy, new connection': figuresOf(await measure({ ...proxied, agent: false }), 'ms'),
      '  through forwarder and proxy, new connection': figuresOf(await measure({ ...forwarded, agent: false }), 'ms'),
      '  by CONNECT, new connection': figuresOf(
        await repeat(300, () => timed(() => byConnect(socketPath, port)), 30),
        'ms',
      ),
    };
  } finally {
    pooled.destroy();
    await proxy[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  }
}

async function ask(options: RequestOptions): Promise<void> {
  const outgoing = request(options);
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  response.resume();
  await once(response, 'end');
}

async function byConnect(socketPath: string, port: number): Promise<void> {
  const socket = connect(socketPath);
  socket.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\n\r\n`);
  await once(socket, 'data');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  socket.resume();
  await once(socket, 'end');
  socket.destroy();
}
