/** Egress: what sessions reached, or tried to. */
import type { CallOptions, Requests } from './request.ts';
import type { EgressRecord } from './types.ts';

export type EgressCalls = ReturnType<typeof egressCalls>;

/** The calls about egress. */
export function egressCalls(requests: Requests) {
  return {
    /**
     * What a session reached, or tried to, oldest first: model calls, requests, refusals.
     *
     * @param page `after`: `seq` of the last record that is known (default 0), `limit` (default 100, at most 1000)
     * @throws AshApiError `session_not_found`
     * @example const refused = (await client.listEgress(session.id)).filter((record) => !record.allowed);
     */
    async listEgress(
      id: string,
      page: { after?: number | undefined; limit?: number | undefined } = {},
      options: CallOptions = {},
    ): Promise<EgressRecord[]> {
      return (await requests.json('listEgress', { params: { id }, query: page }, options)).records;
    },
  };
}
