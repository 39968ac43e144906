/** What would be published, packed and installed into empty folders: the right files, types that resolve, a command that works. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, delimiter, dirname, join } from 'node:path';
import { startScriptedModel } from '@ash-ai/scripted-model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mountsOf, processesOf } from '../e2e/leaks.ts';
import { install, type Packed, packAll, root, run } from './packed.ts';

const names = ['bridge', 'cli', 'mcp-server', 'sandbox', 'scripted-model', 'sdk', 'server', 'shared'];
const bin = (name: string) => join(root, 'node_modules', '.bin', name);
let packed: Packed;

beforeAll(async () => {
  packed = await packAll();
});
afterAll(() => packed[Symbol.asyncDispose]());

function tarballOf(name: string): string {
  const found = packed.tarballs.find((path) => basename(path).startsWith(`ash-ai-${name}-`));
  if (found === undefined) throw new Error(`${name} was not packed`);
  return found;
}

test('all have one version, and the changelog names it', async () => {
  const manifests = await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(root, 'packages', name, 'package.json'), 'utf8'))),
  );
  const versions = new Set(manifests.map(({ version }) => version as string));
  expect(versions.size).toBe(1);
  const [version = ''] = versions;
  expect(basename(packed.wheel)).toBe(`ash_ai_sdk-${version}-py3-none-any.whl`);
  expect(await readFile(join(root, 'CHANGELOG.md'), 'utf8')).toContain(`\n## ${version} - `);
  for (const { dependencies = {} } of manifests) {
    for (const [name, wanted] of Object.entries(dependencies)) {
      if (name.startsWith('@ash-ai/')) expect(wanted, name).toBe(version);
    }
  }
});

describe.each(names)('%s', (name) => {
  test('holds what is used, and nothing else', async () => {
    const listing = await run('tar', ['-tzf', tarballOf(name)], { cwd: root });
    const files = listing.trim().split('\n').sort();
    expect(files).toEqual(expect.arrayContaining(['package/LICENSE', 'package/README.md', 'package/package.json']));
    expect(files.some((path) => path.startsWith('package/dist/'))).toBe(true);
    const foreign = /\/(src|tests?|fixtures?)\/|\.tsbuildinfo$|\.env|tsconfig/;
    expect(files.filter((path) => foreign.test(path))).toEqual([]);
  });

  test('its manifest is right, and its types resolve', async () => {
    await run(bin('publint'), ['run', tarballOf(name), '--strict'], { cwd: root });
    const entries = name === 'bridge' ? [] : [tarballOf(name), '--profile', 'esm-only'];
    // The bridge is a program: it has nothing to import, and no types.
    if (entries.length > 0) await run(bin('attw'), [...entries, '--no-emoji', '--no-color'], { cwd: root });
  });
});

test('the SDK alone, installed into an empty folder, type-checks and runs', async () => {
  const folder = join(packed.folder, 'with-sdk');
  await mkdir(folder);
  await install(folder, [tarballOf('shared'), tarballOf('sdk')]);
  await writeFile(
    join(folder, 'program.ts'),
    `import { AshApiError, AshClient, type Session } from '@ash-ai/sdk';
const client = new AshClient({ serverUrl: 'http://127.0.0.1:1/', apiKey: 'ash_key' });
const make: (agent: string) => Promise<Session> = (agent) => client.createSession(agent);
// @ts-expect-error an agent's name is text
export const wrong = () => client.createSession(1);
console.log(typeof make, new AshApiError(404, 'no').statusCode);
`,
  );
  for (const resolution of ['NodeNext', 'Bundler']) {
    const kind = ['--module', resolution === 'Bundler' ? 'ESNext' : resolution, '--moduleResolution', resolution];
    const strict = ['--strict', '--noEmit', '--target', 'ES2022', '--lib', 'ES2024,DOM,DOM.AsyncIterable'];
    await run(bin('tsc'), [...kind, ...strict, 'program.ts'], { cwd: folder });
  }
  expect(await run(process.execPath, ['program.ts'], { cwd: folder })).toBe('function 404\n');
});

test('npm install -g of the packed command gives an ash that serves, deploys, talks and stops; the wheel talks to it', async () => {
  const home = join(packed.folder, 'home');
  const agent = join(packed.folder, 'greeter');
  await mkdir(home);
  await mkdir(agent);
  await writeFile(join(agent, 'CLAUDE.md'), 'Greet.\n');
  await install(packed.folder, packed.tarballs, '--global', '--prefix', home);
  await using model = await startScriptedModel();
  const env = {
    PATH: [join(home, 'bin'), dirname(process.execPath), process.env.PATH].join(delimiter),
    HOME: home,
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_API_KEY: 'scripted',
    ASH_HOST: '127.0.0.1',
    ASH_PORT: String(await freePort()),
  };
  const ash = (...args: string[]) => run('ash', args, { cwd: packed.folder, env });
  expect(await ash('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
  const { url } = JSON.parse(await ash('start', '--json'));
  try {
    expect(JSON.parse(await ash('smoke', '--json'))).toMatchObject({ ok: true });
    expect(await ash('deploy', 'greeter')).toContain('Deployed agent "greeter" (v1)');
    expect(await ash('chat', 'greeter', 'My name is Ada.', '--end')).toBe('Nice to meet you, Ada.\n');
    // The guide goes with the server.
    expect(await (await fetch(`${url}/docs/guide/quickstart`)).text()).toContain('Quickstart');

    const venv = join(packed.folder, 'venv');
    const python = join(venv, 'bin', 'python3');
    await run('python3', ['-m', 'venv', venv], { cwd: packed.folder });
    const quiet = ['--quiet', '--disable-pip-version-check'];
    await run(python, ['-m', 'pip', 'install', ...quiet, packed.wheel], { cwd: packed.folder });
    const config = JSON.parse(await readFile(join(home, '.ash', 'config.json'), 'utf8'));
    const program = `
from ash_ai import AshClient, extract_text_from_event
client = AshClient(server_url=${JSON.stringify(url)}, api_key=${JSON.stringify(config.api_key)})
session = client.create_session("greeter")
for event in client.send_message_stream(session.id, "My name is Bob."):
    text = extract_text_from_event(event.data) if event.type == "message" else None
    if text: print(text)
client.end_session(session.id)
`;
    expect(await run(python, ['-c', program], { cwd: packed.folder })).toBe('Nice to meet you, Bob.\n');
  } finally {
    await ash('stop');
  }
  expect(processesOf(join(home, '.ash'))).toEqual([]);
  expect(mountsOf(join(home, '.ash'))).toEqual([]);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
