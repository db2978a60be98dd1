import { type EffectiveScopeInputs, memoEffectiveScopes, whyMissing } from '../core/effective-scopes.ts';
import type { Principal } from '../core/principal.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import type { Requirement, Verification, VerificationQuestion, VerificationReason } from '../core/verification.ts';
import { sha256 } from '../crypto/digest.ts';
import type { AccessTokenClaims, ReadAccessToken } from './access-token-jwt.ts';
import type { CredentialRecord, FindCredentialRecord } from './credential-record.ts';
import { type CredentialShape, credentialShape } from './credential-shape.ts';
import { principalOf, standingRefusal } from './judge-record.ts';

/** A verification inside the server, with the limits that made the effective scopes: who grants something must hold it in each of them. */
export type InProcessVerification = Verification & { readonly limits: EffectiveScopeInputs | null };

/** The in-process form of `Verify`. */
export type VerifyInProcess = (question: VerificationQuestion) => Promise<InProcessVerification>;

/** What the decision needs from the rest of the house. */
export interface VerifyCredentialDeps {
  readonly catalog: ScopeCatalog;
  readonly findOauthToken: FindCredentialRecord;
  readonly readAccessToken: ReadAccessToken;
  readonly findAccessToken: (claims: AccessTokenClaims) => Promise<CredentialRecord | null>;
  /** Identifier of the resource meant when a question names none. */
  readonly defaultResource: string;
}

const REMEMBERED_SCOPE_SETS = 4096;

/**
 * Builds the one decision: shape, record, standing, audience, effective scopes, requirement, in this order.
 * The function it returns never throws for a bad credential; it fails with `DependencyDown` when it can not know.
 */
export function verifyCredential(deps: VerifyCredentialDeps): VerifyInProcess {
  const effective = memoEffectiveScopes(deps.catalog, REMEMBERED_SCOPE_SETS);

  return async (question) => {
    if (question.credential === null) return refuse('missing');
    const shape = credentialShape(question.credential);
    if (shape === 'unrecognised') return refuse('malformed');

    const record = await findRecord(deps, shape, question.credential);
    if (record === null || !isFor(record, question.audience, deps.defaultResource)) return refuse('unknown');

    const refusal = standingRefusal(record);
    if (refusal !== null) return refuse(refusal, principalOf(record, []));

    const inputs = scopeInputs(deps.catalog, record);
    const principal = principalOf(record, effective(inputs).scopes);
    if (question.requirement !== null && !meets(principal.scopes, question.requirement)) {
      const missing = question.requirement.scopes
        .filter((scope) => !principal.scopes.includes(scope))
        .map((scope) => ({ scope, removedBy: whyMissing(deps.catalog, inputs, scope) }));
      return refuse('insufficient_scope', principal, missing, inputs);
    }
    return { allowed: true, reason: 'ok', principal, rateLimit: null, limits: inputs };
  };
}

async function findRecord(
  deps: VerifyCredentialDeps,
  shape: Exclude<CredentialShape, 'unrecognised'>,
  credential: string,
): Promise<CredentialRecord | null> {
  if (shape === 'oauth_opaque') return deps.findOauthToken(sha256(credential));
  const claims = await deps.readAccessToken(credential);
  return claims === null ? null : deps.findAccessToken(claims);
}

/** A credential for one resource is nothing at another (RFC 9700 section 2.3). */
function isFor(record: CredentialRecord, audience: string | null, defaultResource: string): boolean {
  return audience === 'any' || (record.audience ?? defaultResource) === (audience ?? defaultResource);
}

function refuse(
  reason: Exclude<VerificationReason, 'ok'>,
  principal: Principal | null = null,
  missing: Extract<Verification, { allowed: false }>['missing'] = [],
  limits: EffectiveScopeInputs | null = null,
): InProcessVerification {
  return { allowed: false, reason, principal, missing, rateLimit: null, limits };
}

/** Collects what limits a credential now: its grant, its owner's role, its client, its workspace. */
function scopeInputs(catalog: ScopeCatalog, record: CredentialRecord): EffectiveScopeInputs {
  return {
    grant: record.grant,
    role: record.user === null ? null : roleEntries(catalog, record.user.role),
    client: record.client?.scopes ?? null,
    workspace: record.workspace?.scopes ?? [],
    ownWorkspace: record.workspace?.own ?? false,
  };
}

/** A user without a membership, or with a role that is no longer in the vocabulary, may do nothing. */
function roleEntries(catalog: ScopeCatalog, role: string | null): readonly string[] {
  return role === null ? [] : (catalog.role(role) ?? []);
}

/** An empty requirement is never met: asking for nothing is an error of the caller, not a pass. */
function meets(held: readonly string[], requirement: Requirement): boolean {
  if (requirement.scopes.length === 0) return false;
  return requirement.any
    ? requirement.scopes.some((scope) => held.includes(scope))
    : requirement.scopes.every((scope) => held.includes(scope));
}
