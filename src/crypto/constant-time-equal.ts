import { timingSafeEqual } from 'node:crypto';
import { sha256 } from './digest.ts';

/** Compares two secrets in a time that tells nothing about where they differ, nor about their lengths (both are digested first). */
export function constantTimeEqual(left: string | Uint8Array, right: string | Uint8Array): boolean {
  return timingSafeEqual(sha256(left), sha256(right));
}

const HEX_BYTES = 64;
const one = Buffer.alloc(HEX_BYTES);
const other = Buffer.alloc(HEX_BYTES);

/**
 * Compares two SHA-256 digests of secrets, in hexadecimal, in constant time; of another length they are different. Nothing
 * is allocated: buffers are what is dear to clear up.
 */
export function sameDigest(left: string, right: string): boolean {
  if (left.length !== HEX_BYTES || right.length !== HEX_BYTES) return false;
  one.write(left, 'latin1');
  other.write(right, 'latin1');
  return timingSafeEqual(one, other);
}
