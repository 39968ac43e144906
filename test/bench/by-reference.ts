/** A fork on a file system that copies by reference: XFS in a file, where root can mount one. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AshServer } from './ash-server.ts';
import { forks, makeAgent } from './large.ts';
import { figuresOf, type Results } from './measure.ts';

const run = promisify(execFile);

export async function byReference(modelUrl: string): Promise<Results> {
  const folder = await mkdtemp(join(tmpdir(), 'ash-bench-xfs-'));
  const [image, place] = [join(folder, 'image'), join(folder, 'mount')];
  await mkdir(place);
  try {
    await run('truncate', ['-s', '4G', image]);
    await run('mkfs.xfs', ['-q', '-m', 'reflink=1', image]);
    await run('mount', ['-o', 'loop', image, place]);
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    process.stderr.write(`not measured, as no XFS can be made here (${why}) … `);
    return {};
  }
  try {
    const agent = join(folder, 'agent');
    await makeAgent(agent);
    await using server = await AshServer.start(modelUrl, { ASH_RATE_LIMIT: 'off' }, { dataDir: join(place, 'data') });
    await server.client.deployAgent('large', agent);
    const { awake, asleep } = await forks(server);
    return {
      'large workspace on XFS: fork, parent awake': figuresOf(awake, 'ms'),
      'large workspace on XFS: fork, parent asleep': figuresOf(asleep, 'ms'),
    };
  } finally {
    await run('umount', [place]).catch(() => run('umount', ['-l', place]));
    await rm(folder, { recursive: true, force: true });
  }
}
