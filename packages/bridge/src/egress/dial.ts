/** Opens a connection to the first of the checked addresses that answers. */
import { connect, type Socket } from 'node:net';
import { codeOf, type Passage, Refused } from './gate.ts';

/** How long one address may take to answer, in ms. */
const dialMs = 10_000;

/** A connected socket, still without a reader; `address` is what it is connected to. @throws Refused `unreachable` */
export async function dial({ target, addresses }: Passage): Promise<{ socket: Socket; address: string }> {
  let failure = '';
  for (const address of addresses.slice(0, 4)) {
    try {
      return { socket: await connected(address, target.port), address };
    } catch (cause) {
      failure = codeOf(cause);
    }
  }
  throw new Refused('unreachable', target, failure, addresses[0]);
}

function connected(address: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, allowHalfOpen: true });
    const fail = (cause: Error): void => {
      socket.destroy();
      reject(cause);
    };
    const late = (): void => fail(new Error('no answer in time'));
    socket.setTimeout(dialMs, late).once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail).off('timeout', late).setTimeout(0);
      resolve(socket);
    });
  });
}
