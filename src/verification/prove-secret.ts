import type { Clock } from '../core/clock.ts';
import { sameDigest } from '../crypto/constant-time-equal.ts';
import type { KeyRing } from '../crypto/derive-keys.ts';
import { sha256Hex } from '../crypto/digest.ts';
import { checkMatchProof, type MatchProof, writeMatchProof } from '../crypto/match-proof.ts';
import type { SecretHasher } from '../crypto/secret-hasher.ts';
import type { StoredProof } from './credential-record.ts';

/** What holding a secret against its record needs. */
export interface ProveSecretDeps {
  readonly peppers: KeyRing;
  /** bcrypt, capped; throws `DependencyDown` when too many wait. */
  readonly verifyKey: SecretHasher['verifyKey'];
  /** Stores a proof beside its hash, some time soon; must not throw. */
  readonly keepProof: (publicId: string, keyHash: string, proof: MatchProof) => void;
  readonly clock: Clock;
}

/** Tells whether a presented secret belongs to a record. */
export type ProveSecret = (secret: string | null, stored: StoredProof) => boolean | Promise<boolean>;

/** Tells whether a presented secret matches what a record said when it was read before; waits for nothing and writes nothing. */
export type MatchSecret = (secret: string | null, stored: StoredProof) => boolean;

/** Longer than the writing of a proof and a lookup that was begun just before may take together. */
const REMEMBERED_MS = 10_000;
const REMEMBERED_KEYS = 1000;

/**
 * Builds the proof. A key is held against its peppered HMAC; bcrypt runs only where a row has no proof under a known
 * pepper (imported, or the pepper was lost), once for all who present the same key, and then the proof is written.
 */
export function proveSecret(deps: ProveSecretDeps): ProveSecret {
  const hashing = new Map<string, Promise<boolean>>();
  const matched = rememberMatches(deps.clock);

  function matchByHash(secret: string, keyHash: string, { proof }: MatchProof): Promise<boolean> | true {
    // The proof covers public id, hash and key, and says nothing without the pepper.
    const name = proof.toString('latin1');
    const underWay = hashing.get(name);
    if (underWay !== undefined) return underWay;
    if (matched.has(name)) return true;
    const asked = deps
      .verifyKey(secret, keyHash)
      .then((matches) => {
        if (matches === true) matched.add(name);
        return matches;
      })
      .finally(() => hashing.delete(name));
    hashing.set(name, asked);
    return asked;
  }

  return (secret, stored) => {
    if (stored.kind === 'none') return true;
    if (secret === null) return false;
    if (stored.kind === 'digest') return sameDigest(sha256Hex(secret), stored.digest);
    const { publicId, keyHash } = stored;
    const verdict = checkMatchProof(deps.peppers, proofOf(stored), publicId, keyHash, secret);
    if (verdict === 'differs') return false;
    if (verdict === 'matches') {
      // A proof under an old pepper moves over when it is used, so that the old one can be dropped one day.
      if (stored.pepperId !== deps.peppers[0].id) {
        deps.keepProof(publicId, keyHash, writeMatchProof(deps.peppers, publicId, keyHash, secret));
      }
      return true;
    }
    const proof = writeMatchProof(deps.peppers, publicId, keyHash, secret);
    const byHash = matchByHash(secret, keyHash, proof);
    if (byHash === true) return true;
    return byHash.then((matches) => {
      if (matches) deps.keepProof(publicId, keyHash, proof);
      return matches;
    });
  };
}

/**
 * Builds the comparison with a record that is known. That a key matches a proof can not go stale, so the digest of the one
 * that did is kept beside it: comparing that again takes a sixth of the time of the HMAC.
 */
export function matchSecret({ peppers }: Pick<ProveSecretDeps, 'peppers'>): MatchSecret {
  const matched = new WeakMap<StoredProof, string>();
  return (secret, stored) => {
    if (stored.kind === 'none') return true;
    if (secret === null) return false;
    const digest = sha256Hex(secret);
    if (stored.kind === 'digest') return sameDigest(digest, stored.digest);
    const before = matched.get(stored);
    if (before !== undefined) return sameDigest(digest, before);
    // Under an old pepper, the proof is to move to the new one, which is done where the record has been read.
    if (stored.pepperId !== peppers[0].id) return false;
    if (checkMatchProof(peppers, proofOf(stored), stored.publicId, stored.keyHash, secret) !== 'matches') return false;
    matched.set(stored, digest);
    return true;
  };
}

function proofOf({ proof, pepperId }: Extract<StoredProof, { kind: 'key' }>): Parameters<typeof checkMatchProof>[1] {
  return { proof: proof === null ? null : Buffer.from(proof, 'hex'), pepperId };
}

/**
 * Remembers for a while which keys bcrypt found to match, since a lookup that was begun before the proof was written
 * still brings a row without one. That a key matches a hash can not go stale; everything that ends a key is read each time.
 */
function rememberMatches(clock: Clock): { has(name: string): boolean; add(name: string): void } {
  const since = new Map<string, number>();
  return {
    has: (name) => {
      const began = since.get(name);
      return began !== undefined && clock().getTime() - began < REMEMBERED_MS;
    },
    add: (name) => {
      since.delete(name);
      since.set(name, clock().getTime());
      const oldest = since.keys().next().value;
      if (since.size > REMEMBERED_KEYS && oldest !== undefined) since.delete(oldest);
    },
  };
}
