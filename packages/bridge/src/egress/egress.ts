/** Everything that leaves the wall of one session: the model gateway and the egress proxy, and the journal of both. */
import type { ModelLimits, ModelUpstream } from '@ash-ai/shared/bridge-wire';
import { closedPolicy, type EgressPolicy, type EgressRecord } from '@ash-ai/shared/egress';
import { EgressJournal } from './journal.ts';
import { type GatewayFailure, ModelGateway } from './model-gateway.ts';
import { hasForwarder } from './network-note.ts';
import { EgressProxy } from './proxy.ts';

/** What may leave, and with which credentials; in memory only. */
export interface EgressTerms {
  upstream: ModelUpstream;
  limits?: ModelLimits | undefined;
  policy?: EgressPolicy | undefined;
}

export class Egress implements AsyncDisposable {
  readonly #journal: EgressJournal;
  readonly #gateway: ModelGateway;
  readonly #proxy: EgressProxy;

  /** @param keep takes a record that must not get lost */
  constructor(keep: (record: EgressRecord) => void) {
    this.#journal = new EgressJournal({ keep });
    this.#gateway = new ModelGateway({ journal: this.#journal });
    this.#proxy = new EgressProxy({ journal: this.#journal });
  }

  /** Listens on both sockets. They are there from the start, so that nothing inside ever waits for one. */
  async listen(folder: string): Promise<void> {
    await this.#gateway.listen(`${folder}/model.sock`);
    await this.#proxy.listen(`${folder}/egress.sock`);
  }

  /** The terms from now on. */
  use({ upstream, limits, policy }: EgressTerms): void {
    this.#gateway.use(upstream, limits);
    this.#proxy.use(policy ?? closedPolicy, upstream.ca);
  }

  /** No model call passes for so many ms from now: the tenant has made as many as it may. */
  holdModelCalls(forMs: number): void {
    this.#gateway.hold(forMs);
  }

  /** Whether tools get a forwarder to the proxy: for a policy that allows something, where there is Perl to run it. */
  offersForwarder(policy: EgressPolicy = closedPolicy): boolean {
    if (policy.allow.length === 0 || hasForwarder()) return policy.allow.length > 0;
    this.#journal.write({
      ...{
        at: new Date().toISOString(),
        method: 'plain',
        host: '127.0.0.1',
        port: 3128,
        address: null,
        allowed: false,
      },
      ...{ reason: 'forwarder_missing', status: null, bytesOut: 0, bytesIn: 0, durationMs: 0 },
      ...{ model: null, tokens: null, costUsd: null },
    });
    return false;
  }

  /** Whether a model call is under way. */
  get calling(): boolean {
    return this.#gateway.busy;
  }

  /** Why the last model call got no answer from the model API; undefined when it got one. */
  get failure(): GatewayFailure | undefined {
    return this.#gateway.failure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#gateway[Symbol.asyncDispose](), this.#proxy[Symbol.asyncDispose]()]);
    this.#journal[Symbol.dispose]();
  }
}
