/**
 * Nothing outside a workspace is read, listed, written or deleted, whatever a caller names and whatever an agent puts in its
 * place: each kind of name and of file, through each way in and out. What must stay untouched is a folder that only root may enter.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { newId } from '@ash-ai/shared';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { useAsh } from './harness.ts';
import { say } from './streams.ts';
import { base64 } from './things.ts';

const use = useAsh({ expectedErrors: /fork_failed|bundle_too_large/ });
const secret = `canary-${newId()}`;
let outside = '';
let before: unknown;

beforeAll(async () => {
  outside = await mkdtemp(join(tmpdir(), 'ash-outside-'));
  await writeFile(join(outside, 'kept'), secret);
  await mkdir(join(outside, 'folder'));
  await chmod(outside, 0o700);
  before = await outsideNow();
});
beforeEach(({ onTestFinished }) => {
  onTestFinished(async () => expect(await outsideNow()).toEqual(before));
});
afterAll(() => rm(outside, { recursive: true }));

/** The folder outside: names, contents, inodes, modes and owners. */
async function outsideNow(): Promise<unknown> {
  const { ino, mode, uid } = await stat(join(outside, 'kept'));
  return [await readdir(outside, { recursive: true }), await readFile(join(outside, 'kept'), 'utf8'), ino, mode, uid];
}

interface Answer {
  status: number;
  code?: string;
  bytes: Buffer;
}

/** An answer, which never has what is outside in it. The path is sent as it is: `fetch` would tidy it up. */
async function answer(method: string, path: string, body?: unknown): Promise<Answer> {
  const { url, key } = use.ash;
  const { hostname, port } = new URL(url);
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const asked = request({ hostname, port, method, path, headers });
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const bytes = await buffer(response);
  const status = response.statusCode ?? 0;
  const { code } = status >= 400 ? (JSON.parse(bytes.toString()) as { code?: string }) : {};
  expect(bytes.includes(secret), `${method} ${path}`).toBe(false);
  expect(status >= 500 ? [path, status, code] : [], 'a 5xx').toEqual([]);
  return { status, bytes, ...(code === undefined ? {} : { code }) };
}

/** A bundle of one file. */
async function bundleOf(name: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ash-bundle-'));
  try {
    await writeFile(join(dir, 'file'), 'written');
    const transform = `--transform=s,^file$,${name.replaceAll(/[\\&,]/g, '\\$&')},`;
    return execFileSync('tar', ['czPf', '-', transform, '-C', dir, 'file']).toString('base64');
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** Everything that a folder of the host holds; Node's own recursion would follow links. */
function contentsOf(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return [path, ...contentsOf(path)];
    if (entry.isSymbolicLink()) return [`${path} -> ${readlinkSync(path)}`];
    return [entry.isFile() && lstatSync(path).size < 1e6 ? `${path}: ${readFileSync(path)}` : path];
  });
}

describe('names', () => {
  const names: Record<string, string> = {
    'a way up': '../kept',
    'a way up further on': 'a/../../kept',
    'a way up and down': 'a/../kept',
    'a way up at the end': 'a/..',
    'an absolute path': '/etc/passwd',
    'a path from the root, twice': '//etc/passwd',
    'an empty part': 'a//b',
    'an encoded way up': '%2e%2e/kept',
    'an encoded slash': '..%2fkept',
    'a back slash': '..\\kept',
    NUL: 'a\0b',
    'a part of 256 bytes': 'x'.repeat(256),
    'a long path': 'x/'.repeat(3000),
    'half a surrogate pair': 'a\ud800',
  };
  /** Names that Linux knows as plain files in the workspace. */
  const plain = ['an encoded way up', 'an encoded slash', 'a back slash'];

  test.each(Object.entries(names))('%s', async (what, name) => {
    const { ash } = use;
    const { id } = await ash.session();
    const files = `/api/sessions/${id}/files`;
    await ash.client.exec(id, 'true');
    const entries: Record<string, () => Promise<Answer>> = {
      read: () => answer('GET', `${files}/${encoded(name)}`),
      delete: () => answer('DELETE', `${files}/${encoded(name)}`),
      'read of the agent': () => answer('GET', `/api/agents/agent/files/${encoded(name)}`),
      deploy: () => answer('POST', '/api/agents', { name: 'odd', files: [{ path: name, content: '' }] }),
      ...(/[\0\ud800]/.test(name) ? {} : { bundle: async () => upload(id, await bundleOf(name)) }),
    };
    for (const [entry, ask] of Object.entries(entries)) {
      const { status, code } = await ask();
      const label = `${entry}: ${status} ${code}`;
      if (plain.includes(what)) expect([200, 201, 204, 400, 404], label).toContain(status);
      else expect([status, code], label).toEqual([400, expect.stringMatching(/invalid|validation_failed/)]);
    }
    const written = await answer('POST', files, { files: [{ path: name, content: base64('written') }] });
    if (written.status === 200) {
      const [file] = (JSON.parse(written.bytes.toString()) as { files: { written: boolean }[] }).files;
      expect(file?.written).toBe(plain.includes(what));
    } else expect(written.code).toBe('validation_failed');
    const attached = await answer('POST', `/api/sessions/${id}/attachments`, { filename: name, content: base64('x') });
    expect([201, 400]).toContain(attached.status);
    const target = await answer('POST', files, { files: [{ path: 'a', content: '' }], targetPath: `${name}/x` });
    if (!plain.includes(what)) expect(target).toMatchObject({ status: 400 });
    // Everything that came into being is in the workspace.
    const own = contentsOf(ash.workspace(id)).join('\n');
    expect(own).toContain('CLAUDE.md');
    expect(contentsOf(join(ash.dataDir, 'sandboxes', id, 'disk')).join('\n')).not.toMatch(/disk\/(?:kept|a|x)\b/);
    await ash.client.endSession(id);
  });

  function encoded(name: string): string {
    if (name.includes('%')) return name;
    return name
      .split('/')
      .map((part) => (part.isWellFormed() ? encodeURIComponent(part) : 'a%ED%A0%80'))
      .join('/');
  }
});

const upload = (id: string, bundle: string) => answer('POST', `/api/sessions/${id}/workspace`, { bundle });

describe('what an agent puts in place of a file', () => {
  /** Made by the agent, in its workspace, under the name `node`. */
  const nodes: Record<string, (out: string) => string> = {
    'a link to a file': (out) => `ln -s ${out}/kept node`,
    'a link to a folder': (out) => `ln -s ${out} node`,
    'a relative way up': (out) => `ln -s ../../../../../../../../..${out}/kept node`,
    'a link to nothing': (out) => `ln -s ${out}/new node`,
    'a link to itself': () => 'ln -s node node',
    'a link to the root of all': () => 'ln -s /proc/self/root node',
    'a link to a device': () => 'ln -s /dev/zero node',
    'a FIFO': () => 'mkfifo node',
    'a socket': () => `python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('node')"`,
    'a sparse giant': () => 'truncate -s 3G node',
    'a folder with a link in it': (out) => `mkdir node; ln -s ${out}/kept node/kept`,
  };

  test.each(Object.entries(nodes))('%s', async (what, make) => {
    const { ash } = use;
    const { client } = ash;
    const { id } = await ash.session();
    await say(ash, id, 'Hello');
    const made = async (name = 'node') => {
      const script = `rm -rf ${name}; ${make(outside).replaceAll('node', name)}`;
      expect(await client.exec(id, script)).toMatchObject({ exitCode: 0 });
    };
    await made();
    const files = `/api/sessions/${id}/files`;
    const giant = what === 'a sparse giant';

    const listed = (await client.getSessionFiles(id)).files.map(({ path }) => path);
    expect(listed.filter((path) => path.startsWith('node'))).toEqual(giant ? ['node'] : []);
    for (const method of ['GET', 'DELETE']) {
      for (const path of ['node/kept', 'node/folder/x']) {
        expect([400, 404]).toContain((await answer(method, `${files}/${path}`)).status);
      }
    }
    expect(['not_a_file', 'file_too_large']).toContain((await answer('GET', `${files}/node`)).code);
    if (!giant) expect((await answer('DELETE', `${files}/node`)).code).toBe('not_a_file');
    const out = await use.ash.call('GET', `/api/sessions/${id}/workspace`);
    const bundle = Buffer.from(await out.arrayBuffer());
    if (giant) expect(JSON.parse(bundle.toString())).toMatchObject({ code: 'bundle_too_large' });
    else expect(gunzipSync(bundle).includes(secret)).toBe(false);

    // A fork has what is there as it is there; its sandbox wakes.
    const child = await client.forkSession(id);
    await client.resumeSession(child.id);
    expect((await say(ash, child.id, 'Hello')).status).toBe('completed');
    expect(contentsOf(ash.workspace(child.id)).join('\n')).not.toContain(secret);
    await client.endSession(child.id);

    for (const name of ['node', 'node/kept', 'node/new/deep']) {
      await answer('POST', files, { files: [{ path: name, content: base64('written') }] });
      await made();
      await answer('POST', files, { files: [{ path: 'x', content: base64('written') }], targetPath: name });
      await made();
      await upload(id, await bundleOf(name));
      await made();
    }
    await made('attachments');
    expect(
      (await answer('POST', `/api/sessions/${id}/attachments`, { filename: 'kept', content: base64('x') })).status,
    ).toBe(201);

    // Sleep, and waking from the snapshot.
    await client.pauseSession(id);
    await client.resumeSession(id);
    expect((await say(ash, id, 'Hello')).status).toBe('completed');
    expect(contentsOf(ash.workspace(id)).join('\n')).not.toContain(secret);
    await client.endSession(id);
  });

  test('and swaps while it is bundled, forked, filled and snapshot', async () => {
    const { ash } = use;
    const { client } = ash;
    const { id } = await ash.session();
    await say(ash, id, 'Hello');
    const swap = `end=$((SECONDS+25)); while [ $SECONDS -lt $end ]; do
      mkdir -p d attachments; echo in > d/kept; echo in > f; mv -T d d2; ln -s ${outside} d; rm d; mv -T d2 d
      mv -T attachments a2; ln -s ${outside} attachments; rm attachments; mv -T a2 attachments
      ln -sfn ${outside}/kept f; rm -f f; done`;
    const swapping = client.exec(id, swap, { timeout: 60_000 });
    const bundles = await Promise.all(['d/kept', 'd/new', 'f', 'attachments/kept'].map(bundleOf));
    let over = false;
    void swapping.finally(() => {
      over = true;
    });
    let rounds = 0;
    for (; !over && rounds < 12; rounds += 1) {
      const out = await ash.call('GET', `/api/sessions/${id}/workspace`);
      const bytes = Buffer.from(await out.arrayBuffer());
      if (out.status === 200) expect(gunzipSync(bytes).includes(secret)).toBe(false);
      for (const bundle of bundles) await upload(id, bundle);
      await answer('POST', `/api/sessions/${id}/attachments`, { filename: 'kept', content: base64('x') });
      await answer('POST', `/api/sessions/${id}/files`, { files: [{ path: 'd/kept', content: base64('x') }] });
      await answer('GET', `/api/sessions/${id}/files/d/kept`);
      await answer('DELETE', `/api/sessions/${id}/files/d/kept`);
      const child = await ash.call('POST', `/api/sessions/${id}/fork`);
      const { session } = (await child.json()) as { session?: { id: string } };
      if (session === undefined) continue;
      expect(contentsOf(ash.workspace(session.id)).join('\n')).not.toContain(secret);
      await client.endSession(session.id);
    }
    expect(rounds).toBeGreaterThan(0);
    await client.endSession(id);
    await swapping.catch(() => undefined);
  });
});

describe('folders of the server that are deployed', () => {
  const deploy = (path: string) => answer('POST', '/api/agents', { name: 'by-path', path });

  test('lead nowhere else', async () => {
    const { ash } = use;
    const folder = await ash.agentFolder('deployed', { 'CLAUDE.md': '# Hi\n' });
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    expect((await deploy(folder)).status).toBe(201);
    expect((await ash.client.listAgentFiles('by-path')).files.map(({ path }) => path)).toEqual(['CLAUDE.md']);
    await symlink(join(outside, 'kept'), join(folder, 'link'));
    expect(await deploy(folder)).toMatchObject({ code: 'agent_file_invalid' });
    await rm(join(folder, 'link'));
    await writeFile(join(folder, 'giant'), '');
    await truncate(join(folder, 'giant'), 1024 ** 4);
    expect(await deploy(folder)).toMatchObject({ code: 'agent_too_large' });
  });

  test('are never the server’s own, by whatever way', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    await ash.client.exec(id, 'echo mine > CLAUDE.md');
    const workspace = ash.workspace(id);
    const links = await mkdtemp(join(tmpdir(), 'ash-links-'));
    try {
      await symlink(workspace, join(links, 'workspace'));
      await symlink(ash.dataDir, join(links, 'data'));
      const within = workspace.slice(ash.dataDir.length);
      const paths = [
        workspace,
        join(links, 'workspace'),
        join(links, `data${within}`),
        `/proc/self/root${workspace}`,
        `${ash.dataDir}/agents/..${within}`,
        // What holds the data folder holds all of it.
        join(ash.dataDir, '..'),
        '/',
        `/proc/${process.pid}/root`,
      ];
      for (const path of paths) expect([path, (await deploy(path)).code]).toEqual([path, 'agent_path_forbidden']);
    } finally {
      await rm(links, { recursive: true });
    }
  });
});
