import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { DerivedKey } from './derive-keys.ts';

const prepared = new WeakMap<DerivedKey, KeyObject>();

/** Digests a text under a derived key: HMAC-SHA-256, 32 bytes. The key object is made once, because that costs five times the digest. */
export function keyedDigest(derived: DerivedKey, text: string): Buffer {
  let key = prepared.get(derived);
  if (key === undefined) {
    key = createSecretKey(derived.key);
    prepared.set(derived, key);
  }
  return createHmac('sha256', key).update(text).digest();
}
