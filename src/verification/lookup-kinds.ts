import { sessionIdleSeconds } from '../users/session.ts';
import type { LookupKey } from './credential-record.ts';

/** The kinds of credentials, as they are looked up. */
export type Kind = LookupKey['kind'];

/** One kind of credential: its rows in the common columns, and its parameters as parallel arrays. */
export interface KindLookup<K extends LookupKey> {
  /** Its own parameters: name and type. */
  readonly parameters: readonly (readonly [name: string, type: string])[];
  readonly values: (keys: readonly K[]) => unknown[];
  /** `{p}` stands for the unnested parameters and their names, `{shared}` for those of every kind. */
  readonly rows: string;
}

/** The key of one kind. */
export type KeyOf<K extends Kind> = Extract<LookupKey, { kind: K }>;

/** Parameters of every kind: the question's place, the version that is known of it, and the call to count if it still holds. */
export const sharedParameters = [
  ['n', 'int'],
  ['seen', 'text'],
  ['cost', 'int'],
  ['capacity', 'bigint'],
  ['window_seconds', 'int'],
] as const;

/** The common columns of every kind, in the order in which each gives them. */
export const commonColumns = `
  n, seen, cost, capacity, window_seconds, version, type, id, name, environment, expires_at, revoked, replaced, audience,
  scopes, token_hash, public_id, key_hash, match_proof, pepper_id, user_id, client_id, workspace_id, tier, bucket, meter`;

/*
 * Each kind is one index probe a key. Every NULL has its type: which kinds meet in one statement is a matter of chance,
 * and PostgreSQL takes a column of two untyped NULLs for text before it sees the third. `version` names the state of the
 * rows of the kind: `xmin` is the transaction that wrote a row as it stands, so that it is another one after each change.
 */
/** How each kind is looked up. */
export const KINDS: { readonly [K in Kind]: KindLookup<KeyOf<K>> } = {
  oauth_token: {
    parameters: [['hash', 'text']],
    values: (keys) => [plainArray(keys.map(({ hash }) => hash))],
    rows: `
      SELECT {shared}, concat(a.xmin, ' ', g.xmin, ' ', c.xmin),
             CASE WHEN a.model = 'AccessToken' THEN 'oauth_access_token' ELSE 'oauth_client_token' END,
             a.id::text, c.client_name, NULL::text, a.expires_at,
             a.consumed_at IS NOT NULL OR (a.grant_id IS NOT NULL AND (g.id IS NULL OR g.revoked_at IS NOT NULL)),
             false, a.audience, a.scopes, NULL::bytea, NULL::text, NULL::text, NULL::bytea, NULL::text,
             a.user_id, a.client_id, CASE WHEN a.user_id IS NULL THEN c.workspace_id ELSE g.workspace_id END,
             NULL::text,
             CASE WHEN a.user_id IS NULL THEN 'client:' || a.client_id ELSE 'grant:' || a.grant_id END,
             'client:' || a.client_id
        FROM {p}
        JOIN oauth_artifacts a ON a.id_hash = decode(k.hash, 'hex') AND a.model IN ('AccessToken', 'ClientCredentials')
        LEFT JOIN oauth_grants g ON g.id = a.grant_id
        LEFT JOIN oauth_clients c ON c.client_id = a.client_id`,
  },
  access_token: {
    parameters: [
      ['client_id', 'text'],
      ['user_id', 'bigint'],
      ['grant_id', 'text'],
      ['jti_hash', 'text'],
      ['family_hash', 'text'],
      ['jti', 'text'],
      ['audience', 'text'],
      ['exp', 'float8'],
      ['scope', 'text'],
    ],
    values: (keys) => [
      keys.map(({ claims }) => claims.clientId),
      keys.map(({ claims }) => claims.userId),
      keys.map(({ claims }) => claims.grantId),
      plainArray(keys.map(({ revokedHashes }) => revokedHashes[0])),
      plainArray(keys.map(({ revokedHashes }) => revokedHashes[1])),
      keys.map(({ claims }) => claims.jti),
      keys.map(({ claims }) => claims.audience),
      plainArray(keys.map(({ claims }) => claims.expiresAtSeconds)),
      keys.map(({ claims }) => claims.scopes.join(' ')),
    ],
    rows: `
      SELECT {shared}, concat(c.xmin, ' ', g.xmin, ' ', r.xmin, ' ', f.xmin),
             CASE WHEN k.user_id IS NULL THEN 'oauth_client_token' ELSE 'oauth_access_token' END, k.jti,
             c.client_name, NULL::text, to_timestamp(k.exp),
             r.id_hash IS NOT NULL OR f.id_hash IS NOT NULL OR (k.grant_id IS NOT NULL AND (g.id IS NULL OR g.revoked_at IS NOT NULL)),
             false, k.audience, string_to_array(k.scope, ' '), NULL::bytea, NULL::text, NULL::text,
             NULL::bytea, NULL::text, k.user_id, k.client_id,
             CASE WHEN k.user_id IS NULL THEN c.workspace_id ELSE g.workspace_id END, NULL::text,
             CASE WHEN k.user_id IS NULL THEN 'client:' || k.client_id ELSE 'grant:' || k.grant_id END,
             'client:' || k.client_id
        FROM {p}
        LEFT JOIN oauth_clients c ON c.client_id = k.client_id
        LEFT JOIN oauth_grants g ON g.id = k.grant_id AND g.client_id = k.client_id AND g.user_id = k.user_id
        LEFT JOIN oauth_artifacts r ON r.id_hash = decode(k.jti_hash, 'hex')
        LEFT JOIN oauth_artifacts f ON f.id_hash = decode(k.family_hash, 'hex')`,
  },
  personal_access_token: {
    parameters: [['id', 'bigint']],
    values: (keys) => [plainArray(keys.map(({ id }) => id))],
    rows: `
      SELECT {shared}, t.xmin::text,
             'personal_access_token', t.id::text, t.name, NULL::text, t.expires_at,
             t.revoked_at IS NOT NULL, false, NULL::text, t.scopes, t.token_hash, NULL::text, NULL::text,
             NULL::bytea, NULL::text, t.user_id, NULL::text, t.workspace_id, t.rate_limit_tier,
             'credential:' || t.id, 'credential:' || t.id
        FROM {p}
        JOIN credentials t ON t.id = k.id AND t.kind = 'personal_access_token'`,
  },
  api_key: {
    parameters: [['public_id', 'text']],
    values: (keys) => [plainArray(keys.map(({ publicId }) => publicId))],
    rows: `
      SELECT {shared}, t.xmin::text,
             'api_key', t.id::text, t.name, t.environment, t.expires_at, t.revoked_at IS NOT NULL,
             t.replaced_by IS NOT NULL, NULL::text, t.scopes, NULL::bytea, t.public_id, t.key_hash,
             t.match_proof, t.pepper_id, NULL::bigint, NULL::text, t.workspace_id, t.rate_limit_tier,
             'credential:' || coalesce(t.bucket, t.id), 'credential:' || t.id
        FROM {p}
        JOIN credentials t ON t.public_id = k.public_id AND t.kind = 'api_key'`,
  },
  session: {
    parameters: [['hash', 'text']],
    values: (keys) => [plainArray(keys.map(({ hash }) => hash))],
    rows: `
      SELECT {shared}, s.xmin::text,
             'session', s.id::text, NULL::text, NULL::text,
             least(s.expires_at, s.last_seen_at + interval '${sessionIdleSeconds} seconds'), false, false,
             NULL::text, NULL::text[], NULL::bytea, NULL::text, NULL::text, NULL::bytea, NULL::text,
             s.user_id, NULL::text, s.workspace_id, NULL::text, 'user:' || s.user_id, 'user:' || s.user_id
        FROM {p}
        JOIN sessions s ON s.id_hash = decode(k.hash, 'hex')`,
  },
};

/** The kinds in the order of their parameters in a statement. */
export const KIND_NAMES: readonly Kind[] = [
  'oauth_token',
  'access_token',
  'personal_access_token',
  'api_key',
  'session',
];

/** Kinds that belong to a person: a statement joins only what one of its kinds has. */
export const OF_USERS: readonly Kind[] = ['oauth_token', 'access_token', 'personal_access_token', 'session'];
/** Kinds that a client stands behind. */
export const OF_CLIENTS: readonly Kind[] = ['oauth_token', 'access_token'];

/**
 * An array as PostgreSQL reads it, of what needs no quotes: numbers, public ids, which are eight letters and digits, and
 * digests. */
export function plainArray(list: readonly (number | string)[]): string {
  return `{${list.join(',')}}`;
}
