import { type CryptoKey, importJWK, type JWK, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { sha256Base64url } from '../crypto/digest.ts';

/** What a JWT access token says about itself (RFC 9068 section 2.2), once its signature has been found good. */
export interface AccessTokenClaims {
  readonly jti: string;
  readonly clientId: string;
  /** Null for a client that acts for itself. */
  readonly userId: number | null;
  readonly grantId: string | null;
  /** The code and its refresh tokens, one of which it came by; null for a client that acts for itself. */
  readonly family: string | null;
  /** OpenID Connect scopes of the request that it came from. */
  readonly openidScopes: readonly string[];
  readonly scopes: readonly string[];
  readonly audience: string;
  readonly expiresAtSeconds: number;
}

/** Verifies the signature and the form of a JWT access token; null when either is not good. The expiry is the caller's to judge. */
export type ReadAccessToken = (token: string) => AccessTokenClaims | null | Promise<AccessTokenClaims | null>;

type PublicKey = Readonly<Record<string, unknown>>;

/** What reading JWT access tokens needs. */
export interface ReadAccessTokenDeps {
  readonly issuer: string;
  /** The published signing key of that name, or null. */
  readonly publicKey: (kid: string) => PublicKey | null | Promise<PublicKey | null>;
  readonly clock: Clock;
}

const REMEMBERED = 10_000;

interface ReadToken {
  readonly claims: AccessTokenClaims;
  /** The key that signed it. */
  readonly kid: string;
}

const payloadShape = z.object({
  jti: z.string().min(1),
  sub: z.string().min(1),
  client_id: z.string().min(1),
  aud: z.string().min(1),
  exp: z.number().int(),
  iat: z.number().int(),
  scope: z.string().default(''),
  gid: z.string().optional(),
  fam: z.string().optional(),
  openid_scope: z.string().default(''),
});

/**
 * Builds the reader. That a signature matched a token is a pure fact and is remembered under the SHA-256 of the whole
 * token; whether the token may still be used is not.
 */
export function readAccessToken(deps: ReadAccessTokenDeps): ReadAccessToken {
  const remembered = new Map<string, ReadToken>();
  const keys = new Map<string, Promise<CryptoKey | Uint8Array>>();

  async function keyNamed(kid: string): Promise<CryptoKey | Uint8Array | null> {
    const jwk = await deps.publicKey(kid);
    if (jwk === null) {
      keys.delete(kid);
      return null;
    }
    const known = keys.get(kid) ?? importJWK(jwk as JWK, 'ES256');
    keys.set(kid, known);
    return known;
  }

  async function read(token: string): Promise<ReadToken | null> {
    try {
      const { payload, protectedHeader } = await jwtVerify(
        token,
        async ({ kid }) => {
          const key = typeof kid === 'string' ? await keyNamed(kid) : null;
          if (key === null) throw new Error('no such key');
          return key;
        },
        // The expiry is judged at every use; here it must only be there.
        { algorithms: ['ES256'], typ: 'at+jwt', issuer: deps.issuer, currentDate: new Date(0) },
      );
      const claims = toClaims(payloadShape.parse(payload));
      return claims === null ? null : { claims, kid: protectedHeader.kid ?? '' };
    } catch {
      return null;
    }
  }

  /** What has expired is of no use, and is met first, because tokens of one kind live equally long. */
  function forgetOldest(): void {
    const nowSeconds = deps.clock().getTime() / 1000;
    for (const [digest, { claims }] of remembered) {
      if (remembered.size < REMEMBERED && claims.expiresAtSeconds > nowSeconds) return;
      remembered.delete(digest);
    }
  }

  async function readAnew(
    token: string,
    digest: string,
    known: ReadToken | undefined,
  ): Promise<AccessTokenClaims | null> {
    if (known !== undefined && (await deps.publicKey(known.kid)) !== null) return known.claims;
    remembered.delete(digest);
    const found = await read(token);
    if (found === null) return null;
    forgetOldest();
    remembered.set(digest, found);
    return found.claims;
  }

  return (token) => {
    const digest = sha256Base64url(token);
    const known = remembered.get(digest);
    // A key may have been withdrawn since, because it leaked: then what it signed is nobody's word any more.
    const key = known === undefined ? null : deps.publicKey(known.kid);
    if (known !== undefined && key !== null && !(key instanceof Promise)) return known.claims;
    return readAnew(token, digest, known);
  };
}

function toClaims(payload: z.output<typeof payloadShape>): AccessTokenClaims | null {
  const forItself = payload.sub === payload.client_id;
  if (!forItself && (payload.gid === undefined || !/^[1-9]\d{0,14}$/.test(payload.sub))) return null;
  return {
    jti: payload.jti,
    clientId: payload.client_id,
    userId: forItself ? null : Number(payload.sub),
    grantId: forItself ? null : (payload.gid ?? null),
    family: forItself ? null : (payload.fam ?? null),
    openidScopes: words(payload.openid_scope),
    scopes: words(payload.scope),
    audience: payload.aud,
    expiresAtSeconds: payload.exp,
  };
}

function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '');
}
