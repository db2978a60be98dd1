import type { Pool } from 'pg';
import { batchByTurn } from '../db/turn-batch.ts';
import { type CountableCall, isCountable } from '../rate-limits/pg-call-counter.ts';
import type {
  CredentialRecord,
  FindCredentialRecord,
  KnownQuestion,
  LookupAnswer,
  LookupKey,
  StoredProof,
} from './credential-record.ts';
import { type KnownRow, knownStatement } from './known-statement.ts';
import type { PreparedLookup } from './lookup-kinds.ts';
import { at, type LookupRow, listSeparator, lookupStatement } from './lookup-statement.ts';
import { rememberScopeLists } from './scope-lists.ts';

/** A number of ours; identifiers of tokens are text. */
const NUMBER = /^[1-9]\d{0,14}$/;

const BATCHES = { maxInFlight: 2, maxBatch: 500 };

/**
 * Builds the lookup: one prepared statement for all credentials, of whatever kinds, that are presented in one event-loop
 * turn, and another one for those that are known. Everything that can end a credential is read each time; what is known
 * from before only spares telling it again.
 */
export function createCredentialLookup(
  pool: Pick<Pool, 'query'>,
  translateError: (error: unknown) => unknown,
): FindCredentialRecord {
  const listOf = rememberScopeLists();
  const ask = <Row extends unknown[]>(statement: PreparedLookup): Promise<readonly Row[]> =>
    pool.query<Row>(statement).then(
      ({ rows }) => rows,
      (error: unknown) => {
        throw translateError(error);
      },
    );

  const read = batchByTurn<LookupKey, CredentialRecord | null>(async (keys) => {
    const records: (CredentialRecord | null)[] = keys.map(() => null);
    const rows = await ask<LookupRow>(lookupStatement(keys.map((key) => ({ key }))));
    for (const row of rows) records[row[at.n]] = toRecord(row, listOf);
    return records;
  }, BATCHES);

  /** Null where the record has changed, or is gone. */
  const stands = batchByTurn<KnownQuestion, LookupAnswer>(async (asked) => {
    const questions = withOneLimitPerBucket(asked);
    const answers: LookupAnswer[] = questions.map(() => null);
    for (const row of await ask<KnownRow>(knownStatement(questions))) tellKnown(questions, answers, row);
    return answers;
  }, BATCHES);

  return ({ key, known, call }) =>
    known === null ? read(key) : stands({ key, known, call }).then((answer) => answer ?? read(key));
}

/** One bucket can not be counted twice by one statement: calls of another cost or limit are left for the counter, and so are those that it refuses. */
function withOneLimitPerBucket(questions: readonly KnownQuestion[]): readonly KnownQuestion[] {
  const first = new Map<string, CountableCall>();
  return questions.map((question) => {
    const { call } = question;
    if (call === null) return question;
    if (!isCountable(call)) return { ...question, call: null };
    const known = first.get(call.bucket);
    if (known === undefined) first.set(call.bucket, call);
    else if (known.cost !== call.cost || known.limit !== call.limit || known.windowSeconds !== call.windowSeconds)
      return { ...question, call: null };
    return question;
  });
}

function tellKnown(questions: readonly KnownQuestion[], answers: LookupAnswer[], row: KnownRow): void {
  const [n, expired, used, windowStart, nowSeconds] = row;
  if (n === null) {
    tellCounted(questions, answers, row);
    return;
  }
  const question = questions[n];
  if (question === undefined) return;
  answers[n] = { ...question.known, expired: expired !== false, used: usedOf(used, windowStart), nowSeconds };
}

/** Hands the grants of each bucket out in the order of asking; each sees what was used when its own call had been counted. */
function tellCounted(
  questions: readonly KnownQuestion[],
  answers: LookupAnswer[],
  [, , , , nowSeconds, places, counted]: KnownRow,
): void {
  if (places === null) return;
  const buckets = new Map<string, { granted: number; used: number }>();
  for (const text of (counted ?? '').split(listSeparator)) {
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
      nowSeconds,
    };
  }
}

function toRecord(row: LookupRow, listOf: (text: string) => readonly string[]): CredentialRecord {
  const type = row[at.type];
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
    expired: row[at.expired],
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
    used: usedOf(row[at.used], row[at.windowStart]),
    nowSeconds: row[at.nowSeconds],
    version: row[at.version],
  };
}

function usedOf(used: number | null, windowStart: number | null): CredentialRecord['used'] {
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
