import { matchClientSecret } from '../crypto/client-secret.ts';
import { sameDigest } from '../crypto/constant-time-equal.ts';
import type { KeyRing } from '../crypto/derive-keys.ts';
import { sha256Hex } from '../crypto/digest.ts';

/** The live secrets of a client: their hashes, and the ids of their rows in the same order. */
export interface LiveSecrets {
  readonly secretHashes: readonly string[];
  readonly secretIds: readonly string[];
}

/** Tells whether a presented secret is a live one of a client. */
export type MatchLiveSecret = (presented: string, secrets: LiveSecrets) => boolean;

/** About 200 bytes each. */
const REMEMBERED = 1000;

/**
 * Builds the comparison; `noteUse` learns which secret it was, and must neither wait nor throw. That a secret matched a hash
 * can not go stale, so the digest of one that did is remembered; whether the hash is a live one is read each time.
 */
export function matchLiveSecret(peppers: KeyRing, noteUse: (secretId: string) => void): MatchLiveSecret {
  const matched = new Map<string, string>();

  function find(presented: string, secretHashes: readonly string[]): string | null {
    const digest = sha256Hex(presented);
    for (const hash of secretHashes) {
      const before = matched.get(hash);
      if (before !== undefined && sameDigest(digest, before)) return hash;
    }
    const match = matchClientSecret(presented, secretHashes, peppers);
    if (match === null) return null;
    const oldest = matched.keys().next().value;
    if (matched.size >= REMEMBERED && oldest !== undefined) matched.delete(oldest);
    matched.set(match, digest);
    return match;
  }

  return (presented, { secretHashes, secretIds }) => {
    const match = find(presented, secretHashes);
    if (match === null) return false;
    const id = secretIds[secretHashes.indexOf(match)];
    if (id !== undefined) noteUse(id);
    return true;
  };
}
