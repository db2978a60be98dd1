import type { CredentialType, Environment } from '../core/principal.ts';
import { countingStatement } from '../rate-limits/counting-statement.ts';
import type { LookupQuestion } from './credential-record.ts';
import {
  commonColumns,
  type KeyOf,
  KIND_NAMES,
  KINDS,
  type Kind,
  OF_CLIENTS,
  OF_USERS,
  plainArray,
  sharedParameters,
} from './lookup-kinds.ts';

/** What stands between two entries of a list; no entry can hold it, so that none can pretend to be two. */
export const listSeparator = '\x1f';

/**
 * One row of the answer, in the order of the columns. Rows come in three forms: with a type, a record that is new here or
 * has changed; with a place alone, one that stands as it is known, where only expired, used, window start and the time are
 * told; and, without a place, what was counted: the places in `name` and the buckets in `scopes`.
 *
 * Lists come as one text, because reading PostgreSQL's arrays is dearer than everything else about a row, and rows as
 * arrays, because that is half as dear as objects.
 */
export type LookupRow = [
  n: number | null,
  type: CredentialType | null,
  id: string,
  name: string | null,
  environment: Environment | null,
  expiresAt: Date | null,
  expired: boolean | null,
  revoked: boolean,
  replaced: boolean,
  audience: string | null,
  scopes: string | null,
  tokenHash: Buffer | null,
  publicId: string | null,
  keyHash: string | null,
  matchProof: Buffer | null,
  pepperId: string | null,
  userId: number | null,
  userDisabled: boolean | null,
  role: string | null,
  clientId: string | null,
  clientScopes: string | null,
  workspaceId: number | null,
  workspaceScopes: string | null,
  workspaceTier: string | null,
  suspended: boolean,
  own: boolean | null,
  tier: string | null,
  bucket: string,
  meter: string,
  used: number | null,
  windowStart: number | null,
  nowSeconds: number,
  version: string | null,
];

/** Where each column of a row stands. */
export const at = {
  n: 0,
  type: 1,
  id: 2,
  name: 3,
  environment: 4,
  expiresAt: 5,
  expired: 6,
  revoked: 7,
  replaced: 8,
  audience: 9,
  scopes: 10,
  tokenHash: 11,
  publicId: 12,
  keyHash: 13,
  matchProof: 14,
  pepperId: 15,
  userId: 16,
  userDisabled: 17,
  role: 18,
  clientId: 19,
  clientScopes: 20,
  workspaceId: 21,
  workspaceScopes: 22,
  workspaceTier: 23,
  suspended: 24,
  own: 25,
  tier: 26,
  bucket: 27,
  meter: 28,
  used: 29,
  windowStart: 30,
  nowSeconds: 31,
  version: 32,
} as const;

const list = (column: string): string => `array_to_string(${column}, E'${listSeparator}')`;

/*
 * `found` reads, always everything. A question that knows a record names the version it knows: where that is still the
 * version, nothing has to be told again, and the call that was asked for with it is counted, since all that was decided
 * from the record still holds. The start of PostgreSQL is part of the version, because numbers of transactions begin anew
 * with a restored database.
 */
function statementOf(rows: string, present: readonly Kind[]): string {
  const users = present.some((kind) => OF_USERS.includes(kind));
  const clients = present.some((kind) => OF_CLIENTS.includes(kind));
  const absent = (columns: number): string => Array.from({ length: columns }, () => 'NULL').join(', ');
  const now = "(SELECT floor(date_part('epoch', now()))::bigint)";
  // As a subquery that is not taken apart it is one probe for each row, even if planned while the table was empty.
  const window = `
    LEFT JOIN LATERAL (SELECT used, window_start FROM rate_limit_windows WHERE bucket = f.bucket OFFSET 0) r ON true`;
  return `
  WITH found AS MATERIALIZED (
    SELECT c.*, w.scopes AS workspace_scopes, w.rate_limit_tier AS workspace_tier, w.suspended_at, w.own,
           ${users ? 'u.disabled_at, m.role' : 'NULL::timestamptz AS disabled_at, NULL::text AS role'},
           ${clients ? 'o.scopes' : 'NULL::text[]'} AS client_scopes,
           c.expires_at IS NULL OR c.expires_at > now() AS live,
           concat((SELECT date_part('epoch', pg_postmaster_start_time())), '/', c.version, '/', w.xmin
                  ${users ? ", '/', u.xmin, '/', m.xmin" : ''}) AS state
      FROM (${rows}) AS c (${commonColumns})
      LEFT JOIN workspaces w ON w.id = c.workspace_id
      ${users ? 'LEFT JOIN users u ON u.id = c.user_id' : ''}
      ${users ? 'LEFT JOIN memberships m ON m.workspace_id = c.workspace_id AND m.user_id = c.user_id' : ''}
      ${clients ? 'LEFT JOIN oauth_clients o ON o.client_id = c.client_id' : ''}
  ), to_count AS (
    SELECT n, bucket, cost, capacity, window_seconds FROM found WHERE state = seen AND live AND cost > 0
  ), counted AS (${countingStatement(`
    (SELECT bucket, count(*)::int AS asked, cost, capacity, window_seconds
       FROM to_count GROUP BY bucket, cost, capacity, window_seconds) AS k`)}
  )
  SELECT f.n, f.type, f.id, f.name, f.environment, f.expires_at, NOT f.live AS expired, f.revoked, f.replaced,
         f.audience, ${list('f.scopes')} AS scopes, f.token_hash, f.public_id, f.key_hash, f.match_proof, f.pepper_id,
         f.user_id, ${users ? 'f.disabled_at IS NOT NULL' : 'NULL::bool'} AS user_disabled, f.role,
         f.client_id, ${list('f.client_scopes')} AS client_scopes,
         f.workspace_id, ${list('f.workspace_scopes')} AS workspace_scopes, f.workspace_tier,
         f.suspended_at IS NOT NULL AS suspended, f.own, f.tier, f.bucket, f.meter,
         r.used, date_part('epoch', r.window_start)::bigint AS window_start, ${now} AS now_seconds, f.state AS version
    FROM found f ${window}
   WHERE f.state <> f.seen
   UNION ALL
  SELECT f.n, ${absent(5)}, NOT f.live, ${absent(22)}, r.used, date_part('epoch', r.window_start)::bigint, ${now}, NULL
    FROM found f ${window}
   WHERE f.state = f.seen AND NOT (f.live AND f.cost > 0)
   UNION ALL
  SELECT NULL, ${absent(2)}, (SELECT string_agg(n::text, ',') FROM to_count), ${absent(6)},
         (SELECT string_agg(concat(bucket, ' ', granted, ' ', used), E'${listSeparator}') FROM counted),
         ${absent(20)}, ${now}, NULL`;
}

interface Prepared {
  /** PostgreSQL cuts names of prepared statements at 63 bytes. */
  readonly name: string;
  readonly text: string;
  readonly present: readonly Kind[];
}

const statements = new Map<number, Prepared>();

/** Writes the one statement for a batch: prepared once for each mixture of kinds, of which there are few. */
export function lookupStatement(questions: readonly LookupQuestion[]): {
  name: string;
  text: string;
  values: unknown[];
  rowMode: 'array';
} {
  let mixture = 0;
  for (const { key } of questions) mixture |= 1 << KIND_NAMES.indexOf(key.kind);
  let statement = statements.get(mixture);
  if (statement === undefined) {
    const present = KIND_NAMES.filter((_, index) => (mixture & (1 << index)) !== 0);
    const name = `credential-lookup-${present.map((kind) => KIND_NAMES.indexOf(kind)).join('')}`;
    statement = { name, text: statementFor(present), present };
    statements.set(mixture, statement);
  }
  const { name, text, present } = statement;
  return { name, text, values: present.flatMap((kind) => valuesOf(kind, questions)), rowMode: 'array' };
}

function statementFor(present: readonly Kind[]): string {
  const shared = sharedParameters.map(([name]) => `k.${name}`).join(', ');
  let position = 0;
  const rows = present.map((kind) => {
    const parameters = [...sharedParameters, ...KINDS[kind].parameters];
    const unnested = parameters.map(([, type]) => {
      position += 1;
      return `$${position}::${type}[]`;
    });
    const table = `unnest(${unnested.join(', ')}) AS k(${parameters.map(([name]) => name).join(', ')})`;
    return KINDS[kind].rows.replace('{shared}', shared).replace('{p}', table);
  });
  return statementOf(rows.join('\n UNION ALL '), present);
}

function valuesOf<K extends Kind>(kind: K, questions: readonly LookupQuestion[]): unknown[] {
  const places: number[] = [];
  const seen: string[] = [];
  const costs: number[] = [];
  const capacities: number[] = [];
  const windows: number[] = [];
  const keys: KeyOf<K>[] = [];
  questions.forEach(({ key, known, call }, n) => {
    if (!isKind(key, kind)) return;
    places.push(n);
    seen.push(`"${known?.version ?? ''}"`);
    costs.push(call?.cost ?? 0);
    capacities.push(call?.limit ?? 0);
    windows.push(call?.windowSeconds ?? 1);
    keys.push(key);
  });
  return [...[places, seen, costs, capacities, windows].map(plainArray), ...KINDS[kind].values(keys)];
}

function isKind<K extends Kind>(key: LookupQuestion['key'], kind: K): key is KeyOf<K> {
  return key.kind === kind;
}
