/** Sealing secrets. */
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createSeal, type Sealed } from '../../src/credentials/seal.ts';
import { readSealKey } from '../../src/credentials/seal-key.ts';

const unreadable = { code: 'secret_unreadable', statusCode: 500 };

test.each(['', 'sk-ant-1', 'ü\n"\0🦉'.repeat(1000)])('what is sealed is opened again', async (secret) => {
  const seal = createSeal('master');
  const sealed = await seal.seal(secret);
  expect(await seal.open(sealed)).toBe(secret);
  // Another process has another salt, and the same master secret.
  expect(await createSeal('master').open(sealed)).toBe(secret);
  const text = await seal.sealText(secret);
  expect(text).toMatch(/^[\w+/=.]+$/);
  expect(await createSeal('master').openText(text)).toBe(secret);
});

test('it is AES-256-GCM with a 12-byte vector, a 16-byte tag and a 16-byte salt', async () => {
  const seal = createSeal('master');
  const [one, two] = [await seal.seal('secret'), await seal.seal('secret')];
  expect(one.ciphertext).not.toBe(two.ciphertext);
  expect(one.iv).not.toBe(two.iv);
  const lengths = [one.iv, one.authTag, one.salt ?? '', one.ciphertext].map(
    (text) => Buffer.from(text, 'base64').length,
  );
  expect(lengths).toEqual([12, 16, 16, 6]);
});

test('a row without a salt is sealed with the hash of the master secret', async () => {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', createHash('sha256').update('master').digest(), iv);
  const ciphertext = Buffer.concat([cipher.update('old'), cipher.final()]).toString('base64');
  const row = { ciphertext, iv: iv.toString('base64'), authTag: cipher.getAuthTag().toString('base64'), salt: null };
  expect(await createSeal('master').open(row)).toBe('old');
});

test('another secret, or a changed part, opens nothing', async () => {
  const seal = createSeal('master');
  const sealed = await seal.seal('secret');
  await expect(createSeal('other').open(sealed)).rejects.toMatchObject(unreadable);
  const flipped = (text: string): string => {
    const bytes = Buffer.from(text, 'base64');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    return bytes.toString('base64');
  };
  for (const part of ['ciphertext', 'iv', 'authTag', 'salt'] as const) {
    const changed: Sealed = { ...sealed, [part]: flipped(sealed[part] ?? '') };
    await expect(seal.open(changed), part).rejects.toMatchObject(unreadable);
  }
  // A shortened tag is as good as none.
  const short = Buffer.from(sealed.authTag, 'base64').subarray(0, 4).toString('base64');
  await expect(seal.open({ ...sealed, authTag: short })).rejects.toMatchObject(unreadable);
  for (const text of ['', '1.a.b.c', 'secret', '2.a.b.c.d']) {
    await expect(seal.openText(text)).rejects.toMatchObject(unreadable);
  }
});

test('what an older secret sealed is opened too', async () => {
  const sealed = await createSeal('old').seal('secret');
  expect(await createSeal('new', ['older', 'old']).open(sealed)).toBe('secret');
});

test('a fingerprint depends on the text and on the master secret', () => {
  const seal = createSeal('master');
  expect(seal.fingerprint('a')).toBe(createSeal('master').fingerprint('a'));
  expect(new Set([seal.fingerprint('a'), seal.fingerprint('b'), createSeal('other').fingerprint('a')]).size).toBe(3);
});

test("the server's own secret is made once, for its owner's eyes", async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ash-seal-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  // What a start that was cut off has left is of no account.
  await writeFile(join(dir, 'seal-key.new'), 'half');
  const secret = await readSealKey(dir);
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(await readSealKey(dir)).toBe(secret);
  expect((await stat(join(dir, 'seal-key'))).mode & 0o777).toBe(0o600);
  expect(await readFile(join(dir, 'seal-key'), 'utf8')).toBe(`${secret}\n`);
  await writeFile(join(dir, 'seal-key'), '');
  await expect(readSealKey(dir)).rejects.toThrow(/seal-key is empty/);
});
