import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { DerivedKey, KeyRing } from './derive-keys.ts';

const algorithm = 'aes-256-gcm';
const formatVersion = 'v1';
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Encrypts a value for storage with the current key (AES-256-GCM, random nonce): `v1.{key id}.{base64url of nonce, text, tag}`.
 * The associated data (such as the row it belongs to) is not stored and must be the same when it is opened.
 */
export function seal(keys: KeyRing, plain: string | Uint8Array, associatedData: string): string {
  const [current] = keys;
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, keyObjectOf(current), nonce, { authTagLength: tagBytes });
  cipher.setAAD(boundData(current, associatedData));
  const body = Buffer.concat([nonce, cipher.update(Buffer.from(plain)), cipher.final(), cipher.getAuthTag()]);
  return `${formatVersion}.${current.id}.${body.toString('base64url')}`;
}

/** Decrypts what `seal` wrote with any of the keys; null when the key is unknown, the associated data is another, or one bit was changed. */
export function open(keys: KeyRing, sealed: string, associatedData: string): Buffer | null {
  const [version, keyId, encoded, ...rest] = sealed.split('.');
  const key = keys.find((candidate) => candidate.id === keyId);
  if (version !== formatVersion || key === undefined || encoded === undefined || rest.length > 0) return null;
  const body = Buffer.from(encoded, 'base64url');
  // Node ignores stray characters in base64url; only the one true spelling of a value is accepted.
  if (body.length < nonceBytes + tagBytes || body.toString('base64url') !== encoded) return null;
  try {
    const decipher = createDecipheriv(algorithm, keyObjectOf(key), body.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(boundData(key, associatedData));
    decipher.setAuthTag(body.subarray(-tagBytes));
    return Buffer.concat([decipher.update(body.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  } catch {
    return null;
  }
}

/** Tells whether a sealed value was written with the current key; if not, it should be sealed anew before the old key is dropped. */
export function isSealedWithCurrentKey(keys: KeyRing, sealed: string): boolean {
  return sealed.startsWith(`${formatVersion}.${keys[0].id}.`);
}

const prepared = new WeakMap<DerivedKey, KeyObject>();

/** Made once for each key: that costs five times a short encryption. */
function keyObjectOf(derived: DerivedKey): KeyObject {
  let key = prepared.get(derived);
  if (key === undefined) {
    key = createSecretKey(derived.key);
    prepared.set(derived, key);
  }
  return key;
}

function boundData(key: DerivedKey, associatedData: string): Buffer {
  return Buffer.from(`${formatVersion}.${key.id}.${associatedData}`);
}
