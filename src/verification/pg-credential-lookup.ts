import type { Pool } from 'pg';
import type { CredentialType } from '../core/principal.ts';
import { batchByTurn } from '../db/turn-batch.ts';
import type {
  CallToCount,
  CredentialRecord,
  FindCredentialRecord,
  LookupAnswer,
  LookupQuestion,
  StoredProof,
} from './credential-record.ts';
import { at, type LookupRow, listSeparator, lookupStatement } from './lookup-statement.ts';
import { rememberScopeLists } from './scope-lists.ts';

/** A number of ours; identifiers of tokens are text. */
const NUMBER = /^[1-9]\d{0,14}$/;

/**
 * Builds the lookup: one prepared statement for all credentials, of whatever kinds, that are presented in one event-loop
 * turn. Everything that can end a credential is read each time; what is known from before only spares telling it again.
 */
export function createCredentialLookup(
  pool: Pick<Pool, 'query'>,
  translateError: (error: unknown) => unknown,
): FindCredentialRecord {
  const listOf = rememberScopeLists();
  return batchByTurn<LookupQuestion, LookupAnswer>(
    async (asked) => {
      const questions = withOneLimitPerBucket(asked);
      const answers: LookupAnswer[] = questions.map(() => null);
      try {
        const { rows } = await pool.query<LookupRow>(lookupStatement(questions));
        for (const row of rows) answer(questions, answers, row, listOf);
      } catch (error) {
        throw translateError(error);
      }
      return answers;
    },
    { maxInFlight: 2, maxBatch: 500 },
  );
}

/** One bucket can not be counted twice by one statement: calls of another cost or limit are left for the counter. */
function withOneLimitPerBucket(questions: readonly LookupQuestion[]): readonly LookupQuestion[] {
  const first = new Map<string, CallToCount>();
  return questions.map((question) => {
    const { call } = question;
    if (call === null) return question;
    const known = first.get(call.bucket);
    if (known === undefined) first.set(call.bucket, call);
    else if (known.cost !== call.cost || known.limit !== call.limit || known.windowSeconds !== call.windowSeconds)
      return { ...question, call: null };
    return question;
  });
}

function answer(
  questions: readonly LookupQuestion[],
  answers: LookupAnswer[],
  row: LookupRow,
  listOf: (text: string) => readonly string[],
): void {
  const n = row[at.n];
  const type = row[at.type];
  if (n === null) {
    tellCounted(questions, answers, row);
    return;
  }
  const known = questions[n]?.known ?? null;
  if (type !== null) answers[n] = toRecord(row, type, listOf);
  else if (known !== null) {
    answers[n] = { ...known, expired: row[at.expired] !== false, used: usedOf(row), nowSeconds: row[at.nowSeconds] };
  }
}

/** Hands the grants of each bucket out in the order of asking; each sees what was used when its own call had been counted. */
function tellCounted(questions: readonly LookupQuestion[], answers: LookupAnswer[], row: LookupRow): void {
  const places = row[at.name];
  if (places === null) return;
  const buckets = new Map<string, { granted: number; used: number }>();
  for (const text of (row[at.scopes] ?? '').split(listSeparator)) {
    const [used = '', granted = '', ...bucket] = text.split(' ').reverse();
    buckets.set(bucket.reverse().join(' '), { granted: Number(granted), used: Number(used) });
  }
  for (const place of places.split(',')) {
    const n = Number(place);
    const call = questions[n]?.call;
    const bucket = buckets.get(call?.bucket ?? '');
    if (call == null || bucket === undefined) throw new Error('a call was counted in a bucket that nobody told');
    bucket.granted -= 1;
    const granted = bucket.granted >= 0;
    answers[n] = {
      granted,
      used: granted ? bucket.used - bucket.granted * call.cost : bucket.used,
      nowSeconds: row[at.nowSeconds],
    };
  }
}

function toRecord(row: LookupRow, type: CredentialType, listOf: (text: string) => readonly string[]): CredentialRecord {
  const id = row[at.id];
  const userId = row[at.userId];
  const clientId = row[at.clientId];
  const clientScopes = row[at.clientScopes];
  return {
    type,
    id: NUMBER.test(id) ? Number(id) : id,
    name: row[at.name],
    environment: row[at.environment],
    expiresAt: row[at.expiresAt],
    expired: row[at.expired] !== false,
    // A token whose client is gone is dead, whatever its own row says.
    revoked: row[at.revoked] || (clientId !== null && clientScopes === null),
    replaced: row[at.replaced],
    proof: proofOf(row),
    audience: row[at.audience],
    grant: type === 'session' ? null : listOf(row[at.scopes] ?? ''),
    user: userId === null ? null : { id: userId, disabled: row[at.userDisabled] !== false, role: row[at.role] },
    client: clientId === null ? null : { id: clientId, scopes: listOf(clientScopes ?? '') },
    workspace: workspaceOf(row, listOf),
    tier: row[at.tier],
    bucket: row[at.bucket],
    meter: row[at.meter],
    used: usedOf(row),
    nowSeconds: row[at.nowSeconds],
    version: row[at.version] ?? '',
  };
}

function usedOf(row: LookupRow): CredentialRecord['used'] {
  const used = row[at.used];
  const windowStart = row[at.windowStart];
  return used === null || windowStart === null ? null : { amount: used, windowStartSeconds: windowStart };
}

function workspaceOf(row: LookupRow, listOf: (text: string) => readonly string[]): CredentialRecord['workspace'] {
  const id = row[at.workspaceId];
  if (id === null) return null;
  return {
    id,
    scopes: listOf(row[at.workspaceScopes] ?? ''),
    suspended: row[at.suspended],
    own: row[at.own] ?? false,
    tier: row[at.workspaceTier] ?? '',
  };
}

function proofOf(row: LookupRow): StoredProof {
  const tokenHash = row[at.tokenHash];
  const publicId = row[at.publicId];
  const keyHash = row[at.keyHash];
  if (tokenHash !== null) return { kind: 'digest', digest: tokenHash };
  if (publicId === null || keyHash === null) return { kind: 'none' };
  return { kind: 'key', publicId, keyHash, proof: row[at.matchProof], pepperId: row[at.pepperId] };
}
