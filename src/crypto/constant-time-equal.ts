import { timingSafeEqual } from 'node:crypto';
import { sha256 } from './digest.ts';

/** Compares two secrets in a time that tells nothing about where they differ, nor about their lengths (both are digested first). */
export function constantTimeEqual(left: string | Uint8Array, right: string | Uint8Array): boolean {
  return timingSafeEqual(sha256(left), sha256(right));
}

/** Compares two digests of secrets in constant time; digests of different lengths are different. */
export function sameDigest(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}
