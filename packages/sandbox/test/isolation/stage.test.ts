/** Folders closed to the sandbox's uids are staged; what can't be is refused by name. */
import { chmod, copyFile, link, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planStage } from '../../src/isolation/stage.ts';
import { fixtureBridge, inside, isRoot, launched, sandboxIn, tempDir } from './harness.ts';
import { providers } from './providers.ts';

describe.runIf(isRoot)('stage', () => {
  it('plans nothing where all is open', async () => {
    const dir = await tempDir(0o711);
    await mkdir(join(dir, 'a'));
    expect(await planStage([{ path: join(dir, 'a'), writable: true }], 4242)).toBeUndefined();
  });

  it('covers the topmost closed folder, once', async () => {
    const dir = await tempDir();
    await mkdir(join(dir, 'b', 'c'), { recursive: true });
    await mkdir(join(dir, 'd'), { mode: 0o755 });
    await chmod(join(dir, 'b'), 0o700);
    const needs = ['b/c', 'd', 'd'].map((name) => ({ path: join(dir, name), writable: false }));
    const stage = await planStage([...needs, { path: '/usr/bin', writable: false }], 4242);
    expect(stage?.covers).toEqual([dir]);
    expect(stage?.binds.map(({ path }) => path)).toEqual([join(dir, 'd'), join(dir, 'b/c')]);
  });

  it('names what is closed itself, and what does not exist', async () => {
    const dir = await tempDir(0o711);
    await mkdir(join(dir, 'closed'), { mode: 0o700 });
    for (const name of ['closed', 'missing']) {
      const plan = planStage([{ path: join(dir, name), writable: false }], 4242);
      await expect(plan).rejects.toMatchObject({
        code: 'sandbox_path_unreachable',
        message: expect.stringContaining(name),
      });
    }
  });

  for (const [name, mode] of [
    ['closed (0700)', undefined],
    ['open (0711)', 0o711],
  ] as const) {
    it.each(providers)(`runs bridge and wall below a folder that is ${name}: $title`, async (provider) => {
      const stateDir = await tempDir(mode);
      const isolation = await provider.make({ stateDir });
      const sandbox = await sandboxIn(stateDir);
      const app = join(stateDir, "an app's folder");
      await mkdir(join(app, 'lib'), { recursive: true });
      for (const dir of [app, join(app, 'lib')]) await chmod(dir, 0o755);
      await copyFile(fixtureBridge, join(app, 'lib', 'bridge.mjs'));
      await symlink('lib/bridge.mjs', join(app, 'entry.mjs'));
      // The bridge's Node in a closed folder as well.
      await mkdir(join(app, 'bin'));
      await chmod(join(app, 'bin'), 0o755);
      const execPath = join(app, 'bin', 'node');
      await link(process.execPath, execPath).catch(() => copyFile(process.execPath, execPath));
      const spec = { ...sandbox, bridge: { execPath, args: [join(app, 'entry.mjs')], env: {}, readablePaths: [app] } };
      const { bridge } = await launched(isolation, spec);
      bridge.say({ do: 'write_file', path: 'spool', text: 'spooled' });
      bridge.run(['/bin/bash', '-c', 'echo made > /workspace/file; cat /workspace/file']);
      expect((await bridge.result()).stdout).toBe('made\n');
      expect((await inside(isolation, sandbox, 'cat file')).out).toBe('made');
    });
  }
});
