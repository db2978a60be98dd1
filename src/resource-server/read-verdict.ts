import type { CredentialType, Environment, Principal, SubjectType } from '../core/principal.ts';
import type { RateLimitState, Requirement, Verification, VerificationReason } from '../core/verification.ts';

/**
 * Reads one answer of `POST /api/verify`. Throws for everything that is not exactly a verdict, and for one that allows what
 * its own scopes do not cover: an answer that can not be understood never lets a request pass.
 */
export function readVerdict(answer: unknown, requirement: Requirement | null): Verification {
  const verdict = members(answer);
  const principal = readPrincipal(verdict);
  const rateLimit = verdict.rate_limit === null ? null : readRateLimit(members(verdict.rate_limit));
  if (verdict.allowed === true) {
    if (verdict.reason !== 'ok' || principal === null) throw new VerdictError();
    if (!covers(principal, requirement)) throw new VerdictError();
    return { allowed: true, reason: 'ok', principal, rateLimit, sunset: null };
  }
  const { reason } = verdict;
  if (verdict.allowed !== false || !isRefusal(reason)) throw new VerdictError();
  return { allowed: false, reason, principal, missing: [], rateLimit, sunset: null };
}

class VerdictError extends Error {
  override readonly name = 'VerdictError';

  constructor() {
    super('the server gave an answer that is no verdict');
  }
}

const REFUSALS: ReadonlySet<unknown> = new Set<Exclude<VerificationReason, 'ok'>>([
  'missing',
  'malformed',
  'unknown',
  'expired',
  'revoked',
  'insufficient_scope',
  'rate_limited',
  'suspended',
  'owner_inactive',
]);

function isRefusal(reason: unknown): reason is Exclude<VerificationReason, 'ok'> {
  return REFUSALS.has(reason);
}

function covers({ scopes }: Principal, requirement: Requirement | null): boolean {
  if (requirement === null || requirement.scopes.length === 0) return false;
  const has = (scope: string): boolean => scopes.includes(scope);
  return requirement.any ? requirement.scopes.some(has) : requirement.scopes.every(has);
}

function readPrincipal(verdict: Readonly<Record<string, unknown>>): Principal | null {
  if (verdict.credential === null || verdict.subject === null) return null;
  const credential = members(verdict.credential);
  const subject = members(verdict.subject);
  const { scopes, workspace_id: workspaceId } = verdict;
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string')) throw new VerdictError();
  const subjectType = oneOf(subject.type, SUBJECTS);
  return {
    subject: { type: subjectType, id: readId(subject.id) },
    credential: {
      type: oneOf(credential.type, CREDENTIALS),
      id: readId(credential.id),
      name: typeof credential.name === 'string' ? credential.name : null,
      environment: credential.environment === null ? null : oneOf(credential.environment, ENVIRONMENTS),
      expiresAt: readTime(credential.expires_at),
    },
    workspaceId: typeof workspaceId === 'number' ? workspaceId : null,
    clientId: subjectType === 'client' ? String(subject.id) : null,
    scopes,
  };
}

const SUBJECTS: readonly SubjectType[] = ['user', 'client', 'workspace'];
const CREDENTIALS: readonly CredentialType[] = [
  'api_key',
  'personal_access_token',
  'oauth_access_token',
  'oauth_client_token',
  'session',
];
const ENVIRONMENTS: readonly Environment[] = ['live', 'test'];

function readRateLimit(state: Readonly<Record<string, unknown>>): RateLimitState {
  const { tier, limit, remaining, reset } = state;
  const nowSeconds = Math.floor(Date.now() / 1000);
  if (typeof tier !== 'string') throw new VerdictError();
  if (limit === null) return { tier, limit, remaining: null, resetSeconds: nowSeconds, windowSeconds: 0, nowSeconds };
  if (typeof limit !== 'number' || typeof remaining !== 'number' || typeof reset !== 'number') throw new VerdictError();
  // The length of the window is not part of a verdict.
  return { tier, limit, remaining, resetSeconds: reset, windowSeconds: 0, nowSeconds };
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new VerdictError();
  return value as Readonly<Record<string, unknown>>;
}

function oneOf<Value extends string>(value: unknown, values: readonly Value[]): Value {
  const found = values.find((one) => one === value);
  if (found === undefined) throw new VerdictError();
  return found;
}

function readId(value: unknown): number | string {
  if (typeof value === 'string' || Number.isSafeInteger(value)) return value as number | string;
  throw new VerdictError();
}

function readTime(value: unknown): Date | null {
  if (value === null) return null;
  const time = typeof value === 'string' ? new Date(value) : new Date(Number.NaN);
  if (Number.isNaN(time.getTime())) throw new VerdictError();
  return time;
}
