/**
 * The ceiling over model calls of a tenant's sessions together: each call counts once its sandbox has told of it, and when a
 * minute has had its number, all sandboxes of the tenant are told to wait. Calls that are under way by then go on.
 */
import type { AwakeSandbox } from '@ash-ai/sandbox';
import type { EgressRecord } from '@ash-ai/shared/egress';

const minuteMs = 60_000;

type Held = Pick<AwakeSandbox, 'holdModelCalls'>;

interface Tenant {
  sandboxes: Set<Held>;
  /** When its newest calls were made, oldest first; no more than a minute may have. */
  calls: number[];
}

/** A sandbox that is held to its tenant's ceiling until it is disposed of. */
export interface RatedSandbox extends Disposable {
  /** Counts what it has told of. */
  told(records: readonly EgressRecord[]): void;
}

export class ModelRates {
  readonly #perMinute: number;
  readonly #now: () => number;
  readonly #tenants = new Map<string, Tenant>();

  /** @param perMinute undefined: there is no ceiling */
  constructor(perMinute = Number.POSITIVE_INFINITY, now: () => number = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /** Holds a sandbox of the tenant's to the ceiling from now on. */
  rate(tenantId: string, sandbox: Held): RatedSandbox {
    if (this.#perMinute === Number.POSITIVE_INFINITY)
      return { told: () => undefined, [Symbol.dispose]: () => undefined };
    const tenant = this.#tenants.get(tenantId) ?? { sandboxes: new Set(), calls: [] };
    this.#tenants.set(tenantId, tenant);
    tenant.sandboxes.add(sandbox);
    this.#hold(tenant, [sandbox]);
    return {
      told: (records) => {
        // However many a batch tells of, no more can matter than a minute may have.
        const made = records.filter(({ method, allowed }) => method === 'model' && allowed).slice(-this.#perMinute);
        if (made.length === 0) return;
        tenant.calls.push(...made.map(() => this.#now()));
        tenant.calls.splice(0, Math.max(0, tenant.calls.length - this.#perMinute));
        this.#hold(tenant, tenant.sandboxes);
      },
      [Symbol.dispose]: () => {
        tenant.sandboxes.delete(sandbox);
        const idle = (tenant.calls.at(-1) ?? 0) <= this.#now() - minuteMs;
        if (tenant.sandboxes.size === 0 && idle) this.#tenants.delete(tenantId);
      },
    };
  }

  #hold({ calls }: Tenant, sandboxes: Iterable<Held>): void {
    const [oldest] = calls;
    const waitMs = oldest === undefined || calls.length < this.#perMinute ? 0 : oldest + minuteMs - this.#now();
    if (waitMs > 0) for (const sandbox of sandboxes) sandbox.holdModelCalls(waitMs);
  }
}
