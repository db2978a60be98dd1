import { constantTimeEqual } from './constant-time-equal.ts';
import { type DerivedKey, deriveKeys } from './derive-keys.ts';

/** Names the current secret key without revealing it, for the database to remember: `v1$` and 32 hexadecimal characters. */
export function secretKeyFingerprint(secretKeys: readonly string[]): string {
  return write(deriveKeys(secretKeys, 'fingerprint')[0]);
}

/** Tells whether one of the secret keys, current or previous, is the one that the stored fingerprint names. */
export function matchesFingerprint(secretKeys: readonly string[], stored: string): boolean {
  return deriveKeys(secretKeys, 'fingerprint').some((key) => constantTimeEqual(write(key), stored));
}

function write(key: DerivedKey): string {
  return `v1$${key.key.toString('hex', 0, 16)}`;
}
