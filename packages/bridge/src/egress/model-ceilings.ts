/** The ceilings over a session's model calls: which models, how fast, how much. Holds what was used so far. */
import type { ErrorCode } from '@ash-ai/shared';
import type { ModelLimits } from '@ash-ai/shared/bridge-wire';
import type { ModelTokens } from '@ash-ai/shared/egress';
import type { ModelRequest } from './model-request.ts';

/** A call that a ceiling stands in the way of. */
export interface CeilingHit {
  code: Extract<
    ErrorCode,
    'model_not_allowed' | 'model_tool_not_allowed' | 'spend_limit_reached' | 'model_rate_limit_reached'
  >;
  error: string;
  /** When a call may pass again, in seconds. */
  retryAfterSec?: number;
}

export class ModelCeilings {
  readonly #now: () => number;
  #limits: ModelLimits = { spentUsd: 0, usedTokens: 0 };
  #begun = false;
  #spentUsd = 0;
  #usedTokens = 0;
  /** Spent since the server last said what the tenant has left. */
  #spentSinceUsd = 0;
  #recent: number[] = [];
  #heldUntil = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The ceilings from now on. What was used before counts from the first time only: after that, this knows better. */
  use(limits: ModelLimits): void {
    if (!this.#begun) {
      this.#spentUsd += limits.spentUsd;
      this.#usedTokens += limits.usedTokens;
    }
    this.#begun = true;
    this.#limits = limits;
    this.#spentSinceUsd = 0;
  }

  /** No call passes for so many ms from now: the tenant has made as many as it may. */
  hold(forMs: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, this.#now() + forMs);
  }

  /** Counts a call that is about to be made; says so when it may not be. */
  admit({ model, serverTools }: ModelRequest): CeilingHit | undefined {
    const { models, serverTools: tools = [], maxSpendUsd, tenantLeftUsd, maxTokens, requestsPerMinute } = this.#limits;
    const refusing = models?.find((list) => model === undefined || !list.some((pattern) => isModel(pattern, model)));
    if (refusing !== undefined) {
      const asked = model === undefined ? 'A call that names no model' : `Model ${JSON.stringify(model)}`;
      return {
        code: 'model_not_allowed',
        error: `${asked} is not among those allowed: ${refusing.join(', ') || 'none'}`,
      };
    }
    const tool = serverTools.find((type) => tools.some((list) => !list.some((pattern) => isModel(pattern, type))));
    if (tool !== undefined) {
      const error = `${JSON.stringify(tool)}, which the model API would run outside of this sandbox, is not allowed here`;
      return { code: 'model_tool_not_allowed', error };
    }
    if (maxSpendUsd !== undefined && this.#spentUsd >= maxSpendUsd) {
      return spent(`This session has spent ${usd(this.#spentUsd)} of ${usd(maxSpendUsd)} for model calls`);
    }
    if (tenantLeftUsd !== undefined && this.#spentSinceUsd >= tenantLeftUsd) {
      return spent("The tenant has spent this month's limit for model calls");
    }
    if (maxTokens !== undefined && this.#usedTokens >= maxTokens) {
      return spent(`This session has used ${this.#usedTokens} of ${maxTokens} tokens of model calls`);
    }
    const heldMs = this.#heldUntil - this.#now();
    if (heldMs > 0) {
      return {
        code: 'model_rate_limit_reached',
        error: "The tenant's sessions have made as many model calls together as they may in a minute",
        retryAfterSec: Math.max(1, Math.ceil(heldMs / 1000)),
      };
    }
    return requestsPerMinute === undefined ? undefined : this.#admitRate(requestsPerMinute);
  }

  /** Adds what a call has used. */
  used(tokens: ModelTokens, costUsd: number): void {
    this.#usedTokens += tokens.input + tokens.output + tokens.cacheWrite + tokens.cacheRead;
    this.#spentUsd += costUsd;
    this.#spentSinceUsd += costUsd;
  }

  #admitRate(perMinute: number): CeilingHit | undefined {
    const at = this.#now();
    this.#recent = this.#recent.filter((time) => time > at - 60_000);
    const oldest = this.#recent[0];
    if (oldest === undefined || this.#recent.length < perMinute) {
      this.#recent.push(at);
      return undefined;
    }
    return {
      code: 'model_rate_limit_reached',
      error: `This session may make ${perMinute} model calls per minute`,
      retryAfterSec: Math.max(1, Math.ceil((oldest + 60_000 - at) / 1000)),
    };
  }
}

function spent(error: string): CeilingHit {
  return { code: 'spend_limit_reached', error };
}

function usd(amount: number): string {
  return `$${amount.toFixed(2)}`;
}

/** A pattern is a name, or the beginning of one with `*` after it. */
function isModel(pattern: string, model: string): boolean {
  return pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : model === pattern;
}
