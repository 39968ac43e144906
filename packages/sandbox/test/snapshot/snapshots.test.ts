/** Snapshots: whole, incremental, checked. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cp, mkdir, open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { newestHead, readHead } from '../../src/snapshot/head.ts';
import { rejection } from '../workspace/harness.ts';
import { described, ground, packs } from './harness.ts';

const everything = `
  cd workspace
  git init -q . && git config user.email a@b && git config user.name a && echo one > one && git add -A && git commit -qm first
  mkdir -p node_modules/.bin empty 'with space' && echo 'exit 3' > node_modules/.bin/tool && chmod 755 node_modules/.bin/tool
  ln -s ../tool node_modules/link; ln -s /etc/passwd absolute; ln -s gone dangling; ln -s . itself
  echo secret > closed && chmod 000 closed; mkdir dark && echo in > dark/in && chmod 000 dark
  echo suid > suid && chmod 4755 suid; mkdir sticky && chmod 1777 sticky
  mkfifo pipe && chmod 600 pipe
  echo shared > hard && ln hard 'with space/other'
  head -c 20000000 /dev/urandom > large; : > nothing; truncate -s 50M holes && echo end >> holes
  printf x > "$(printf 'bad\\xff name')"; printf y > $'line\\nbreak'; printf z > 'ünïcödé-日本'
  touch -d '1999-12-31 23:59:59.123456' one; touch -h -d '2001-01-01' dangling; touch -d '2030-01-01' empty
  cd ../home && mkdir -p .claude/projects/p && echo '{"uuid":"1"}' > .claude/projects/p/s.jsonl && chmod 700 .claude
`;

describe('a snapshot', () => {
  test('holds everything as it is', async () => {
    const place = await ground();
    place.bash(everything);
    const before = described(join(place.sandboxDir, 'disk'));
    const taken = await place.take(7);
    expect(described(join(place.sandboxDir, 'disk'))).toBe(before);
    expect(taken).toMatchObject({ n: 1, seq: 7, held: 'asleep' });
    const { head, damaged } = await place.snapshots.verified(place.sessionId, place.agentDir);
    expect([head?.session, damaged]).toEqual([{ of: 'test' }, []]);
    const restored = await place.filled(head);
    expect(described(restored)).toBe(before);
    expect(execFileSync('git', ['status', '--short', 'one'], { cwd: join(restored, 'workspace') }).toString()).toBe('');
    // 50 MB of holes are no 50 MB again.
    expect((await stat(join(restored, 'workspace/holes'))).blocks).toBeLessThan(2000);
  });

  test('can be read without Ash', async () => {
    const place = await ground();
    place.bash(
      'mkdir -p workspace/src && echo hello > workspace/src/a.txt && head -c 9000000 /dev/urandom > workspace/b',
    );
    await place.take(1);
    await mkdir(join(place.dir, 'by-hand'));
    execFileSync('bash', ['-ec', 'zstd -dcq 1.tar.zst | tar -xC ../../by-hand'], { cwd: place.folder });
    expect(await readFile(join(place.dir, 'by-hand/workspace/src/a.txt'), 'utf8')).toBe('hello\n');
  });

  test('stores only what is new, and a pack goes when nobody needs it', async () => {
    const place = await ground();
    place.bash('for i in $(seq 50); do head -c 100000 /dev/urandom > workspace/$i; done');
    await place.take(1);
    const first = (await stat(join(place.folder, '1.tar.zst'))).size;
    place.bash(
      'echo small > workspace/small; mkdir workspace/moved; mv workspace/1? workspace/moved; cp workspace/20 workspace/copy',
    );
    await place.take(2);
    expect((await stat(join(place.folder, '2.tar.zst'))).size).toBeLessThan(first / 1000);
    expect(described(await place.filled(await readHead(place.folder, 1)))).not.toContain('small');
    const newest = await newestHead(place.folder);
    expect(described(await place.filled(newest))).toBe(described(join(place.sandboxDir, 'disk')));

    // Nothing has changed: no new one.
    expect(await place.take(3)).toMatchObject({ n: 2, seq: 2 });

    place.bash('rm -r workspace/moved workspace/[3-9]*');
    await place.take(4);
    place.bash('for i in $(seq 60 90); do head -c 100000 /dev/urandom > workspace/$i; done; rm workspace/2*');
    await place.take(5);
    await place.take(6);
    await place.snapshots.prune(place.sessionId, { keep: 1, maxAgeMs: 60_000 });
    expect(await packs(place.folder)).not.toContain('1.tar.zst');
    expect((await place.snapshots.list(place.sessionId)).map(({ seq }) => seq)).toEqual([5]);
    const head = await newestHead(place.folder);
    expect(described(await place.filled(head))).toBe(described(join(place.sandboxDir, 'disk')));
  });

  test('many small changes do not make many packs', async () => {
    const place = await ground();
    place.bash('head -c 1000000 /dev/urandom > workspace/large');
    for (let n = 1; n <= 20; n += 1) {
      place.bash(`echo ${n} > workspace/${n}`);
      await place.take(n);
      await place.snapshots.prune(place.sessionId, { keep: 1, maxAgeMs: 60_000 });
    }
    expect((await packs(place.folder)).length).toBeLessThanOrEqual(16);
    const { head } = await place.snapshots.verified(place.sessionId, place.agentDir);
    expect(described(await place.filled(head))).toBe(described(join(place.sandboxDir, 'disk')));
  });

  test('sees a change that keeps size and time', async () => {
    const place = await ground();
    place.bash('echo 11111 > workspace/a; touch -d 2020-01-01 workspace/a');
    await place.take(1);
    place.bash('echo 22222 > workspace/a; touch -d 2020-01-01 workspace/a');
    await place.take(2);
    expect(described(await place.filled(await newestHead(place.folder)))).toBe(
      described(join(place.sandboxDir, 'disk')),
    );
  });

  test("does not store what the agent's own folder has", async () => {
    const place = await ground();
    await mkdir(join(place.agentDir, 'lib'));
    execFileSync('bash', ['-ec', 'for i in $(seq 30); do head -c 100000 /dev/urandom > lib/$i; done'], {
      cwd: place.agentDir,
    });
    await cp(place.agentDir, join(place.sandboxDir, 'disk/workspace'), { recursive: true, preserveTimestamps: true });
    place.bash('echo own > workspace/own; mv workspace/lib/1 workspace/renamed');
    const { storedBytes, contentBytes } = await place.take(1);
    expect(contentBytes).toBeGreaterThan(3_000_000);
    expect(storedBytes).toBeLessThan(2000);
    const head = await newestHead(place.folder);
    expect(described(await place.filled(head))).toBe(described(join(place.sandboxDir, 'disk')));
    await rm(join(place.agentDir, 'lib/7'));
    expect((await place.snapshots.verified(place.sessionId, place.agentDir)).head).toBeUndefined();
  });
});

describe('what is damaged', () => {
  const damages: Record<string, (folder: string) => Promise<void>> = {
    'a pack with a changed byte': async (folder) => {
      await using file = await open(join(folder, '2.tar.zst'), 'r+');
      await file.write(Buffer.from([0x55]), 0, 1, 300);
    },
    'a pack that is cut short': (folder) => truncate(join(folder, '2.tar.zst'), 100),
    'a pack that is another one': (folder) => cp(join(folder, '1.tar.zst'), join(folder, '2.tar.zst')),
    'no pack': (folder) => rm(join(folder, '2.tar.zst')),
    'no list': (folder) => rm(join(folder, '2.list.zst')),
    'another list': (folder) => rename(join(folder, '1.list.zst'), join(folder, '2.list.zst')),
    'a head with another seq': async (folder) => {
      const text = await readFile(join(folder, '2.json'), 'utf8');
      await writeFile(join(folder, '2.json'), text.replace('"seq":20', '"seq":21'));
    },
    'an empty head': (folder) => truncate(join(folder, '2.json'), 0),
  };

  test.each(Object.keys(damages))('%s: the one before is used, and it is told', async (name) => {
    const place = await ground();
    place.bash('head -c 5000 /dev/urandom > workspace/a');
    await place.take(10);
    const first = described(join(place.sandboxDir, 'disk'));
    place.bash('head -c 5000 /dev/urandom > workspace/b');
    await place.take(20);
    // So that the first one stays whole.
    const kept = await readFile(join(place.folder, '1.list.zst'));
    await damages[name]?.(place.folder);
    await writeFile(join(place.folder, '1.list.zst'), kept);
    const { head, damaged } = await place.snapshots.verified(place.sessionId, place.agentDir);
    expect([head?.seq, damaged]).toEqual([10, [2]]);
    expect(described(await place.filled(head))).toBe(first);

    // The next one trusts nothing of it.
    await place.take(30);
    const next = await place.snapshots.verified(place.sessionId, place.agentDir);
    expect([next.head?.seq, next.damaged]).toEqual([30, []]);
    expect(described(await place.filled(next.head))).toBe(described(join(place.sandboxDir, 'disk')));
  });

  test('what a server that died left is no snapshot, and goes', async () => {
    const place = await ground();
    place.bash('echo a > workspace/a');
    await place.take(1);
    for (const name of ['2.tar.zst', '2.list.zst', '2.json.new']) await writeFile(join(place.folder, name), 'half');
    expect((await place.snapshots.list(place.sessionId)).map(({ n }) => n)).toEqual([1]);
    place.bash('echo b > workspace/b');
    await place.take(2);
    expect((await readdir(place.folder)).sort()).toEqual([
      '1.json',
      '1.list.zst',
      '1.tar.zst',
      '2.json',
      '2.list.zst',
      '2.tar.zst',
    ]);
  });
});

describe('bounds', () => {
  test('one that is cut off leaves the one before', async () => {
    const place = await ground();
    place.bash('echo a > workspace/a');
    await place.take(1);
    place.bash('head -c 200000000 /dev/zero > workspace/b; head -c 30000000 /dev/urandom > workspace/c');
    const cut = new AbortController();
    const taking = place.take(2, cut.signal);
    const reason = new Error('a turn comes');
    // As soon as something of it is on the disk.
    const look = setInterval(() => readdirSync(place.folder).includes('2.tar.zst') && cut.abort(reason), 1);
    await expect(taking).rejects.toBe(reason);
    clearInterval(look);
    expect((await place.snapshots.list(place.sessionId)).map(({ seq }) => seq)).toEqual([1]);
    expect(await place.take(3)).toMatchObject({ n: 2, seq: 3 });
  });

  test('too much is refused, holes counted, and nothing is lost by it', async () => {
    const place = await ground({ maxBytes: 10_000_000 });
    place.bash('echo a > workspace/a');
    await place.take(1);
    place.bash('truncate -s 1T workspace/giant');
    const began = performance.now();
    expect(await rejection(place.take(2))).toBe('snapshot_failed');
    expect(performance.now() - began).toBeLessThan(10_000);
    expect((await place.snapshots.list(place.sessionId)).map(({ seq }) => seq)).toEqual([1]);
  });

  test('a tree that is too deep is refused, one that is nearly so is kept', async () => {
    const place = await ground();
    place.bash(
      'cd workspace; n=$(printf "a%.0s" $(seq 200)); for i in $(seq 30); do mkdir $n; cd $n; done; echo deep > deep',
    );
    await place.take(1);
    const disk = await place.filled(await newestHead(place.folder));
    expect(execFileSync('find', ['workspace', '-name', 'deep'], { cwd: disk }).toString()).toContain('/deep');
    place.bash('cd workspace; for i in $(seq 510); do mkdir b; cd b; done');
    expect(await rejection(place.take(2))).toBe('snapshot_failed');
  });
});
