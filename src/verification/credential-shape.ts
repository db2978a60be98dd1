import { parseApiKey, parsePersonalAccessToken } from '../credentials/token-format.ts';
import { sha256Hex } from '../crypto/digest.ts';
import type { AccessTokenClaims, ReadAccessToken } from './access-token-jwt.ts';
import type { LookupKey } from './credential-record.ts';
import { accessTokenParameters } from './lookup-kinds.ts';
import { endedFamilyName, revokedTokenName } from './revoked-token-name.ts';

/** Which verifier a credential belongs to, decided by its shape alone; the prefixes and alphabets are disjoint. */
export type CredentialShape = 'api_key' | 'personal_access_token' | 'oauth_token' | 'access_token' | 'unrecognised';

const OAUTH_TOKEN = /^o[ac]t_[A-Za-z0-9_-]{43}$/;
/** A compact JWS (RFC 7515 section 3.1); longer ones than any of ours are not looked at. */
const JWT = /^eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const LONGEST_JWT = 4096;

/** Names the verifier for a credential without any I/O. */
export function credentialShape(credential: string): CredentialShape {
  if (credential.startsWith('sk_')) return 'api_key';
  if (OAUTH_TOKEN.test(credential)) return 'oauth_token';
  const first = credential.charCodeAt(0);
  if (first >= 0x31 && first <= 0x39) return 'personal_access_token';
  if (credential.length <= LONGEST_JWT && JWT.test(credential)) return 'access_token';
  return 'unrecognised';
}

/** A credential of good form: by what it is looked up, and what will be held against the record. */
export interface ParsedCredential {
  readonly key: LookupKey;
  /** What was presented as proof, for the kinds that are looked up by something public; never logged. */
  readonly secret: string | null;
}

/** Why a credential has no record to look for. */
export type Unparsable = 'malformed' | 'unknown';

/** Takes a credential apart: form, checksum, signature; no database. Only a signature has to be waited for. */
export function parseCredential(
  credential: string,
  readAccessToken: ReadAccessToken,
): ParsedCredential | Unparsable | Promise<ParsedCredential | Unparsable> {
  switch (credentialShape(credential)) {
    case 'api_key': {
      const key = parseApiKey(credential);
      return key === null ? 'malformed' : { key: { kind: 'api_key', publicId: key.publicId }, secret: key.text };
    }
    case 'personal_access_token': {
      const token = parsePersonalAccessToken(credential);
      if (token === null) return 'malformed';
      return { key: { kind: 'personal_access_token', id: token.id }, secret: token.secret };
    }
    case 'oauth_token':
      return { key: { kind: 'oauth_token', hash: sha256Hex(credential) }, secret: null };
    case 'access_token':
      return parseAccessToken(credential, readAccessToken);
    case 'unrecognised':
      return 'malformed';
  }
}

function parseAccessToken(
  credential: string,
  readAccessToken: ReadAccessToken,
): ParsedCredential | Unparsable | Promise<ParsedCredential | Unparsable> {
  const claims = readAccessToken(credential);
  return claims instanceof Promise ? claims.then(parsedClaims) : parsedClaims(claims);
}

/** Keys of tokens whose signature is remembered; they are made of the claims alone. */
const parsedBefore = new WeakMap<AccessTokenClaims, ParsedCredential>();

function parsedClaims(claims: AccessTokenClaims | null): ParsedCredential | Unparsable {
  if (claims === null) return 'unknown';
  const before = parsedBefore.get(claims);
  if (before !== undefined) return before;
  // Both always, so that the statement has one form; the second name of a token without a family is nobody's.
  const names = [revokedTokenName(claims.jti), endedFamilyName(claims.family ?? '')] as const;
  const revokedHashes = [sha256Hex(names[0]), sha256Hex(names[1])] as const;
  const parameters = accessTokenParameters(claims, revokedHashes);
  const parsed: ParsedCredential = { key: { kind: 'access_token', claims, revokedHashes, parameters }, secret: null };
  parsedBefore.set(claims, parsed);
  return parsed;
}

const SESSION_COOKIE = /^[A-Za-z0-9_-]{43}$/;

/** Reads the value of a session cookie; anything of another form is no session and does not reach the database. */
export function parseSessionCookie(value: string): ParsedCredential | Unparsable {
  return SESSION_COOKIE.test(value) ? { key: { kind: 'session', hash: sha256Hex(value) }, secret: null } : 'malformed';
}
