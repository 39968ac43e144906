/** Ends an answer that can't be completed: what came is still delivered, and it does not look complete. */
import type { ServerResponse } from 'node:http';

/** Closes the connection behind what is written, without the end that HTTP wants. */
export function breakOff(answer: ServerResponse): void {
  const { socket } = answer;
  if (socket === null || socket.destroyed) answer.destroy();
  else socket.end(() => answer.destroy());
}
