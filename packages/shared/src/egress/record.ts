/** What is written down of every way out of a sandbox: who was to be reached, whether that was allowed, and what went through. */
import type { EgressMethod, RefusalReason } from './policy.ts';

/** Tokens of model calls. */
export interface ModelTokens {
  input: number;
  output: number;
  cacheWrite: number;
  cacheRead: number;
}

/** One decision, or several alike that came too fast to be written one by one. */
export interface EgressRecord {
  /** When it was decided. */
  at: string;
  /** `model`: a call of the model API, through the gateway. */
  method: EgressMethod | 'model';
  host: string;
  port: number;
  /** The address that was checked and dialled, if it came to that. */
  address: string | null;
  allowed: boolean;
  /** Why it was refused or failed; for `model` a code of the error table. */
  reason: RefusalReason | (string & {}) | null;
  /** Status of the answer, where the bridge saw one. */
  status: number | null;
  bytesOut: number;
  bytesIn: number;
  durationMs: number;
  /** How many decisions this stands for. */
  count: number;
  model: string | null;
  tokens: ModelTokens | null;
  /** By list prices. */
  costUsd: number | null;
}
