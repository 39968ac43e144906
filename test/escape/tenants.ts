/** Two tenants on one server: each with a key, an agent and sessions of its own. */
import { expect } from 'vitest';
import { type Ash, instructions } from '../e2e/harness.ts';
import { say, type Turn } from '../e2e/streams.ts';

export const internalSecret = 'secret-of-the-internal-routes';

/** What one tenant does, by its own key. */
export class Tenant {
  readonly #ash: Ash;
  readonly key: string;

  private constructor(ash: Ash, key: string) {
    this.#ash = ash;
    this.key = key;
  }

  static async make(ash: Ash, tenantId: string, files: Readonly<Record<string, string>> = {}): Promise<Tenant> {
    const reply = await ash.call('POST', '/api/internal/api-keys', { key: internalSecret, body: { tenantId } });
    expect(reply.status).toBe(200);
    const tenant = new Tenant(ash, ((await reply.json()) as { key: string }).key);
    const all = Object.entries({ 'CLAUDE.md': instructions, ...files });
    const body = {
      name: 'agent',
      files: all.map(([path, text]) => ({ path, content: Buffer.from(text).toString('base64') })),
    };
    const deployed = await tenant.call('POST', '/api/agents', body);
    expect([deployed.status, await deployed.text()]).toEqual([201, expect.anything()]);
    return tenant;
  }

  async call(method: string, path: string, body?: unknown): Promise<Response> {
    return await this.#ash.call(method, path, { key: this.key, ...(body === undefined ? {} : { body }) });
  }

  async session(): Promise<string> {
    const reply = await this.call('POST', '/api/sessions', { agent: 'agent' });
    expect(reply.status).toBe(201);
    return ((await reply.json()) as { session: { id: string } }).session.id;
  }

  async say(sessionId: string, content: string): Promise<Turn> {
    return await say(this.#ash, sessionId, content, { key: this.key });
  }
}
