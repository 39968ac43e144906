/** The bridge's socket: one server at a time attaches, by lease epoch, and speaks in lines (shared/bridge-wire.ts). */
import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { LineSplitter } from '@ash-ai/shared';
import { type BridgeCommand, formatFrame, maxFrameBytes, parseCommand } from '@ash-ai/shared/bridge-wire';
import type { Outbox } from './outbox.ts';
import type { BridgeSession } from './session.ts';
import type { Spool } from './spool.ts';

/** Serves a session on a unix socket until its runtime is gone and everything is acked, or nobody came for `orphanMs`. */
export async function serve(options: {
  socketPath: string;
  session: BridgeSession;
  spool: Spool;
  outbox: Outbox;
  /** How long an idle bridge waits for a server before it ends, in ms. */
  orphanMs: number;
}): Promise<void> {
  const { session, spool, outbox, orphanMs } = options;
  const over = Promise.withResolvers<void>();
  let attached: { socket: Socket; epoch: number } | undefined;
  let highestEpoch = -1;
  let runtimeGone = false;
  let orphanTimer: NodeJS.Timeout | undefined;

  const watchForOrphan = (): void => {
    clearTimeout(orphanTimer);
    orphanTimer = setTimeout(() => {
      if (attached !== undefined) return;
      if (session.running) watchForOrphan();
      else session.close();
    }, orphanMs);
  };
  const maybeOver = (): void => {
    if (runtimeGone && (spool.pending === 0 || attached === undefined)) over.resolve();
  };
  void session.ended.then(() => {
    runtimeGone = true;
    maybeOver();
  });

  const attach = (socket: Socket, command: BridgeCommand & { cmd: 'attach' }): void => {
    if (command.epoch < highestEpoch) {
      socket.end(formatFrame({ kind: 'superseded', epoch: highestEpoch }));
      return;
    }
    highestEpoch = command.epoch;
    if (attached !== undefined && attached.socket !== socket) {
      outbox.detach(attached.socket);
      attached.socket.end(formatFrame({ kind: 'superseded', epoch: highestEpoch }));
    }
    attached = { socket, epoch: command.epoch };
    clearTimeout(orphanTimer);
    const n = command.life === spool.life ? command.afterN : 0;
    outbox.ack(n);
    const { running, turnId, runtimeKey } = session;
    socket.write(formatFrame({ kind: 'attached', life: spool.life, lastN: spool.lastN, turnId, running, runtimeKey }));
    outbox.attach(socket, n);
    maybeOver();
  };

  const obey = (socket: Socket, command: BridgeCommand): void => {
    if (command.cmd === 'attach') attach(socket, command);
    else if (attached?.socket !== socket) return;
    else if (command.cmd === 'open') session.open(command);
    else if (command.cmd === 'terms') session.terms(command);
    else if (command.cmd === 'run') session.run(command);
    else if (command.cmd === 'answer') session.answer(command.approvalId, command.answer);
    else if (command.cmd === 'interrupt') session.interrupt(command.turnId);
    else if (command.cmd === 'limit') session.limit({ failure: command.failure, grace: false });
    else if (command.cmd === 'hold_model_calls') session.holdModelCalls(command.forMs);
    else if (command.cmd === 'close') session.close();
    else if (command.cmd === 'ack') {
      outbox.ack(command.n);
      maybeOver();
    }
  };

  const server = createServer((socket) => {
    const lines = new LineSplitter(maxFrameBytes);
    socket.on('data', (chunk) => {
      try {
        for (const line of lines.push(chunk)) obey(socket, parseCommand(line));
      } catch (cause) {
        socket.destroy(cause instanceof Error ? cause : undefined);
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      outbox.detach(socket);
      if (attached?.socket !== socket) return;
      attached = undefined;
      watchForOrphan();
      maybeOver();
    });
  });
  rmSync(options.socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.socketPath, resolve);
  });
  watchForOrphan();
  await over.promise;
  clearTimeout(orphanTimer);
  attached?.socket.end();
  server.close();
}
