import { hkdfSync } from 'node:crypto';

/** What a derived key is for; a key of one purpose says nothing about those of the others. */
export type KeyPurpose = 'cookies' | 'pepper' | 'sealing' | 'csrf' | 'fingerprint';

/** A 32-byte key and the short public name under which stored values remember it. */
export interface DerivedKey {
  /** Eight hexadecimal characters that depend on the secret key alone, so that they survive a change of order. */
  readonly id: string;
  readonly key: Buffer;
}

/** The keys of one purpose: the first writes, all of them read. */
export type KeyRing = readonly [DerivedKey, ...DerivedKey[]];

/** Version of the derivation; another one gives other keys from the same secret. */
const derivationVersion = 'v1';

/** Derives one key a secret key for a purpose (HKDF-SHA-256, RFC 5869), in the order given; throws a RangeError without any. */
export function deriveKeys(secretKeys: readonly string[], purpose: KeyPurpose): KeyRing {
  const [current, ...previous] = secretKeys.map((secretKey) => ({
    id: expand(secretKey, 'key-id').toString('hex', 0, 4),
    key: expand(secretKey, purpose),
  }));
  if (current === undefined) throw new RangeError('Keys are derived from at least one secret key.');
  return [current, ...previous];
}

function expand(secretKey: string, label: KeyPurpose | 'key-id'): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, 'latchkey', `latchkey/${derivationVersion}/${label}`, 32));
}
