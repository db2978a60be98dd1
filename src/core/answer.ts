import type { Principal } from './principal.ts';
import type { RateLimitState, Requirement, Verification } from './verification.ts';

/** A refusal as every surface says it: status, headers in order, JSON body. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 429;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Readonly<Record<string, unknown>>;
}

const REALM = 'latchkey';
const UNAUTHENTICATED = { message: 'Unauthenticated.' };

/** 401 for a request without any credential: a challenge and no error code (RFC 6750 section 3.1). */
const NO_CREDENTIAL: Refusal = {
  status: 401,
  headers: [['WWW-Authenticate', `Bearer realm="${REALM}"`]],
  body: UNAUTHENTICATED,
};

/** 401 for a credential that is not good, whatever the reason: strangers learn nothing from the difference. */
const BAD_CREDENTIAL: Refusal = {
  status: 401,
  headers: [['WWW-Authenticate', `Bearer realm="${REALM}", error="invalid_token"`]],
  body: UNAUTHENTICATED,
};

const SUSPENDED: Refusal = { status: 403, headers: [], body: { message: 'Workspace suspended.' } };

/** Says a refused verification in HTTP (RFC 6750 section 3); `nowSeconds` (epoch) is needed for `Retry-After`. */
export function refusalFor(
  verification: Extract<Verification, { allowed: false }>,
  requirement: Requirement,
  nowSeconds: number,
): Refusal {
  switch (verification.reason) {
    case 'missing':
      return NO_CREDENTIAL;
    case 'malformed':
    case 'unknown':
    case 'expired':
    case 'revoked':
    case 'owner_inactive':
      return BAD_CREDENTIAL;
    case 'suspended':
      return SUSPENDED;
    case 'insufficient_scope':
      return insufficientScope(verification.principal, requirement);
    case 'rate_limited':
      return tooManyRequests(verification.rateLimit, nowSeconds);
  }
}

function insufficientScope(principal: Principal | null, requirement: Requirement): Refusal {
  const required = requirement.scopes.join(' ');
  return {
    status: 403,
    headers: [['WWW-Authenticate', `Bearer error="insufficient_scope", scope="${required}"`]],
    body: {
      message: 'This action is unauthorized.',
      required_scope: required,
      provided_scopes: principal?.scopes ?? [],
    },
  };
}

function tooManyRequests(rateLimit: RateLimitState | null, nowSeconds: number): Refusal {
  // The window is of the clock that counted, which is the database's; ours may be another.
  const now = rateLimit?.nowSeconds ?? nowSeconds;
  const retryAfter = Math.max(1, (rateLimit?.resetSeconds ?? now + 60) - now);
  return {
    status: 429,
    headers: [['Retry-After', String(retryAfter)]],
    body: { message: 'Too many requests.', retry_after: retryAfter },
  };
}

/** 400 for a request that can not be understood: two credentials, a credential in the URL, no required scope. */
export function badRequest(message: string): Refusal {
  return { status: 400, headers: [], body: { message } };
}
