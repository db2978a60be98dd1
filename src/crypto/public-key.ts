import { createPublicKey } from 'node:crypto';

const SMALLEST_RSA_BITS = 2048;
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** Says why a JWK can not prove who a client is, or null: it must be a public RSA key of 2048 bits or more, P-256 or Ed25519. */
export function publicKeyFault(jwk: Readonly<Record<string, unknown>>): string | null {
  if (PRIVATE_MEMBERS.some((member) => member in jwk))
    return 'Only public keys belong here; remove the private members.';
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPublicKey({ key: jwk, format: 'jwk' });
    if (type === 'ed25519' || (type === 'ec' && details?.namedCurve === 'prime256v1')) return null;
    if (type === 'rsa' && (details?.modulusLength ?? 0) >= SMALLEST_RSA_BITS) return null;
  } catch {
    return 'This is not a public key in the form of RFC 7517.';
  }
  return `A key is RSA of ${SMALLEST_RSA_BITS} bits or more, EC on P-256, or Ed25519.`;
}
