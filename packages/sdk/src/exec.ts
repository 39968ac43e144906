/** Commands in a session's workspace, and what its sandbox says. */
import type { CallOptions, Requests } from './request.ts';
import type { ExecResult, GetSessionLogsResponse } from './types.ts';

/** On top of the command's own time, for the way there and back, in ms. */
const travelMs = 30_000;

export type ExecCalls = ReturnType<typeof execCalls>;

/** The calls about commands and logs. */
export function execCalls(requests: Requests) {
  return {
    /**
     * Runs a shell command in a session's workspace, behind the walls of its sandbox. A command that fails is no error:
     * see `exitCode`.
     *
     * @param options `timeout` in ms, 1 to 300,000. Default 30,000
     * @throws AshApiError `session_not_found`, `session_not_active`, `exec_failed`
     * @example const { stdout } = await client.exec(session.id, 'ls -la');
     */
    exec(
      id: string,
      command: string,
      options: CallOptions & { timeout?: number | undefined } = {},
    ): Promise<ExecResult> {
      const { timeout, ...rest } = options;
      const call = { params: { id }, body: { command, timeout } };
      return requests.json('execInSession', call, { ...rest, atLeastMs: (timeout ?? 0) + travelMs });
    },

    /** What a session's sandbox has said since it woke; empty while it is asleep. @param page `after`: index to start after */
    getSessionLogs(
      id: string,
      page: { after?: number | undefined } = {},
      options: CallOptions = {},
    ): Promise<GetSessionLogsResponse> {
      return requests.json('getSessionLogs', { params: { id }, query: { after: page.after } }, options);
    },
  };
}
