import { sessionIdleSeconds } from '../users/session.ts';
import type { LookupKey } from './credential-record.ts';

type Kind = LookupKey['kind'];

/** One kind of credential: its rows in the common columns, and its parameters as parallel arrays. */
interface KindLookup<K extends LookupKey> {
  /** Array types of the parameters behind the positions. */
  readonly types: readonly string[];
  readonly values: (keys: readonly K[]) => unknown[][];
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
    values: (keys) => [keys.map(({ id }) => id)],
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
    values: (keys) => [keys.map(({ publicId }) => publicId)],
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

const COMMON = `
  SELECT c.n, c.type, c.id, c.name, c.environment, c.expires_at, c.expires_at <= now() AS expired, c.revoked, c.replaced,
         c.audience, c.scopes, c.token_hash, c.public_id, c.key_hash, c.match_proof, c.pepper_id,
         c.user_id, u.disabled_at IS NOT NULL AS user_disabled, m.role, c.client_id, o.scopes AS client_scopes,
         c.workspace_id, w.scopes AS workspace_scopes, w.rate_limit_tier AS workspace_tier,
         w.suspended_at IS NOT NULL AS suspended, w.own, c.tier, c.bucket, c.meter,
         r.used, extract(epoch FROM r.window_start)::bigint AS window_start, extract(epoch FROM now())::bigint AS now_seconds
    FROM ({rows}) AS c (n, type, id, name, environment, expires_at, revoked, replaced, audience, scopes, token_hash,
                        public_id, key_hash, match_proof, pepper_id, user_id, client_id, workspace_id, tier, bucket, meter)
    LEFT JOIN users u ON u.id = c.user_id
    LEFT JOIN workspaces w ON w.id = c.workspace_id
    LEFT JOIN memberships m ON m.workspace_id = c.workspace_id AND m.user_id = c.user_id
    LEFT JOIN oauth_clients o ON o.client_id = c.client_id
    LEFT JOIN rate_limit_windows r ON r.bucket = c.bucket`;

const statements = new Map<string, string>();

/** Writes the one statement for a batch: prepared once for each mixture of kinds, of which there are few. */
export function lookupStatement(keys: readonly LookupKey[]): { name: string; text: string; values: unknown[] } {
  const present = KIND_NAMES.filter((kind) => keys.some((key) => key.kind === kind));
  const name = `credential-lookup ${present.join(' ')}`;
  let text = statements.get(name);
  if (text === undefined) {
    text = statementFor(present);
    statements.set(name, text);
  }
  return { name: shortName(present), text, values: present.flatMap((kind) => valuesOf(kind, keys)) };
}

/** PostgreSQL cuts names of prepared statements at 63 bytes. */
function shortName(present: readonly Kind[]): string {
  return `credential-lookup-${present.map((kind) => KIND_NAMES.indexOf(kind)).join('')}`;
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
  return COMMON.replace('{rows}', rows.join('\n UNION ALL '));
}

function valuesOf<K extends Kind>(kind: K, keys: readonly LookupKey[]): unknown[][] {
  const positions: number[] = [];
  const own: KeyOf<K>[] = [];
  keys.forEach((key, n) => {
    if (!isKind(key, kind)) return;
    positions.push(n);
    own.push(key);
  });
  return [positions, ...KINDS[kind].values(own)];
}

function isKind<K extends Kind>(key: LookupKey, kind: K): key is KeyOf<K> {
  return key.kind === kind;
}
