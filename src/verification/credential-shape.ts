/** Which verifier a credential belongs to, decided by its shape alone; the prefixes are disjoint. */
export type CredentialShape = 'oauth_opaque' | 'unrecognised';

const OAUTH_OPAQUE = /^o[ac]t_[A-Za-z0-9_-]{43}$/;

/** Names the verifier for a credential without any I/O. */
export function credentialShape(credential: string): CredentialShape {
  if (OAUTH_OPAQUE.test(credential)) return 'oauth_opaque';
  return 'unrecognised';
}
