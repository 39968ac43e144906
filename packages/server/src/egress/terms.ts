/** The terms on which something leaves a session's sandbox: its rules with their keys filled in, and what it may still spend. */
import { errors, isAshError } from '@ash-ai/shared';
import type { EgressTerms, ModelLimits } from '@ash-ai/shared/bridge-wire';
import type { EgressRule } from '@ash-ai/shared/egress';
import type { Config } from '../config.ts';
import type { Credentials } from '../credentials/credentials.ts';
import * as egressStore from '../store/egress.ts';
import type { Store } from '../store/open.ts';
import type { EgressSettings } from './agent-egress.ts';

const reference = /\{\{\s*credential:\s*([^\s{}]+)\s*\}\}/g;

type Limits = Pick<
  Config,
  'egressCeiling' | 'modelAllow' | 'modelServerTools' | 'sessionSpendUsd' | 'tenantSpendUsd' | 'modelCallsPerMinute'
>;

export interface EgressRooms {
  store: Store;
  credentials: Pick<Credentials, 'resolve'>;
  config: Limits;
}

/** Makes terms, and says whether a tenant may spend. */
export class Terms {
  readonly #rooms: EgressRooms;

  constructor(rooms: EgressRooms) {
    this.#rooms = rooms;
  }

  /** The terms of a session. @throws credential_invalid, credential_key_missing, secret_unreadable */
  async of(session: { id: string; tenantId: string }, settings: EgressSettings): Promise<EgressTerms> {
    const { egressCeiling } = this.#rooms.config;
    const allow = await this.filled(session.tenantId, settings.egress?.allow ?? []);
    return { policy: { allow, ceiling: egressCeiling }, limits: await this.#limits(session, settings) };
  }

  /** Rules with the keys of their credentials. @throws credential_invalid, credential_key_missing, secret_unreadable */
  async filled(tenantId: string, rules: readonly EgressRule[]): Promise<EgressRule[]> {
    return await Promise.all(
      rules.map(async (rule) => {
        if (rule.headers === undefined) return rule;
        const headers: Record<string, string> = {};
        for (const [name, template] of Object.entries(rule.headers)) {
          headers[name] = await this.#fill(tenantId, template);
        }
        return { ...rule, headers };
      }),
    );
  }

  /** @throws spend_limit_reached when the tenant has spent what it may in this month */
  async maySpend({ tenantId }: { tenantId: string }): Promise<void> {
    const left = await this.#tenantLeftUsd(tenantId);
    if (left === undefined || left > 0) return;
    const limit = this.#rooms.config.tenantSpendUsd?.toFixed(2);
    throw errors.spend_limit_reached({ reason: `The tenant has spent its $${limit} for model calls of this month` });
  }

  async #fill(tenantId: string, template: string): Promise<string> {
    let text = template;
    for (const [whole, id = ''] of template.matchAll(reference)) {
      const { key } = await this.#rooms.credentials.resolve(tenantId, id).catch((cause: unknown) => {
        if (!isAshError(cause) || cause.code !== 'credential_not_found') throw cause;
        throw errors.credential_invalid({ credentialId: id, reason: 'it does not exist, or is not active' }, { cause });
      });
      if (!/^[\x20-\x7e]+$/.test(key)) {
        const reason = 'its key must be visible ASCII, because it is sent as a header';
        throw errors.credential_invalid({ credentialId: id, reason });
      }
      text = text.replace(whole, () => key);
    }
    return text;
  }

  async #limits({ id, tenantId }: { id: string; tenantId: string }, settings: EgressSettings): Promise<ModelLimits> {
    const { store, config } = this.#rooms;
    const own = settings.modelLimits ?? {};
    const spent = await egressStore.sessionSpend(store.db, id);
    const models = [config.modelAllow, own.models].filter((list) => list !== undefined);
    return {
      ...(models.length === 0 ? {} : { models }),
      serverTools: [config.modelServerTools, own.serverTools].filter((list) => list !== undefined),
      ...least('maxSpendUsd', config.sessionSpendUsd, own.maxSpendUsd),
      ...least('maxTokens', own.maxTokens),
      ...least('requestsPerMinute', config.modelCallsPerMinute, own.requestsPerMinute),
      ...least('tenantLeftUsd', await this.#tenantLeftUsd(tenantId)),
      spentUsd: spent.costUsd,
      usedTokens: spent.tokens,
    };
  }

  async #tenantLeftUsd(tenantId: string): Promise<number | undefined> {
    const { store, config } = this.#rooms;
    if (config.tenantSpendUsd === undefined) return undefined;
    const spent = await egressStore.tenantSpendUsd(store.db, tenantId, monthOf(new Date().toISOString()));
    return Math.max(0, config.tenantSpendUsd - spent);
  }
}

/** The month of an instant, in UTC, such as `2026-01`. */
export function monthOf(at: string): string {
  return at.slice(0, 7);
}

function least<K extends string>(name: K, ...values: (number | undefined)[]): { [P in K]?: number } {
  const given = values.filter((value) => value !== undefined);
  return (given.length === 0 ? {} : { [name]: Math.min(...given) }) as { [P in K]?: number };
}
