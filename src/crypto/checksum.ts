import { crc32 } from 'node:zlib';
import { toBase62 } from './base62.ts';

/** How many characters a checksum has: 62^6 is more than 2^32. */
export const checksumLength = 6;

/** Sums a text up as six base62 characters (CRC-32 IEEE over its UTF-8), so that garbage is refused without I/O; it proves nothing. */
export function checksum(text: string): string {
  return toBase62(crc32(text), checksumLength);
}
