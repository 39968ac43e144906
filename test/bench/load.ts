/**
 * A load generator in a process of its own: GET over keep-alive connections for two seconds, as fast as answers come.
 * `load.ts <url> <authorization> <connections>`; prints requests per second as one line of JSON.
 */
import { connect } from 'node:net';

const [url = '', authorization = '', connections = '32'] = process.argv.slice(2);
const { hostname, port, pathname, host } = new URL(url);
const request = Buffer.from(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${authorization}\r\n\r\n`);
const seconds = 2;
let count = 0;
const until = performance.now() + seconds * 1000;

await Promise.all(
  Array.from({ length: Number(connections) }, async () => {
    const socket = connect(Number(port), hostname);
    const over = Promise.withResolvers<void>();
    let text = '';
    socket.on('connect', () => socket.write(request));
    socket.on('error', over.reject);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const head = text.indexOf('\r\n\r\n');
      if (head === -1) return;
      const length = Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1]);
      if (!text.startsWith('HTTP/1.1 200') || Number.isNaN(length)) over.reject(new Error(text.slice(0, 200)));
      if (text.length < head + 4 + length) return;
      text = '';
      count += 1;
      if (performance.now() < until) socket.write(request);
      else over.resolve();
    });
    await over.promise;
    socket.destroy();
  }),
);
console.log(JSON.stringify({ perSecond: count / seconds }));
