import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import { z } from 'zod';
import type { KeyRing } from '../crypto/derive-keys.ts';
import { isSealedWithCurrentKey, open, seal } from '../crypto/seal.ts';

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

/** Where a published key stands: `waiting` to sign, signing (`active`, one at a time), or `retiring` while what it signed is still valid. */
export type SigningKeyStatus = 'waiting' | 'active' | 'retiring';

/** A stored key that is in the published key set now, judged by the database's clock. */
export interface PublishedSigningKey extends StoredSigningKey {
  readonly status: SigningKeyStatus;
  /** Milliseconds until this key becomes active or is gone; null when neither is planned. */
  readonly changesInMs: number | null;
}

/** What a new key brings to the table. */
export type NewSigningKey = Pick<StoredSigningKey, 'kid' | 'alg' | 'publicJwk' | 'sealedPrivateJwk'>;

/** A private key ready for the provider, with its kid, alg and use. */
export type PrivateJwk = Readonly<Record<string, string>>;

/** A key as it is published (RFC 7517): no private member. */
export type PublicJwk = Readonly<Record<string, string>>;

const jwkShape = z.record(z.string(), z.string());

/** Draws an ES256 key (P-256) named after its RFC 7638 thumbprint, the private part sealed. */
export async function generateSigningKey(sealingKeys: KeyRing): Promise<NewSigningKey> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk: JWK = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  const named = jwkShape.parse({ ...jwk, kid, alg: 'ES256', use: 'sig' });
  return { kid, alg: 'ES256', publicJwk: publicPart(named), sealedPrivateJwk: sealKey(sealingKeys, kid, named) };
}

/** Leaves the private member of an elliptic-curve key out. */
export function publicPart({ d: _private, ...publicJwk }: PrivateJwk): PublicJwk {
  return publicJwk;
}

/** Seals a stored key anew with the current secret key; null when it is already. Throws when no secret key of this server opens it. */
export function resealSigningKey(
  sealingKeys: KeyRing,
  stored: Pick<StoredSigningKey, 'kid' | 'sealedPrivateJwk'>,
): string | null {
  if (isSealedWithCurrentKey(sealingKeys, stored.sealedPrivateJwk)) return null;
  return sealKey(sealingKeys, stored.kid, openSigningKey(sealingKeys, stored));
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

function sealKey(sealingKeys: KeyRing, kid: string, key: PrivateJwk): string {
  return seal(sealingKeys, JSON.stringify(key), sealedAs(kid));
}

/** Binds the sealed text to its row, so that two rows can not be swapped. */
function sealedAs(kid: string): string {
  return `signing-key:${kid}`;
}
