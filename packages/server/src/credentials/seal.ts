/** Seals secrets with a master secret: AES-256-GCM under keys that PBKDF2 makes of it (spec/runtime.md §8.3). */
import { createCipheriv, createDecipheriv, createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { errors } from '@ash-ai/shared';

const derive = promisify(pbkdf2);
const ROUNDS = 100_000;
/** Keys that are kept, so that the 30 ms of making one are paid once a salt. */
const MAX_KEYS = 1_000;

/** A sealed text; every part in base64. `salt` is null in rows from before there was one. */
export interface Sealed {
  ciphertext: string;
  iv: string;
  authTag: string;
  salt: string | null;
}

export interface Seal {
  /** Seals a text. The salt is one of this process, the initialisation vector is new each time. */
  seal(text: string): Promise<Sealed>;
  /** Opens what was sealed. @throws secret_unreadable when it was sealed with another secret or has been changed */
  open(sealed: Sealed): Promise<string>;
  /** Like `seal`, as one text for one column. */
  sealText(text: string): Promise<string>;
  /** Opens what `sealText` made. @throws secret_unreadable */
  openText(text: string): Promise<string>;
  /** A digest of a text that tells nothing about it to somebody without the master secret. */
  fingerprint(text: string): string;
}

/**
 * A seal with a master secret.
 *
 * @param olderSecrets secrets that earlier seals were made with; `open` tries them too
 * @example
 * const seal = createSeal('a long random secret');
 * await seal.open(await seal.seal('sk-ant-…'));
 */
export function createSeal(masterSecret: string, olderSecrets: readonly string[] = []): Seal {
  const keyOf = derivedKeys();
  const salt = randomBytes(16).toString('base64');

  const seal = async (text: string): Promise<Sealed> => {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', await keyOf(masterSecret, salt), iv);
    const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]).toString('base64');
    return { ciphertext, iv: iv.toString('base64'), authTag: cipher.getAuthTag().toString('base64'), salt };
  };
  const open = async (sealed: Sealed): Promise<string> => {
    let cause: unknown;
    for (const secret of [masterSecret, ...olderSecrets]) {
      try {
        return decrypt(await keyOf(secret, sealed.salt), sealed);
      } catch (failure) {
        cause = failure;
      }
    }
    throw errors.secret_unreadable({}, { cause });
  };
  return {
    seal,
    open,
    sealText: async (text) => {
      const { salt, iv, authTag, ciphertext } = await seal(text);
      return ['1', salt, iv, authTag, ciphertext].join('.');
    },
    openText: async (text) => {
      const [version, salt, iv, authTag, ciphertext] = text.split('.');
      if (version !== '1' || !salt || !iv || !authTag || ciphertext === undefined) throw errors.secret_unreadable();
      return await open({ salt, iv, authTag, ciphertext });
    },
    fingerprint: (text) => createHmac('sha256', masterSecret).update(text).digest('hex'),
  };
}

function decrypt(key: Buffer, { ciphertext, iv, authTag }: Sealed): string {
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64'), { authTagLength: 16 });
  decipher.setAuthTag(Buffer.from(authTag, 'base64'));
  return Buffer.concat([decipher.update(Buffer.from(ciphertext, 'base64')), decipher.final()]).toString('utf8');
}

/** The keys made of secrets and salts, each made once while it is among the newest. */
function derivedKeys(): (secret: string, salt: string | null) => Promise<Buffer> {
  const made = new Map<string, Promise<Buffer>>();
  return (secret, salt) => {
    const name = JSON.stringify([secret, salt]);
    const known = made.get(name);
    if (known !== undefined) return known;
    const key =
      salt === null
        ? Promise.resolve(createHash('sha256').update(secret).digest())
        : derive(secret, Buffer.from(salt, 'base64'), ROUNDS, 32, 'sha256');
    made.set(name, key);
    for (const oldest of made.keys()) {
      if (made.size <= MAX_KEYS) break;
      made.delete(oldest);
    }
    return key;
  };
}
