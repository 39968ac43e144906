/**
 * Many readers of event streams, in a process of their own. `readers.ts <url> <authorization> <readers> <sessions…>`: readers
 * are spread over the sessions. Says `{"open": true}` once all are open; at the end of its input `{"lagMs": […], "events": n}`:
 * how long after the first reader of a session each other one had an event (for one reader a session: after it was
 * told of it on stdin, as `<session> <id>`).
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const [url = '', authorization = '', count = '1', ...sessions] = process.argv.slice(2);
const { hostname, port, host } = new URL(url);
const now = (): number => performance.timeOrigin + performance.now();
/** When each event of a session was first seen, or its writer was answered. */
const firstAt = new Map<string, number>();
const arrivals: { key: string; at: number }[] = [];

await Promise.all(
  Array.from({ length: Number(count) }, async (_, index) => {
    const session = sessions[index % sessions.length] ?? '';
    const socket = connect(Number(port), hostname);
    const path = `/api/sessions/${session}/stream?includePartialMessages=true`;
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${authorization}\r\n\r\n`);
    const open = Promise.withResolvers<void>();
    let rest = '';
    socket.on('data', (chunk: Buffer) => {
      const at = now();
      if (rest === '') open.resolve();
      const text = rest + chunk.toString('latin1');
      const end = text.lastIndexOf('\n');
      rest = text.slice(end + 1) || ' ';
      for (const [, id] of text.slice(0, end).matchAll(/(?:^|\n)id: (\S+)/g))
        arrivals.push({ key: `${session} ${id}`, at });
    });
    socket.on('error', open.reject);
    await open.promise;
  }),
);
console.log(JSON.stringify({ open: true }));
for await (const line of createInterface({ input: process.stdin })) {
  const [session, id, at] = line.split(' ');
  firstAt.set(`${session} ${id}`, Number(at));
}
const told = firstAt.size > 0;
if (!told) for (const { key, at } of arrivals) firstAt.set(key, Math.min(at, firstAt.get(key) ?? at));
const counted = arrivals.filter(({ key }) => firstAt.has(key));
const lagMs = counted.map(({ key, at }) => Math.max(0, at - (firstAt.get(key) ?? at))).sort((a, b) => a - b);
const quantile = (share: number): number =>
  lagMs[Math.min(lagMs.length - 1, Math.floor(lagMs.length * share))] ?? Number.NaN;
console.log(JSON.stringify({ n: lagMs.length, p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) }));
process.exit(0);
