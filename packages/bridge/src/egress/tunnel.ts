/** A CONNECT through the proxy: two sockets, each piped into the other, with backpressure and half-close as they come. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface TunnelEnd {
  bytesOut: number;
  bytesIn: number;
}

/** Joins client and upstream until both are done, one breaks, or nothing has passed for `idleMs`; resolves with what passed. */
export async function join(client: Duplex, upstream: Socket, head: Buffer, idleMs: number): Promise<TunnelEnd> {
  const over = Promise.withResolvers<void>();
  const breakBoth = (): void => {
    client.destroy();
    upstream.destroy();
  };
  let open = 2;
  for (const end of [client, upstream]) {
    end.on('error', breakBoth);
    end.once('close', () => {
      // An end that closed in good order has said so to the other one, through the pipe; one that broke has not.
      if (!end.readableEnded || !end.writableFinished) breakBoth();
      open -= 1;
      if (open === 0) over.resolve();
    });
    if (end.destroyed) breakBoth();
  }
  upstream.setNoDelay(true);
  // Whatever passes, in either direction, passes here.
  upstream.setTimeout(idleMs, breakBoth);
  if (head.length > 0) upstream.write(head);
  client.pipe(upstream);
  upstream.pipe(client);
  if (client.destroyed && upstream.destroyed) return { bytesOut: upstream.bytesWritten, bytesIn: upstream.bytesRead };
  await over.promise;
  return { bytesOut: upstream.bytesWritten, bytesIn: upstream.bytesRead };
}
