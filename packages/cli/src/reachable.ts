/** Whether the server can be reached, seen from the requests that go to it. */

/** A `fetch` that tells when requests begin to fail, and when one comes through again. */
export function telling(tell: (reachable: boolean) => void): typeof globalThis.fetch {
  let reachable = true;
  const change = (now: boolean) => {
    if (now !== reachable) tell(now);
    reachable = now;
  };
  return async (input, init) => {
    try {
      const response = await globalThis.fetch(input, init);
      change(response.status < 502 || response.status > 504);
      return response;
    } catch (error) {
      // Giving up oneself says nothing about the server; a deadline does.
      const reason = init?.signal?.aborted === true ? init.signal.reason : undefined;
      if (reason === undefined || (reason instanceof Error && reason.name === 'TimeoutError')) change(false);
      throw error;
    }
  };
}
