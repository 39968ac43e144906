/**
 * The ceiling over model calls of a tenant's sessions together: each call counts once its sandbox has told of it, and when a
 * minute has had its number, all sandboxes of the tenant are told to wait. Calls that are under way by then go on.
 */
import type { AwakeSandbox, Runner } from '@ash-ai/sandbox';
import { type Frame, parseEgress } from '@ash-ai/shared/bridge-wire';

const minuteMs = 60_000;

interface Tenant {
  sandboxes: Set<AwakeSandbox>;
  /** When its newest calls were made, oldest first; no more than a minute may have. */
  calls: number[];
}

export class ModelRates {
  readonly #perMinute: number;
  readonly #now: () => number;
  readonly #tenants = new Map<string, Tenant>();

  constructor(perMinute: number, now: () => number = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /** Watches a sandbox until its frames end. They are to be read from what is returned. */
  watch(tenantId: string, sandbox: AwakeSandbox): AwakeSandbox {
    const tenant = this.#tenants.get(tenantId) ?? { sandboxes: new Set(), calls: [] };
    this.#tenants.set(tenantId, tenant);
    tenant.sandboxes.add(sandbox);
    const waitMs = this.#waitMs(tenant);
    if (waitMs > 0) sandbox.holdModelCalls(waitMs);
    const frames = () => this.#watched(tenantId, tenant, sandbox);
    return new Proxy(sandbox, {
      get(target, name) {
        if (name === 'frames') return frames;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  async *#watched(tenantId: string, tenant: Tenant, sandbox: AwakeSandbox): AsyncGenerator<Frame[]> {
    try {
      for await (const frames of sandbox.frames()) {
        this.#count(tenant, frames.filter(isModelCall).length);
        yield frames;
      }
    } finally {
      tenant.sandboxes.delete(sandbox);
      const last = tenant.calls.at(-1);
      const idle = last === undefined || last <= this.#now() - minuteMs;
      if (tenant.sandboxes.size === 0 && idle) this.#tenants.delete(tenantId);
    }
  }

  #count(tenant: Tenant, calls: number): void {
    if (calls === 0) return;
    const at = this.#now();
    for (let call = 0; call < Math.min(calls, this.#perMinute); call += 1) tenant.calls.push(at);
    tenant.calls.splice(0, Math.max(0, tenant.calls.length - this.#perMinute));
    const waitMs = this.#waitMs(tenant);
    if (waitMs > 0) for (const sandbox of tenant.sandboxes) sandbox.holdModelCalls(waitMs);
  }

  /** How long until the tenant may make another call, in ms. */
  #waitMs({ calls }: Tenant): number {
    const [oldest] = calls;
    return oldest === undefined || calls.length < this.#perMinute ? 0 : oldest + minuteMs - this.#now();
  }
}

/** Has the sandboxes that a runner opens watched; a runner as it is where there is no ceiling. */
export function pacing<R extends Pick<Runner, 'open' | 'attach'>>(runner: R, perMinute: number | undefined): R {
  if (perMinute === undefined) return runner;
  const rates = new ModelRates(perMinute);
  return {
    ...runner,
    open: async (request) => rates.watch(request.tenantId, await runner.open(request)),
    attach: async (request, options) => {
      const sandbox = await runner.attach(request, options);
      return sandbox && rates.watch(request.tenantId, sandbox);
    },
  };
}

/** Whether it tells of a call that the model API had. */
function isModelCall(frame: Frame): boolean {
  if (frame.header.kind !== 'egress') return false;
  const { method, allowed } = parseEgress(frame);
  return method === 'model' && allowed;
}
