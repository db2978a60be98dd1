import { constantTimeEqual } from '../crypto/constant-time-equal.ts';
import type { KeyRing } from '../crypto/derive-keys.ts';
import { sha256 } from '../crypto/digest.ts';
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
}

/** Tells whether a presented secret belongs to a record. */
export type ProveSecret = (secret: string | null, stored: StoredProof) => boolean | Promise<boolean>;

/**
 * Builds the proof. A key is held against its peppered HMAC; bcrypt runs only where a row has no proof under a known
 * pepper (imported, or the pepper was lost), once for all who wait for the same key, and then the proof is written.
 */
export function proveSecret(deps: ProveSecretDeps): ProveSecret {
  const hashing = new Map<string, Promise<boolean>>();

  function matchByHash(secret: string, publicId: string, keyHash: string): Promise<boolean> {
    const name = sha256(`${publicId}\n${keyHash}\n${secret}`).toString('latin1');
    const underWay = hashing.get(name);
    if (underWay !== undefined) return underWay;
    const asked = deps.verifyKey(secret, keyHash).finally(() => hashing.delete(name));
    hashing.set(name, asked);
    return asked;
  }

  return (secret, stored) => {
    if (stored.kind === 'none') return true;
    if (secret === null) return false;
    if (stored.kind === 'digest') return constantTimeEqual(sha256(secret), stored.digest);
    const { publicId, keyHash } = stored;
    const verdict = checkMatchProof(deps.peppers, stored, publicId, keyHash, secret);
    if (verdict === 'differs') return false;
    const keep = (): void =>
      deps.keepProof(publicId, keyHash, writeMatchProof(deps.peppers, publicId, keyHash, secret));
    if (verdict === 'matches') {
      // A proof under an old pepper moves over when it is used, so that the old one can be dropped one day.
      if (stored.pepperId !== deps.peppers[0].id) keep();
      return true;
    }
    return matchByHash(secret, publicId, keyHash).then((matches) => {
      if (matches) keep();
      return matches;
    });
  };
}
