import type { CredentialType, Environment } from '../core/principal.ts';
import { sessionIdleSeconds } from '../users/session.ts';
import type { LookupKey } from './credential-record.ts';

type Kind = LookupKey['kind'];

/** One kind of credential: its rows in the common columns, and its parameters as parallel arrays. */
interface KindLookup<K extends LookupKey> {
  /** Array types of the parameters behind the positions. */
  readonly types: readonly string[];
  readonly values: (keys: readonly K[]) => unknown[];
  /** `{p}` stands for the unnested parameters, first of them `n`. */
  readonly rows: string;
}

type KeyOf<K extends Kind> = Extract<LookupKey, { kind: K }>;

/*
 * The common columns of every kind, in this order: n, type, id, name, environment, expires_at, revoked, replaced, audience,
 * scopes, token_hash, public_id, key_hash, match_proof, pepper_id, user_id, client_id, workspace_id, tier, bucket, meter.
 * Each kind is one index probe a key. Every NULL has its type: which kinds meet in one statement is a matter of chance,
 * and PostgreSQL takes a column of two untyped NULLs for text before it sees the third.
 */
const KINDS: { readonly [K in Kind]: KindLookup<KeyOf<K>> } = {
  oauth_token: {
    types: ['bytea'],
    values: (keys) => [keys.map(({ hash }) => hash)],
    rows: `
      SELECT k.n, CASE WHEN a.model = 'AccessToken' THEN 'oauth_access_token' ELSE 'oauth_client_token' END,
             a.id::text, c.client_name, NULL::text, a.expires_at,
             a.consumed_at IS NOT NULL OR (a.grant_id IS NOT NULL AND (g.id IS NULL OR g.revoked_at IS NOT NULL)),
             false, a.audience, a.scopes, NULL::bytea, NULL::text, NULL::text, NULL::bytea, NULL::text,
             a.user_id, a.client_id, CASE WHEN a.user_id IS NULL THEN c.workspace_id ELSE g.workspace_id END,
             NULL::text,
             CASE WHEN a.user_id IS NULL THEN 'client:' || a.client_id ELSE 'grant:' || a.grant_id END,
             'client:' || a.client_id
        FROM {p} AS k(n, hash)
        JOIN oauth_artifacts a ON a.id_hash = k.hash AND a.model IN ('AccessToken', 'ClientCredentials')
        LEFT JOIN oauth_grants g ON g.id = a.grant_id
        LEFT JOIN oauth_clients c ON c.client_id = a.client_id`,
  },
  access_token: {
    types: ['text', 'bigint', 'text', 'bytea', 'bytea', 'text', 'text', 'float8', 'text'],
    values: (keys) => [
      keys.map(({ claims }) => claims.clientId),
      keys.map(({ claims }) => claims.userId),
      keys.map(({ claims }) => claims.grantId),
      keys.map(({ revokedHashes }) => revokedHashes[0]),
      keys.map(({ revokedHashes }) => revokedHashes[1]),
      keys.map(({ claims }) => claims.jti),
      keys.map(({ claims }) => claims.audience),
      keys.map(({ claims }) => claims.expiresAtSeconds),
      keys.map(({ claims }) => claims.scopes.join(' ')),
    ],
    rows: `
      SELECT k.n, CASE WHEN k.user_id IS NULL THEN 'oauth_client_token' ELSE 'oauth_access_token' END, k.jti,
             c.client_name, NULL::text, to_timestamp(k.exp),
             r.id_hash IS NOT NULL OR f.id_hash IS NOT NULL OR (k.grant_id IS NOT NULL AND (g.id IS NULL OR g.revoked_at IS NOT NULL)),
             false, k.audience, string_to_array(k.scope, ' '), NULL::bytea, NULL::text, NULL::text,
             NULL::bytea, NULL::text, k.user_id, k.client_id,
             CASE WHEN k.user_id IS NULL THEN c.workspace_id ELSE g.workspace_id END, NULL::text,
             CASE WHEN k.user_id IS NULL THEN 'client:' || k.client_id ELSE 'grant:' || k.grant_id END,
             'client:' || k.client_id
        FROM {p} AS k(n, client_id, user_id, grant_id, jti_hash, family_hash, jti, audience, exp, scope)
        LEFT JOIN oauth_clients c ON c.client_id = k.client_id
        LEFT JOIN oauth_grants g ON g.id = k.grant_id AND g.client_id = k.client_id AND g.user_id = k.user_id
        LEFT JOIN oauth_artifacts r ON r.id_hash = k.jti_hash
        LEFT JOIN oauth_artifacts f ON f.id_hash = k.family_hash`,
  },
  personal_access_token: {
    types: ['bigint'],
    values: (keys) => [plain(keys.map(({ id }) => id))],
    rows: `
      SELECT k.n, 'personal_access_token', t.id::text, t.name, NULL::text, t.expires_at,
             t.revoked_at IS NOT NULL, false, NULL::text, t.scopes, t.token_hash, NULL::text, NULL::text,
             NULL::bytea, NULL::text, t.user_id, NULL::text, t.workspace_id, t.rate_limit_tier,
             'credential:' || t.id, 'credential:' || t.id
        FROM {p} AS k(n, id)
        JOIN credentials t ON t.id = k.id AND t.kind = 'personal_access_token'`,
  },
  api_key: {
    types: ['text'],
    values: (keys) => [plain(keys.map(({ publicId }) => publicId))],
    rows: `
      SELECT k.n, 'api_key', t.id::text, t.name, t.environment, t.expires_at, t.revoked_at IS NOT NULL,
             t.replaced_by IS NOT NULL, NULL::text, t.scopes, NULL::bytea, t.public_id, t.key_hash,
             t.match_proof, t.pepper_id, NULL::bigint, NULL::text, t.workspace_id, t.rate_limit_tier,
             'credential:' || coalesce(t.bucket, t.id), 'credential:' || t.id
        FROM {p} AS k(n, public_id)
        JOIN credentials t ON t.public_id = k.public_id AND t.kind = 'api_key'`,
  },
  session: {
    types: ['bytea'],
    values: (keys) => [keys.map(({ hash }) => hash)],
    rows: `
      SELECT k.n, 'session', s.id::text, NULL::text, NULL::text,
             least(s.expires_at, s.last_seen_at + interval '${sessionIdleSeconds} seconds'), false, false,
             NULL::text, NULL::text[], NULL::bytea, NULL::text, NULL::text, NULL::bytea, NULL::text,
             s.user_id, NULL::text, s.workspace_id, NULL::text, 'user:' || s.user_id, 'user:' || s.user_id
        FROM {p} AS k(n, hash)
        JOIN sessions s ON s.id_hash = k.hash`,
  },
};

const KIND_NAMES: readonly Kind[] = ['oauth_token', 'access_token', 'personal_access_token', 'api_key', 'session'];

/** Kinds that belong to a person, and those that a client stands behind: a statement joins only what one of its kinds has. */
const OF_USERS: readonly Kind[] = ['oauth_token', 'access_token', 'personal_access_token', 'session'];
const OF_CLIENTS: readonly Kind[] = ['oauth_token', 'access_token'];

/** What stands between two entries of a list; no entry can hold it, so that none can pretend to be two. */
export const listSeparator = '\x1f';

/**
 * One row of the answer, in the order of the columns. Lists come as one text, because reading PostgreSQL's arrays is
 * dearer than everything else about a row, and rows as arrays, because that is half as dear as objects.
 */
export type LookupRow = [
  n: number,
  type: CredentialType,
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
];

/** Where each column of `LookupRow` stands. */
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
} as const;

function common(rows: string, present: readonly Kind[]): string {
  const users = present.some((kind) => OF_USERS.includes(kind));
  const clients = present.some((kind) => OF_CLIENTS.includes(kind));
  const list = (column: string): string => `array_to_string(${column}, E'\\x1f')`;
  return `
  SELECT c.n, c.type, c.id, c.name, c.environment, c.expires_at, c.expires_at <= now() AS expired, c.revoked, c.replaced,
         c.audience, ${list('c.scopes')} AS scopes, c.token_hash, c.public_id, c.key_hash, c.match_proof, c.pepper_id,
         c.user_id, ${users ? 'u.disabled_at IS NOT NULL' : 'NULL::bool'} AS user_disabled, ${users ? 'm.role' : 'NULL::text AS role'},
         c.client_id, ${clients ? list('o.scopes') : 'NULL::text'} AS client_scopes,
         c.workspace_id, ${list('w.scopes')} AS workspace_scopes, w.rate_limit_tier AS workspace_tier,
         w.suspended_at IS NOT NULL AS suspended, w.own, c.tier, c.bucket, c.meter,
         r.used, date_part('epoch', r.window_start)::bigint AS window_start,
         (SELECT floor(date_part('epoch', now()))::bigint) AS now_seconds
    FROM (${rows}) AS c (n, type, id, name, environment, expires_at, revoked, replaced, audience, scopes, token_hash,
                        public_id, key_hash, match_proof, pepper_id, user_id, client_id, workspace_id, tier, bucket, meter)
    LEFT JOIN workspaces w ON w.id = c.workspace_id
    ${users ? 'LEFT JOIN users u ON u.id = c.user_id' : ''}
    ${users ? 'LEFT JOIN memberships m ON m.workspace_id = c.workspace_id AND m.user_id = c.user_id' : ''}
    ${clients ? 'LEFT JOIN oauth_clients o ON o.client_id = c.client_id' : ''}
    LEFT JOIN rate_limit_windows r ON r.bucket = c.bucket`;
}

interface Prepared {
  /** PostgreSQL cuts names of prepared statements at 63 bytes. */
  readonly name: string;
  readonly text: string;
  readonly present: readonly Kind[];
}

const statements = new Map<number, Prepared>();

/** Writes the one statement for a batch: prepared once for each mixture of kinds, of which there are few. */
export function lookupStatement(keys: readonly LookupKey[]): {
  name: string;
  text: string;
  values: unknown[];
  rowMode: 'array';
} {
  let mixture = 0;
  for (const { kind } of keys) mixture |= 1 << KIND_NAMES.indexOf(kind);
  let statement = statements.get(mixture);
  if (statement === undefined) {
    const present = KIND_NAMES.filter((_, index) => (mixture & (1 << index)) !== 0);
    const name = `credential-lookup-${present.map((kind) => KIND_NAMES.indexOf(kind)).join('')}`;
    statement = { name, text: statementFor(present), present };
    statements.set(mixture, statement);
  }
  const { name, text, present } = statement;
  return { name, text, values: present.flatMap((kind) => valuesOf(kind, keys)), rowMode: 'array' };
}

function statementFor(present: readonly Kind[]): string {
  let position = 0;
  const rows = present.map((kind) => {
    const parameters = ['int', ...KINDS[kind].types].map((type) => {
      position += 1;
      return `$${position}::${type}[]`;
    });
    return KINDS[kind].rows.replace('{p}', `unnest(${parameters.join(', ')})`);
  });
  return common(rows.join('\n UNION ALL '), present);
}

function valuesOf<K extends Kind>(kind: K, keys: readonly LookupKey[]): unknown[] {
  const positions: number[] = [];
  const own: KeyOf<K>[] = [];
  keys.forEach((key, n) => {
    if (!isKind(key, kind)) return;
    positions.push(n);
    own.push(key);
  });
  return [plain(positions), ...KINDS[kind].values(own)];
}

function isKind<K extends Kind>(key: LookupKey, kind: K): key is KeyOf<K> {
  return key.kind === kind;
}

/** An array as PostgreSQL reads it, of what needs no quotes: numbers, and public ids, which are eight letters and digits. */
function plain(list: readonly (number | string)[]): string {
  return `{${list.join(',')}}`;
}
