/** What a route of the contract is given once its request is parsed, and what it answers. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Contract, Parsed, ReplyOf, Route } from '@ash-ai/shared/contract';
import type { FileReply } from './bytes.ts';
import type { StreamSource } from './stream-source.ts';

interface Caller {
  tenantId: string;
  headers: IncomingHttpHeaders;
}

/** A parsed request of a known tenant. A stream's `signal` is aborted when its client is gone. */
export type Call<R extends Route> = Parsed<R> &
  Caller &
  (R['reply'] extends { kind: 'stream' } ? { signal: AbortSignal } : unknown);

type Answer<R extends Route> = R['reply'] extends { kind: 'json' }
  ? ReplyOf<R>
  : R['reply'] extends { kind: 'stream' }
    ? StreamSource
    : R['reply'] extends { kind: 'bytes' }
      ? FileReply | ReplyOf<R>
      : undefined;

type RouteHandler<R extends Route> = (call: Call<R>) => Promise<Answer<R>>;

/** The handlers of some of the contract's routes; a missing one does not compile. */
export type HandlersOf<Routes> = {
  [Name in keyof Routes & keyof Contract]: RouteHandler<Contract[Name]>;
};
