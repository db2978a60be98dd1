import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Principal } from '../core/principal.ts';
import type { Requirement, Verification } from '../core/verification.ts';
import { holds } from './holds.ts';

/** What the verification of JWTs needs. */
export interface VerifyJwtDeps {
  readonly issuer: string;
  /** The resource that a token must be for. */
  readonly audience: string;
  readonly timeoutMs: number;
}

type KeySet = ReturnType<typeof createRemoteJWKSet>;

const JWT = /^eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** Tells whether a credential has the form of a JWT. */
export function isJwt(credential: string): boolean {
  return JWT.test(credential);
}

/**
 * Builds the local verification of JWT access tokens (RFC 9068): signature, issuer, audience, time and scopes, without a
 * call. The key set is found by discovery. Throws where it can not be had; a bad token is a verdict.
 */
export function verifyJwts(
  deps: VerifyJwtDeps,
): (token: string, requirement: Requirement | null) => Promise<Verification> {
  let keySet: Promise<KeySet> | null = null;

  /** A discovery that failed is tried again by the next token. */
  function keys(): Promise<KeySet> {
    keySet ??= discover(deps).catch((error: unknown) => {
      keySet = null;
      throw error;
    });
    return keySet;
  }

  return async (token, requirement) => {
    const keySetNow = await keys();
    try {
      const { payload } = await jwtVerify(token, keySetNow, {
        algorithms: ['ES256', 'RS256', 'EdDSA'],
        typ: 'at+jwt',
        issuer: deps.issuer,
        audience: deps.audience,
        requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id'],
      });
      return verdictOf(payload, requirement);
    } catch (error) {
      if (isOfTheToken(error)) return denied(error instanceof errors.JWTExpired ? 'expired' : 'unknown', null);
      throw error;
    }
  };
}

async function discover({ issuer, timeoutMs }: VerifyJwtDeps): Promise<KeySet> {
  const answer = await fetch(`${issuer}/.well-known/oauth-authorization-server`, {
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  const metadata: unknown = await answer.json();
  if (answer.status !== 200 || typeof metadata !== 'object' || metadata === null) throw new Error('no discovery');
  // RFC 8414 section 3.3: whoever names another issuer is somebody else.
  if (!('issuer' in metadata) || metadata.issuer !== issuer) throw new Error('discovery names another issuer');
  if (!('jwks_uri' in metadata) || typeof metadata.jwks_uri !== 'string') throw new Error('discovery names no key set');
  return createRemoteJWKSet(new URL(metadata.jwks_uri), { timeoutDuration: timeoutMs, cooldownDuration: 10_000 });
}

/** Faults of the token, as opposed to those of the way to the key set. */
function isOfTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JWTClaimValidationFailed ||
    error instanceof errors.JWTExpired ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWKSNoMatchingKey
  );
}

function verdictOf(payload: JWTPayload, requirement: Requirement | null): Verification {
  const principal = principalOf(payload);
  if (principal === null || requirement === null || requirement.scopes.length === 0) return denied('unknown', null);
  const has = (scope: string): boolean => holds(principal.scopes, scope);
  const covered = requirement.any ? requirement.scopes.some(has) : requirement.scopes.every(has);
  if (!covered) return denied('insufficient_scope', principal);
  return { allowed: true, reason: 'ok', principal, rateLimit: null, sunset: null };
}

function principalOf({ sub, jti, exp, client_id: clientId, scope }: JWTPayload): Principal | null {
  if (typeof sub !== 'string' || typeof jti !== 'string' || typeof clientId !== 'string') return null;
  const forItself = sub === clientId;
  // A user is never mistaken for a client, nor a client for a user.
  if (!forItself && !/^[1-9]\d{0,14}$/.test(sub)) return null;
  return {
    subject: forItself ? { type: 'client', id: sub } : { type: 'user', id: Number(sub) },
    credential: {
      type: forItself ? 'oauth_client_token' : 'oauth_access_token',
      id: jti,
      name: null,
      environment: null,
      expiresAt: new Date(Number(exp) * 1000),
    },
    workspaceId: null,
    clientId,
    scopes: typeof scope === 'string' ? scope.split(' ').filter((word) => word !== '') : [],
  };
}

function denied(reason: 'expired' | 'unknown' | 'insufficient_scope', principal: Principal | null): Verification {
  return { allowed: false, reason, principal, missing: [], rateLimit: null, sunset: null };
}
