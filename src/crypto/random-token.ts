import { randomBytes } from 'node:crypto';
import { base62Alphabet } from './base62.ts';

/** The largest multiple of 62 in a byte; bytes from here on are thrown away, or the first eight characters would be likelier. */
const acceptedBelow = 248;

/** Draws `length` base62 characters, each of the 62 equally likely (5.95 bits a character), from the system's generator. */
export function randomToken(length: number): string {
  let token = '';
  while (token.length < length) {
    // A few more than needed: one byte in 32 is refused, and a second round is rarely taken.
    for (const byte of randomBytes(length - token.length + 8)) {
      if (byte < acceptedBelow && token.length < length) token += base62Alphabet.charAt(byte % 62);
    }
  }
  return token;
}

/** Draws an identifier that nobody can guess and no two processes share: 22 base62 characters, 131 bits. */
export function randomId(): string {
  return randomToken(22);
}

/** Draws a secret key for `SECRET_KEYS`: 32 random bytes as 43 base64url characters. */
export function randomSecretKey(): string {
  return randomBytes(32).toString('base64url');
}
