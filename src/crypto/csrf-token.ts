import { constantTimeEqual } from './constant-time-equal.ts';
import type { DerivedKey, KeyRing } from './derive-keys.ts';
import { keyedDigest } from './keyed-digest.ts';

/** Makes the token of a form for one browser: an HMAC-SHA-256 over what only that browser sends, 43 base64url characters. */
export function csrfToken(binding: string, keys: KeyRing): string {
  return macOf(binding, keys[0]);
}

/** Tells in constant time whether a token was made for this browser, under the current key or one still accepted. */
export function isCsrfToken(presented: string, binding: string, keys: KeyRing): boolean {
  let matches = false;
  // All keys are tried, so that the time does not tell which one it was.
  for (const key of keys) matches = constantTimeEqual(presented, macOf(binding, key)) || matches;
  return matches;
}

function macOf(binding: string, key: DerivedKey): string {
  return keyedDigest(key, binding).toString('base64url');
}
