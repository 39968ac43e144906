/** The requests that are being answered, so that a shutdown can wait for them and for nothing else. */
import type { Server } from 'node:http';

export class InFlight {
  #count = 0;
  #settle: (() => void) | undefined;

  constructor(server: Server) {
    const ended = (): void => {
      this.#count -= 1;
      if (this.#count === 0) this.#settle?.();
    };
    server.on('request', (_request, response) => {
      this.#count += 1;
      response.once('close', ended);
    });
  }

  /** Resolves when none is left. (Node counts a connection that never sent a request as busy, so its own count won't do.) */
  none(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#settle = resolve;
    });
  }
}
