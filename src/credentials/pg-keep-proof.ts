import type { Pool } from 'pg';
import type { MatchProof } from '../crypto/match-proof.ts';

/* The hash in the condition: a key that was rotated or imported anew in between keeps what it has. */
const KEEP = `
  UPDATE credentials SET match_proof = $3, pepper_id = $4
   WHERE public_id = $1 AND key_hash = $2 AND (pepper_id IS DISTINCT FROM $4 OR match_proof IS NULL)`;

/** Builds the writer of proofs: in the background, each at most once at a time; a failure costs one bcrypt later. */
export function pgKeepProof(
  pool: Pick<Pool, 'query'>,
  reportFailure: (error: unknown) => void,
): (publicId: string, keyHash: string, proof: MatchProof) => void {
  const underWay = new Set<string>();
  return (publicId, keyHash, { proof, pepperId }) => {
    if (underWay.has(publicId)) return;
    underWay.add(publicId);
    pool
      .query({ name: 'proof-keep', text: KEEP, values: [publicId, keyHash, proof, pepperId] })
      .catch(reportFailure)
      .finally(() => underWay.delete(publicId));
  };
}
