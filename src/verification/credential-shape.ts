/** Which verifier a credential belongs to, decided by its shape alone; the prefixes and alphabets are disjoint. */
export type CredentialShape = 'oauth_opaque' | 'jwt' | 'unrecognised';

const OAUTH_OPAQUE = /^o[ac]t_[A-Za-z0-9_-]{43}$/;
/** A compact JWS (RFC 7515 section 3.1); longer ones than any of ours are not looked at. */
const JWT = /^eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const LONGEST_JWT = 4096;

/** Names the verifier for a credential without any I/O. */
export function credentialShape(credential: string): CredentialShape {
  if (OAUTH_OPAQUE.test(credential)) return 'oauth_opaque';
  if (credential.length <= LONGEST_JWT && JWT.test(credential)) return 'jwt';
  return 'unrecognised';
}
