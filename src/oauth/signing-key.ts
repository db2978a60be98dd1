import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import { z } from 'zod';
import type { KeyRing } from '../crypto/derive-keys.ts';
import { open, seal } from '../crypto/seal.ts';

/** A signing key as it is stored: the public part in clear, the private part sealed. */
export interface StoredSigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly publicJwk: Readonly<Record<string, unknown>>;
  readonly sealedPrivateJwk: string;
  readonly createdAt: Date;
  /** From then on new tokens are signed with it; before, it is only published. */
  readonly activeFrom: Date;
  /** From then on it is no longer published; null while it is not replaced. */
  readonly retiresAt: Date | null;
}

/** A private key ready for the provider, with its kid, alg and use. */
export type PrivateJwk = Readonly<Record<string, string>>;

const jwkShape = z.record(z.string(), z.string());

/** Draws an ES256 key (P-256) named after its RFC 7638 thumbprint, the private part sealed. */
export async function generateSigningKey(
  sealingKeys: KeyRing,
): Promise<Pick<StoredSigningKey, 'kid' | 'alg' | 'publicJwk' | 'sealedPrivateJwk'>> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk: JWK = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  const named = jwkShape.parse({ ...jwk, kid, alg: 'ES256', use: 'sig' });
  const { d: _private, ...publicJwk } = named;
  return { kid, alg: 'ES256', publicJwk, sealedPrivateJwk: seal(sealingKeys, JSON.stringify(named), sealedAs(kid)) };
}

/** Opens the private part of a stored key; throws when no secret key of this server opens it. */
export function openSigningKey(
  sealingKeys: KeyRing,
  stored: Pick<StoredSigningKey, 'kid' | 'sealedPrivateJwk'>,
): PrivateJwk {
  const plain = open(sealingKeys, stored.sealedPrivateJwk, sealedAs(stored.kid));
  if (plain === null)
    throw new Error(`the signing key ${stored.kid} is sealed with a secret key that this server does not have`);
  return jwkShape.parse(JSON.parse(plain.toString('utf8')));
}

/** Binds the sealed text to its row, so that two rows can not be swapped. */
function sealedAs(kid: string): string {
  return `signing-key:${kid}`;
}
