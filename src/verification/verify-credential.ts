import { type EffectiveScopeInputs, memoEffectiveScopes, whyMissing } from '../core/effective-scopes.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import {
  anyAudience,
  type RateLimitState,
  type Requirement,
  type Verification,
  type VerificationQuestion,
  type VerificationReason,
} from '../core/verification.ts';
import type { CountableCall, CountedCall } from '../rate-limits/pg-call-counter.ts';
import type { ReadAccessToken } from './access-token-jwt.ts';
import type { CredentialRecord, FindCredentialRecord } from './credential-record.ts';
import { type ParsedCredential, parseCredential, parseSessionCookie, type Unparsable } from './credential-shape.ts';
import { principalOf, scopeInputs, standingRefusal } from './judge-record.ts';
import type { MatchSecret, ProveSecret } from './prove-secret.ts';
import { type ApplicableLimit, applicableLimit, type CountCall, rateLimitState, usedNow } from './rate-limit-step.ts';
import { type Judgement, type KnownRecord, rememberRecords } from './remembered-records.ts';

/** A verification inside the server. */
export type InProcessVerification = Verification & {
  /** The limits that made the effective scopes: who grants something must hold it in each of them. */
  readonly limits: EffectiveScopeInputs | null;
};

/** A question inside the server: a session may stand in the place of a credential, and the caller's address is known. */
export interface InProcessQuestion extends VerificationQuestion {
  /** Value of the session cookie; asked only when there is no credential. */
  readonly session?: string | null;
  /** Where the call comes from, for the record of use. */
  readonly address?: string;
}

/** The in-process form of `Verify`. */
export type VerifyInProcess = (question: InProcessQuestion) => Promise<InProcessVerification>;

/** What is remembered of an answer, some time soon. */
export interface UsageNote {
  readonly meter: string;
  /** The workspace that a key or a personal access token belongs to, whose use is the sum of theirs; null for others. */
  readonly workspaceId: number | null;
  readonly allowed: boolean;
  /** Scopes that the call exercised. */
  readonly scopes: readonly string[];
  readonly address: string;
  /** Our session, when the call came by one. */
  readonly sessionId: number | null;
}

/** What the decision needs from the rest of the house. */
export interface VerifyCredentialDeps {
  readonly catalog: ScopeCatalog;
  readonly readAccessToken: ReadAccessToken;
  readonly findRecord: FindCredentialRecord;
  readonly proveSecret: ProveSecret;
  readonly matchSecret: MatchSecret;
  readonly countCall: CountCall;
  /** Synchronous and bounded; must not throw. */
  readonly noteUsage: (note: UsageNote) => void;
  /** Identifier of the resource meant when a question names none. */
  readonly defaultResource: string;
}

const REMEMBERED_SCOPE_SETS = 4096;
const BYPASS = 'ratelimit:bypass';

/**
 * Builds the one decision: form, record, proof, standing, audience, effective scopes, requirement, count, in this order.
 * The function it returns never throws for a bad credential; it fails with `DependencyDown` when it can not know.
 */
export function verifyCredential(deps: VerifyCredentialDeps): VerifyInProcess {
  const effective = memoEffectiveScopes(deps.catalog, REMEMBERED_SCOPE_SETS);
  const remembered = rememberRecords();

  function judge(record: CredentialRecord): Judgement {
    const inputs = scopeInputs(deps.catalog, record);
    const { scopes } = effective(inputs);
    const limit = scopes.includes(BYPASS) ? null : applicableLimit(deps.catalog, record);
    return { inputs, scopes, principal: principalOf(record, scopes), limit };
  }

  function look(
    question: InProcessQuestion,
    parsed: ParsedCredential | Unparsable | 'missing',
  ): Promise<InProcessVerification> {
    if (typeof parsed === 'string') return Promise.resolve(refuse(parsed));
    const known = remembered.recall(parsed.key);
    const call = known === null ? null : expectedCall(deps, known, parsed.secret, question);
    return deps.findRecord({ key: parsed.key, known: known?.record ?? null, call }).then((found) => {
      if (found === null) return refuse('unknown');
      if (!('granted' in found)) return decide(question, parsed, known, found);
      // Counted, so the record stands as it is known, with everything that was concluded from it.
      if (known === null || call === null) throw new Error('a call was counted that nobody asked to count');
      return note(deps, question, known.record, counted(known.record, known.judgement, found));
    });
  }

  async function decide(
    question: InProcessQuestion,
    { key, secret }: ParsedCredential,
    known: KnownRecord | null,
    record: CredentialRecord,
  ): Promise<InProcessVerification> {
    const unchanged = known !== null && known.record.version === record.version;
    if (!unchanged || deps.matchSecret(secret, record.proof) !== true) {
      // Nothing but a clear yes is a yes, here and below: what is missing or strange denies.
      const proving = deps.proveSecret(secret, record.proof);
      if ((proving instanceof Promise ? await proving : proving) !== true) return refuse('unknown');
    }
    if (!isFor(deps, record, question.audience)) return refuse('unknown');

    const standing = standingRefusal(record);
    if (standing !== null) return note(deps, question, record, refuse(standing, record));

    const judgement = unchanged ? known.judgement : judge(record);
    if (question.requirement !== null && !meets(judgement.scopes, question.requirement)) {
      return note(deps, question, record, insufficient(deps.catalog, record, judgement, question.requirement));
    }
    if (!unchanged) remembered.remember(key, { record, judgement });
    const counting = count(deps, question, record, judgement);
    return note(deps, question, record, counting instanceof Promise ? await counting : counting);
  }

  // Promises are made only where something is waited for: each costs as much as the rest of a decision's step.
  return (question) => {
    try {
      const parsed = parse(deps, question);
      return parsed instanceof Promise ? parsed.then((found) => look(question, found)) : look(question, parsed);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

/** The call to count if a record still stands as it is known: null where that would not be the whole answer. */
function expectedCall(
  deps: VerifyCredentialDeps,
  { record, judgement }: KnownRecord,
  secret: string | null,
  { cost, audience, requirement }: InProcessQuestion,
): CountableCall | null {
  if (cost === 0 || judgement.limit === null) return null;
  if (!isFor(deps, record, audience)) return null;
  if (requirement !== null && !meets(judgement.scopes, requirement)) return null;
  return deps.matchSecret(secret, record.proof) === true ? callOf(record, judgement.limit, cost) : null;
}

function callOf({ bucket }: CredentialRecord, { limit, windowSeconds }: ApplicableLimit, cost: number): CountableCall {
  return { bucket, cost, limit, windowSeconds };
}

function parse(
  deps: VerifyCredentialDeps,
  question: InProcessQuestion,
): Promise<ParsedCredential | Unparsable | 'missing'> | ParsedCredential | Unparsable | 'missing' {
  if (question.credential !== null) return parseCredential(question.credential, deps.readAccessToken);
  return question.session == null ? 'missing' : parseSessionCookie(question.session);
}

/** A credential for one resource is nothing at another (RFC 9700 section 2.3); kinds without an audience are for every resource that exists. */
function isFor(
  { catalog, defaultResource }: VerifyCredentialDeps,
  record: CredentialRecord,
  audience: InProcessQuestion['audience'],
): boolean {
  if (audience === anyAudience) return true;
  const wanted = audience ?? defaultResource;
  return record.audience === null
    ? wanted === defaultResource || catalog.resources.has(wanted)
    : record.audience === wanted;
}

/** Counts an otherwise allowed call; without a cost, or without a limit, it only says where the bucket stands. */
function count(
  deps: VerifyCredentialDeps,
  { cost }: InProcessQuestion,
  record: CredentialRecord,
  judgement: Judgement,
): InProcessVerification | Promise<InProcessVerification> {
  const { limit } = judgement;
  if (limit === null || cost === 0) return allow(record, judgement, limit === null ? 0 : usedNow(record, limit));
  return deps.countCall(callOf(record, limit, cost)).then((call) => counted(record, judgement, call));
}

/** What a counted call is told; the state of its bucket is that of the moment when it was counted. */
function counted(
  record: CredentialRecord,
  judgement: Judgement,
  { granted, used, nowSeconds }: CountedCall,
): InProcessVerification {
  if (granted === true) return allow(record, judgement, used, nowSeconds);
  return {
    ...refuse('rate_limited', record, judgement.scopes),
    limits: judgement.inputs,
    rateLimit: stateOf(record, judgement, used, nowSeconds),
  };
}

function allow(
  record: CredentialRecord,
  judgement: Judgement,
  used: number,
  nowSeconds: number = record.nowSeconds,
): InProcessVerification {
  return {
    allowed: true,
    reason: 'ok',
    principal: judgement.principal,
    rateLimit: stateOf(record, judgement, used, nowSeconds),
    limits: judgement.inputs,
    sunset: record.replaced ? record.expiresAt : null,
  };
}

function stateOf(record: CredentialRecord, { limit }: Judgement, used: number, nowSeconds: number): RateLimitState {
  return rateLimitState(limit, record.tier ?? record.workspace?.tier ?? '', used, nowSeconds);
}

function insufficient(
  catalog: ScopeCatalog,
  record: CredentialRecord,
  judgement: Judgement,
  requirement: Requirement,
): InProcessVerification {
  const { inputs, scopes, limit } = judgement;
  const missing = requirement.scopes
    .filter((scope) => !scopes.includes(scope))
    .map((scope) => ({ scope, removedBy: whyMissing(catalog, inputs, scope) }));
  const rateLimit = stateOf(record, judgement, limit === null ? 0 : usedNow(record, limit), record.nowSeconds);
  return { ...refuse('insufficient_scope', record, scopes), missing, limits: inputs, rateLimit };
}

function refuse(
  reason: Exclude<VerificationReason, 'ok'>,
  record: CredentialRecord | null = null,
  scopes: readonly string[] = [],
): Extract<InProcessVerification, { allowed: false }> {
  return {
    allowed: false,
    reason,
    principal: record === null ? null : principalOf(record, scopes),
    missing: [],
    rateLimit: null,
    limits: null,
    sunset: record?.replaced === true ? record.expiresAt : null,
  };
}

/** Notes a use for the record; questions that do not count as calls leave no trace of one. */
function note(
  deps: VerifyCredentialDeps,
  question: InProcessQuestion,
  record: CredentialRecord,
  verification: InProcessVerification,
): InProcessVerification {
  if (question.cost > 0) {
    deps.noteUsage({
      meter: record.meter,
      workspaceId: isOfWorkspace(record) ? (record.workspace?.id ?? null) : null,
      allowed: verification.allowed,
      scopes: verification.allowed ? exercised(verification.principal.scopes, question.requirement) : [],
      address: question.address ?? '',
      sessionId: record.type === 'session' && typeof record.id === 'number' ? record.id : null,
    });
  }
  return verification;
}

function isOfWorkspace({ type }: CredentialRecord): boolean {
  return type === 'api_key' || type === 'personal_access_token';
}

/** Of a question that any of several scopes answers, only those that are held were exercised: the others may be anything. */
function exercised(held: readonly string[], requirement: Requirement | null): readonly string[] {
  return requirement === null ? [] : requirement.scopes.filter((scope) => held.includes(scope));
}

/** An empty requirement is never met: asking for nothing is an error of the caller, not a pass. */
function meets(held: readonly string[], requirement: Requirement): boolean {
  if (requirement.scopes.length === 0) return false;
  return requirement.any
    ? requirement.scopes.some((scope) => held.includes(scope))
    : requirement.scopes.every((scope) => held.includes(scope));
}
