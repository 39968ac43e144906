/**
 * Two tenants, one hostile, for any isolation: what a scripted agent gets out of the wall of a real session, through the public API of a real
 * server. Prints the table of all checks; docs/security.md has it as measured.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { script } from '@ash-ai/scripted-model';
import { contract, type Route } from '@ash-ai/shared/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useAsh } from '../e2e/harness.ts';
import { internalSecret, Tenant } from './tenants.ts';

/** What gets through and does no harm, with the reason. */
const harmless: Readonly<Record<string, string>> = {
  'open /proc/sys/kernel/ns_last_pid for writing': 'of its own pid namespace',
  'open the memory of pid 1 of the sandbox': 'its own first process, behind the same filter',
};

/** @param env settings of the server, the isolation above all */
export function escapeSuite(env: Readonly<Record<string, string>>): void {
  const canary = `canary-${randomBytes(16).toString('hex')}`;
  const use = useAsh({
    env: { ANTHROPIC_API_KEY: canary, ASH_INTERNAL_SECRET: internalSecret, ASH_SANDBOX_DISK: 'auto', ...env },
  });

  const secret = `victims-secret-${randomUUID()}`;
  const listeners: Server[] = [];
  let victim: Tenant;
  let hostile: Tenant;
  let victimSession: string;
  let hostileSession: string;
  let outcome: Record<string, string>;

  beforeAll(async () => {
    const { ash } = use;
    victim = await Tenant.make(ash, 'victim');
    victimSession = await victim.session();
    await victim.say(
      victimSession,
      script({ tools: [{ name: 'Bash', input: { command: `echo ${secret} > secret.txt` } }] }),
    );
    const folder = join(ash.dataDir, 'sandboxes', victimSession);
    await writeFile(join(ash.dataDir, 'private'), secret, { mode: 0o600 });
    const abstract = `ash-escape-${randomUUID()}`;
    const port = await listenAt(0);
    await listenAt(`\0${abstract}`);
    await listenAt(join(ash.dataDir, 'host.sock'));
    const bait = {
      namespaces: Object.fromEntries(
        ['mnt', 'pid', 'net', 'user'].map((name) => [name, readlinkSync(`/proc/self/ns/${name}`)]),
      ),
      canary: 'canary-[0-9a-f]{32}',
      dataDir: ash.dataDir,
      otherSession: victimSession,
      files: {
        'the shadow file': '/etc/shadow',
        'a private file of the server': join(ash.dataDir, 'private'),
        "the server's first key": join(ash.dataDir, 'initial-api-key'),
        "the server's database": join(ash.dataDir, 'ash.db'),
        "another session's file": join(folder, 'disk', 'workspace', 'secret.txt'),
        "another session's record": join(folder, 'sandbox.json'),
        "another session's spool": join(folder, 'bridge', 'spool'),
      },
      folders: {
        'the data folder': ash.dataDir,
        'the sandboxes': join(ash.dataDir, 'sandboxes'),
        "another session's workspace": join(folder, 'disk', 'workspace'),
        "root's home": '/root',
        '/var': '/var',
        '/boot': '/boot',
        'the cgroups': '/sys/fs/cgroup',
      },
      ports: {
        'a listener': port,
        "the server's API": Number(new URL(ash.url).port),
        'the model': Number(new URL(ash.model.url).port),
      },
      abstract,
      sockets: {
        "another session's bridge": join(folder, 'bridge', 'bridge.sock'),
        "another session's model gateway": join(folder, 'run', 'model.sock'),
        'a socket of the host': join(ash.dataDir, 'host.sock'),
        Docker: '/var/run/docker.sock',
        'the system bus': '/run/dbus/system_bus_socket',
      },
      pids: [1, ash.pid, process.pid, ash.bridgePid(victimSession), ash.runtimePid(victimSession)],
      own: ['claude', 'bash', 'sh', 'python3', 'python3.11', 'bwrap', 'env', 'cat', 'timeout', 'perl'],
    };
    hostile = await Tenant.make(ash, 'hostile', {
      'probe.py': await readFile(new URL('./probe.py', import.meta.url), 'utf8'),
      'bait.json': JSON.stringify(bait),
    });
    hostileSession = await hostile.session();
    const probing = { name: 'Bash', input: { command: '/usr/bin/python3 probe.py', timeout: 240_000 } };
    const turn = await hostile.say(hostileSession, script({ tools: [probing] }, 'It said {{result}}.'));
    expect(turn.text).toMatch(/^It said probed \d+\.$/);
    outcome = JSON.parse(await readFile(join(ash.workspace(hostileSession), 'outcome.json'), 'utf8'));
    process.stdout.write(tableOf(outcome));
  }, 300_000);

  afterAll(() => {
    for (const listener of listeners) listener.close();
  });

  async function listenAt(place: number | string): Promise<number> {
    const listener = createServer((socket) => socket.end('host'));
    listeners.push(listener);
    if (typeof place === 'number') listener.listen(place, '127.0.0.1');
    else listener.listen(place);
    await once(listener, 'listening');
    return typeof place === 'number' ? (listener.address() as AddressInfo).port : 0;
  }

  function tableOf(all: Readonly<Record<string, string>>): string {
    const lines = Object.entries(all).map(([check, said]) => {
      const [what = '', ...why] = said.split(' ');
      const own = what === 'open' && check in harmless;
      return `  ${(own ? 'own' : what).padEnd(6)} ${check.padEnd(62)} ${own ? harmless[check] : why.join(' ')}`;
    });
    const count = (what: string) => Object.values(all).filter((said) => said.startsWith(what)).length;
    return `${lines.join('\n')}\n${count('open')} open of ${lines.length}, ${count('skip')} skipped\n`;
  }

  test('nothing of the host, the server or others can be reached', () => {
    const open = Object.entries(outcome).filter(([check, said]) => !/^(shut|skip) /.test(said) && !(check in harmless));
    expect(Object.fromEntries(open)).toEqual({});
    expect(Object.keys(outcome).length).toBeGreaterThan(90);
  });

  test('docs/security.md tells of these checks, and of no fewer that get through', async () => {
    const page = (await readFile(new URL('../../docs/security.md', import.meta.url), 'utf8')).replaceAll('\n', ' ');
    const measured = /(\d+) checks; with `bubblewrap` (\d+) get through, both harmless; with `oci` \(runc\) (\d+)/.exec(
      page,
    );
    const [, checks, bubblewrap, oci] = (measured ?? []).map(Number);
    const open = Object.values(outcome).filter((said) => said.startsWith('open')).length;
    expect(checks).toBe(Object.keys(outcome).length);
    expect(open).toBeLessThanOrEqual((env.ASH_ISOLATION === 'oci' ? oci : bubblewrap) ?? -1);
    const rows = [...page.slice(page.indexOf('| what is tried |')).matchAll(/ \| (\d+) \| (?:shut|open)/g)];
    expect(rows.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(checks);
  });

  test('the session says what holds it, and claims no more', async () => {
    const { session } = (await (await hostile.call('GET', `/api/sessions/${hostileSession}`)).json()) as {
      session: { isolation: string; enforced: Record<string, unknown> };
    };
    const isRoot = process.getuid?.() === 0;
    expect(session.isolation).toBe(env.ASH_ISOLATION);
    expect(session.enforced).toMatchObject({ files: true, network: true, syscalls: true, privateUids: isRoot });
    if (!isRoot) expect(session.enforced.disk).toBe('watchdog');
  });

  test('the other session has noticed nothing', async () => {
    const turn = await victim.say(
      victimSession,
      script({ tools: [{ name: 'Bash', input: { command: 'cat secret.txt' } }] }, '{{result}}'),
    );
    expect(turn).toMatchObject({ status: 'completed', text: secret });
  });

  test('the server’s key is in no file of the sandbox, no log, no transcript and no answer', async () => {
    const { ash } = use;
    const sandbox = join(ash.dataDir, 'sandboxes', hostileSession);
    const found = filesBelow(sandbox).filter((path) => readFileSync(path).includes(canary));
    expect(found).toEqual([]);
    expect(JSON.stringify(ash.rows('select * from log_entries'))).not.toContain(canary);
    expect(JSON.stringify(ash.rows('select * from sessions'))).not.toContain(canary);
    const readable = (Object.values(contract) as Route[]).filter(
      ({ method, path, internal, reply }) =>
        method === 'GET' && internal !== true && reply.kind !== 'stream' && !/:(?!id\b)\w+|\*/.test(path),
    );
    expect(readable.length).toBeGreaterThan(15);
    for (const { path } of readable) {
      if (path.includes(':id') && !path.startsWith('/api/sessions/')) continue;
      const answer = await hostile.call('GET', path.replace(':id', hostileSession));
      expect([path, (await answer.text()).includes(canary)]).toEqual([path, false]);
    }
    // A model that can't be reached, and one that refuses the key.
    const faults = [{ status: 401, times: 'always' }];
    const turn = await hostile.say(hostileSession, script({ text: 'no', faults } as never));
    expect(turn.error?.code).toBe('model_unauthorized');
    expect(JSON.stringify(turn)).not.toContain(canary);
    expect(await (await ash.call('GET', '/metrics')).text()).not.toContain(canary);
    expect(JSON.stringify(ash.lines)).not.toContain(canary);
  });

  test('another tenant’s session is by every route what a session is that does not exist', async () => {
    const routes = (Object.values(contract) as Route[]).filter(
      ({ path, internal }) => path.startsWith('/api/sessions/:id') && internal !== true,
    );
    expect(routes.length).toBeGreaterThan(10);
    for (const { method, path } of routes) {
      const nobody = randomUUID();
      const [real, none] = await Promise.all([victimSession, nobody].map((id) => ask(method, path, id)));
      expect({ path, ...real }).toEqual({ path, ...none });
      expect(real?.status).toBeGreaterThanOrEqual(400);
    }
    const listed = await (await hostile.call('GET', '/api/sessions')).text();
    expect(listed).not.toContain(victimSession);
  });

  /** The answer to a call of the hostile tenant, with what is the caller's own taken out. */
  async function ask(method: string, path: string, id: string): Promise<{ status: number; text: string }> {
    const other = '01900000-0000-7000-8000-000000000000';
    const url = path.replace(':id', id).replaceAll(/:\w+/g, other).replace('*', 'secret.txt');
    const body = method === 'GET' || method === 'DELETE' ? undefined : bodyFor(path);
    const reply = await hostile.call(method, url, body);
    const text = (await reply.text()).replaceAll(id, 'ID').replaceAll(/"requestId":"[^"]*"/g, '');
    return { status: reply.status, text };
  }
}

/** Something that the route takes, so that it gets as far as to look for the session. */
function bodyFor(path: string): unknown {
  if (path.endsWith('/messages')) return { content: 'hello' };
  if (path.endsWith('/exec')) return { command: 'id' };
  if (path.includes('/approvals/')) return { decision: 'allow' };
  if (path.endsWith('/files')) return { files: [{ path: 'x', content: '' }] };
  return {};
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true })
    .map((path) => join(dir, String(path)))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true && !path.endsWith('/disk.img'));
}
