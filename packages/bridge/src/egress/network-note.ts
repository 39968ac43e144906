/** What a sandbox's network is, for the agent and as far as this machine can offer it. */
import { existsSync } from 'node:fs';
import { forwarderProgram } from '@ash-ai/shared/egress';

/** What the agent is told of its network: few clients show the words of a proxy that refuses a tunnel. */
export const networkNote =
  'The network of this sandbox is a proxy that lets through what its policy lists; the proxy variables are set. When a ' +
  'request is refused (403 from the proxy), `curl -s $ASH_EGRESS/` tells what may be reached and why the last ones were refused.';

/** Whether this machine can run a forwarder. */
export function hasForwarder(): boolean {
  return existsSync(forwarderProgram);
}
