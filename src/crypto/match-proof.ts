import { timingSafeEqual } from 'node:crypto';
import type { DerivedKey, KeyRing } from './derive-keys.ts';
import { keyedDigest } from './keyed-digest.ts';

/** Proof that an API key was once found to match its bcrypt hash; worthless without the pepper, instant with it. */
export interface MatchProof {
  /** Name of the pepper that wrote it. */
  readonly pepperId: string;
  /** HMAC-SHA-256 over public id, bcrypt hash and key, 32 bytes. */
  readonly proof: Buffer;
}

/** What a proof says about a key: that it matches, that it does not, or nothing, because its pepper is not known here. */
export type ProofVerdict = 'matches' | 'differs' | 'unknown_pepper';

/** Writes the proof of a key under the current pepper. */
export function writeMatchProof(peppers: KeyRing, publicId: string, keyHash: string, key: string): MatchProof {
  return { pepperId: peppers[0].id, proof: compute(peppers[0], publicId, keyHash, key) };
}

/** Holds a presented key against a stored proof, in constant time. */
export function checkMatchProof(
  peppers: KeyRing,
  stored: { readonly pepperId: string | null; readonly proof: Buffer | null },
  publicId: string,
  keyHash: string,
  key: string,
): ProofVerdict {
  const pepper = peppers.find(({ id }) => id === stored.pepperId);
  if (pepper === undefined || stored.proof === null) return 'unknown_pepper';
  const expected = compute(pepper, publicId, keyHash, key);
  return stored.proof.length === expected.length && timingSafeEqual(stored.proof, expected) ? 'matches' : 'differs';
}

/** The parts have fixed lengths or alphabets without a line break, so no two different triples read the same. */
function compute(pepper: DerivedKey, publicId: string, keyHash: string, key: string): Buffer {
  return keyedDigest(pepper, `${publicId}\n${keyHash}\n${key}`);
}
