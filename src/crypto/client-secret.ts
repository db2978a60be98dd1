import { constantTimeEqual } from './constant-time-equal.ts';
import type { DerivedKey, KeyRing } from './derive-keys.ts';
import { keyedDigest } from './keyed-digest.ts';
import { randomToken } from './random-token.ts';

/** What every client secret starts with, so that scanners recognise a leak. */
export const clientSecretPrefix = 'ocs_';

/** Draws a client secret: `ocs_` and 43 base62 characters, 256 bits. */
export function generateClientSecret(): string {
  return clientSecretPrefix + randomToken(43);
}

/** Writes the stored form of a client secret under the current pepper: `sha256${pepper id}${HMAC-SHA-256 in hexadecimal}`. */
export function hashClientSecret(secret: string, peppers: KeyRing): string {
  return storedForm(secret, peppers[0]);
}

/**
 * Finds the stored hash that a presented client secret belongs to, or null. All hashes are compared, in constant time each;
 * one that is malformed or written under an unknown pepper never matches.
 */
export function matchClientSecret(secret: string, storedHashes: readonly string[], peppers: KeyRing): string | null {
  let match: string | null = null;
  for (const stored of storedHashes) {
    const pepper = peppers.find((candidate) => stored.startsWith(`sha256$${candidate.id}$`));
    // An unknown pepper costs the same as a known one.
    const equal = constantTimeEqual(storedForm(secret, pepper ?? peppers[0]), stored);
    if (equal) match = stored;
  }
  return match;
}

function storedForm(secret: string, pepper: DerivedKey): string {
  return `sha256$${pepper.id}$${keyedDigest(pepper, secret).toString('hex')}`;
}
