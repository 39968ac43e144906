/** Sessions: create, list, get, and their life cycle. */
import type { CallOptions, Requests } from './request.ts';
import type {
  CreateSessionRequest,
  ForkSessionResponse,
  InterruptSessionResponse,
  ListSessionsOptions,
  ListSessionsWithTotalResponse,
  Session,
  SessionConfigPatch,
} from './types.ts';

/** What `createSession` may be given besides the agent. */
export type CreateSessionOptions = Omit<CreateSessionRequest, 'agent'> & CallOptions;

/** Where a fork begins. */
export type ForkSessionOptions = { at?: number | undefined } & CallOptions;

export type SessionCalls = ReturnType<typeof sessionCalls>;

/** The calls about sessions. */
export function sessionCalls(requests: Requests) {
  return {
    /**
     * Opens a session with an agent.
     *
     * @param agent the agent's name
     * @throws AshApiError `agent_not_found`, `agent_directory_missing`
     * @example const session = await client.createSession('my-agent', { model: 'claude-sonnet-4-5' });
     */
    async createSession(agent: string, options: CreateSessionOptions = {}): Promise<Session> {
      const { signal, idempotencyKey, ...body } = options;
      return (await requests.json('createSession', { body: { agent, ...body } }, { signal, idempotencyKey })).session;
    },

    /** Sessions, newest first. @param filter an agent's name, or `{ agent, status, limit, offset }` */
    async listSessions(filter: string | ListSessionsOptions = {}, options: CallOptions = {}): Promise<Session[]> {
      const query = typeof filter === 'string' ? { agent: filter } : filter;
      return (await requests.json('listSessions', { query }, options)).sessions;
    },

    /** Like `listSessions`, with the number of sessions before paging. */
    async listSessionsWithTotal(
      filter: ListSessionsOptions = {},
      options: CallOptions = {},
    ): Promise<ListSessionsWithTotalResponse> {
      const page = await requests.json('listSessions', { query: { ...filter, includeTotal: true } }, options);
      return { sessions: page.sessions, total: page.total ?? page.sessions.length };
    },

    /** One session. @throws AshApiError `session_not_found` */
    async getSession(id: string, options: CallOptions = {}): Promise<Session> {
      return (await requests.json('getSession', { params: { id } }, options)).session;
    },

    /** Pauses an active session. @throws AshApiError `session_not_found`, `session_not_active` */
    async pauseSession(id: string, options: CallOptions = {}): Promise<Session> {
      return (await requests.json('pauseSession', { params: { id } }, options)).session;
    },

    /** Makes a paused or stopped session active again. @throws AshApiError `session_not_found`, `session_ended` */
    async resumeSession(id: string, options: CallOptions = {}): Promise<Session> {
      return (await requests.json('resumeSession', { params: { id } }, options)).session;
    },

    /** Stops a session and cuts its running turn; it can be resumed. @throws AshApiError `session_not_active` */
    async stopSession(id: string, options: CallOptions = {}): Promise<Session> {
      return (await requests.json('stopSession', { params: { id } }, options)).session;
    },

    /** Ends a session for good; its log can still be read. @throws AshApiError `session_not_found` */
    async endSession(id: string, options: CallOptions = {}): Promise<Session> {
      return (await requests.json('endSession', { params: { id } }, options)).session;
    },

    /** Changes the configuration of a session from its next turn on; `null` unsets a field. @throws AshApiError `session_not_found` */
    async updateSessionConfig(id: string, config: SessionConfigPatch, options: CallOptions = {}): Promise<Session> {
      return (await requests.json('updateSessionConfig', { params: { id }, body: config }, options)).session;
    },

    /**
     * Makes a new session that goes on from this one, with its files and its conversation; it is paused until resumed.
     *
     * @param options `at` to take over the conversation up to an entry only; the files are those of now
     * @throws AshApiError `session_not_found`, `fork_point_invalid`, `fork_failed`
     * @example const fork = await client.resumeSession((await client.forkSession(session.id)).id);
     */
    async forkSession(id: string, options: ForkSessionOptions = {}): Promise<Session> {
      const { at, ...call } = options;
      return (await requests.json('forkSession', { params: { id }, body: { at } }, call)).session;
    },

    /** Like `forkSession`, with the time that the files are of. */
    async forkSessionWithFiles(id: string, options: ForkSessionOptions = {}): Promise<ForkSessionResponse> {
      const { at, ...call } = options;
      return requests.json('forkSession', { params: { id }, body: { at } }, call);
    },

    /** Interrupts the running turn; the session stays active. `interrupted` is false when no turn was running. */
    async interruptSession(id: string, options: CallOptions = {}): Promise<InterruptSessionResponse> {
      return requests.json('interruptSession', { params: { id } }, options);
    },
  };
}
