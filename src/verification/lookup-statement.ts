import type { CredentialType, Environment } from '../core/principal.ts';
import type { LookupKey } from './credential-record.ts';
import { commonColumns, type Kind, OF_CLIENTS, OF_USERS, statementByKinds } from './lookup-kinds.ts';

/** What stands between two entries of a list; no entry can hold it, so that none can pretend to be two. */
export const listSeparator = '\x1f';

/**
 * One row of the answer, in the order of the columns. Lists come as one text, because reading PostgreSQL's arrays is
 * dearer than everything else about a row, bytes in hexadecimal, and rows as arrays, because that is half as dear as objects.
 */
export type LookupRow = [
  n: number,
  type: CredentialType,
  id: string,
  name: string | null,
  environment: Environment | null,
  expiresAt: Date | null,
  expired: boolean,
  revoked: boolean,
  replaced: boolean,
  audience: string | null,
  scopes: string | null,
  tokenHash: string | null,
  publicId: string | null,
  keyHash: string | null,
  matchProof: string | null,
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
  version: string,
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

/** What a record is read from besides the rows of its own kind, `c`; only what one of the kinds has is joined. */
export function joinedRows(present: readonly Kind[]): string {
  const users = present.some((kind) => OF_USERS.includes(kind));
  return `
      LEFT JOIN workspaces w ON w.id = c.workspace_id
      ${users ? 'LEFT JOIN users u ON u.id = c.user_id' : ''}
      ${users ? 'LEFT JOIN memberships m ON m.workspace_id = c.workspace_id AND m.user_id = c.user_id' : ''}`;
}

/**
 * The version of a record: of every row that it is read from, and of the time PostgreSQL was started, because numbers of
 * transactions begin anew with a restored database. Clients stand in the version of their kinds.
 */
export function versionOf(present: readonly Kind[]): string {
  const users = present.some((kind) => OF_USERS.includes(kind));
  const started = "(SELECT date_part('epoch', pg_postmaster_start_time())::text)";
  // The same form whatever else is in the batch: what is not joined has no version, as what is joined and not there.
  return `concat(${started}, '/', c.version, '/', w.xmin, '/', ${users ? "u.xmin, '/', m.xmin" : "'/'"})`;
}

/** Whether a credential has not expired, by the database's clock. */
export const live = 'c.expires_at IS NULL OR c.expires_at > now()';

/** The database's clock, epoch seconds; as a subquery it is read once for all rows. */
export const nowSeconds = "(SELECT floor(date_part('epoch', now()))::bigint)";

/** What the bucket of a row of `f` has used. Not taken apart, it is one probe a row, even if planned while there was none. */
export const bucketOf = (f: string): string =>
  `LEFT JOIN LATERAL (SELECT used, window_start FROM rate_limit_windows WHERE bucket = ${f}.bucket OFFSET 0) r ON true`;

const list = (column: string): string => `array_to_string(${column}, E'${listSeparator}')`;

const hex = (column: string): string => `encode(${column}, 'hex')`;

/** Writes the statement that reads the records behind a batch of keys. */
export const lookupStatement = statementByKinds<{ readonly key: LookupKey }>(
  'credential-lookup',
  { parameters: [['n', 'int']], values: (_, n) => [n] },
  (rows, present) => {
    const users = present.some((kind) => OF_USERS.includes(kind));
    const clients = present.some((kind) => OF_CLIENTS.includes(kind));
    return `
    SELECT c.n, c.type, c.id, c.name, c.environment, c.expires_at, NOT (${live}) AS expired, c.revoked, c.replaced,
           c.audience, ${list('c.scopes')} AS scopes, ${hex('c.token_hash')} AS token_hash, c.public_id,
           c.key_hash, ${hex('c.match_proof')} AS match_proof, c.pepper_id,
           c.user_id, ${users ? 'u.disabled_at IS NOT NULL' : 'NULL::bool'} AS user_disabled,
           ${users ? 'm.role' : 'NULL::text AS role'},
           c.client_id, ${clients ? list('o.scopes') : 'NULL::text'} AS client_scopes,
           c.workspace_id, ${list('w.scopes')} AS workspace_scopes, w.rate_limit_tier AS workspace_tier,
           w.suspended_at IS NOT NULL AS suspended, w.own, c.tier, c.bucket, c.meter,
           r.used, date_part('epoch', r.window_start)::bigint AS window_start, ${nowSeconds} AS now_seconds,
           ${versionOf(present)} AS version
      FROM (${rows}) AS c (n, ${commonColumns})
      ${joinedRows(present)}
      ${clients ? 'LEFT JOIN oauth_clients o ON o.client_id = c.client_id' : ''}
      ${bucketOf('c')}`;
  },
);
