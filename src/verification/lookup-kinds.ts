import { sessionIdleSeconds } from '../users/session.ts';
import type { AccessTokenClaims } from './access-token-jwt.ts';
import type { LookupKey } from './credential-record.ts';

/** The kinds of credentials, as they are looked up. */
export type Kind = LookupKey['kind'];

/** One kind of credential: its rows in the common columns, and its parameters as parallel arrays. */
export interface KindLookup<K extends LookupKey> {
  /** Its own parameters: name and type. */
  readonly parameters: readonly (readonly [name: string, type: string])[];
  readonly values: (keys: readonly K[]) => unknown[];
  /** `{p}` stands for the unnested parameters `k`, `{question}` for those that are the same for every kind. */
  readonly rows: string;
}

/** The key of one kind. */
export type KeyOf<K extends Kind> = Extract<LookupKey, { kind: K }>;

/** The common columns of every kind behind those of the question, in the order in which each gives them. */
export const commonColumns = `
  version, type, id, name, environment, expires_at, revoked, replaced, audience, scopes, token_hash, public_id, key_hash,
  match_proof, pepper_id, user_id, client_id, workspace_id, tier, bucket, meter`;

const ACCESS_TOKEN_PARAMETERS = [
  ['client_id', 'text'],
  ['user_id', 'bigint'],
  ['grant_id', 'text'],
  ['jti_hash', 'text'],
  ['family_hash', 'text'],
  ['jti', 'text'],
  ['audience', 'text'],
  ['exp', 'float8'],
  ['scope', 'text'],
] as const;

/** Writes the claims of a JWT as elements of the arrays that the lookup takes. */
export function accessTokenParameters(
  { clientId, userId, grantId, jti, audience, expiresAtSeconds, scopes }: AccessTokenClaims,
  [revoked, endedFamily]: readonly [string, string],
): readonly string[] {
  return [
    quoted(clientId),
    userId === null ? 'NULL' : String(userId),
    grantId === null ? 'NULL' : quoted(grantId),
    revoked,
    endedFamily,
    quoted(jti),
    quoted(audience),
    String(expiresAtSeconds),
    quoted(scopes.join(' ')),
  ];
}

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
      SELECT {question}, concat(a.xmin, ' ', g.xmin, ' ', c.xmin),
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
    parameters: ACCESS_TOKEN_PARAMETERS,
    values: (keys) =>
      ACCESS_TOKEN_PARAMETERS.map((_, column) => plainArray(keys.map((key) => key.parameters[column] ?? ''))),
    rows: `
      SELECT {question}, concat(c.xmin, ' ', g.xmin, ' ', r.xmin, ' ', f.xmin),
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
      SELECT {question}, t.xmin::text,
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
      SELECT {question}, t.xmin::text,
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
      SELECT {question}, s.xmin::text,
             'session', s.id::text, NULL::text, NULL::text,
             least(s.expires_at, s.last_seen_at + interval '${sessionIdleSeconds} seconds'), false, false,
             NULL::text, NULL::text[], NULL::bytea, NULL::text, NULL::text, NULL::bytea, NULL::text,
             s.user_id, NULL::text, s.workspace_id, NULL::text, 'user:' || s.user_id, 'user:' || s.user_id
        FROM {p}
        JOIN sessions s ON s.id_hash = decode(k.hash, 'hex')`,
  },
};

const KIND_NAMES: readonly Kind[] = ['oauth_token', 'access_token', 'personal_access_token', 'api_key', 'session'];

/** Kinds that belong to a person: a statement joins only what one of its kinds has. */
export const OF_USERS: readonly Kind[] = ['oauth_token', 'access_token', 'personal_access_token', 'session'];
/** Kinds that a client stands behind. */
export const OF_CLIENTS: readonly Kind[] = ['oauth_token', 'access_token'];

/**
 * An array as PostgreSQL reads it, of what needs no quotes: numbers, public ids, which are eight letters and digits, and
 * digests.
 */
export function plainArray(list: readonly (number | string)[]): string {
  return `{${list.join(',')}}`;
}

/** A text as an element of such an array. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** A statement for the driver, with its parameters. */
export interface PreparedLookup {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
  readonly rowMode: 'array';
}

/** What a question consists of beside its key: the names and types of its parameters, and their values. */
export interface QuestionParameters<Question> {
  readonly parameters: readonly (readonly [name: string, type: string])[];
  /** The first of them is the place of the question in its batch. */
  readonly values: (question: Question, n: number) => readonly (number | string)[];
}

/**
 * Builds the writer of one statement for a batch of questions: prepared once for each mixture of kinds, of which there are
 * few. `write` gets the rows of the kinds that are present, and which they are.
 */
export function statementByKinds<Question extends { readonly key: LookupKey }>(
  prefix: string,
  { parameters, values }: QuestionParameters<Question>,
  write: (rows: string, present: readonly Kind[]) => string,
): (questions: readonly Question[]) => PreparedLookup {
  const statements = new Map<number, { name: string; text: string; present: readonly Kind[] }>();

  function prepare(mixture: number): { name: string; text: string; present: readonly Kind[] } {
    const present = KIND_NAMES.filter((_, index) => (mixture & (1 << index)) !== 0);
    let position = 0;
    const rows = present.map((kind) => {
      const all = [...parameters, ...KINDS[kind].parameters];
      const unnested = all.map(([, type]) => {
        position += 1;
        return `$${position}::${type}[]`;
      });
      const table = `unnest(${unnested.join(', ')}) AS k(${all.map(([name]) => name).join(', ')})`;
      const question = parameters.map(([name]) => `k.${name}`).join(', ');
      return KINDS[kind].rows.replace('{question}', question).replace('{p}', table);
    });
    // PostgreSQL cuts names of prepared statements at 63 bytes.
    const name = `${prefix}-${present.map((kind) => KIND_NAMES.indexOf(kind)).join('')}`;
    return { name, text: write(rows.join('\n UNION ALL '), present), present };
  }

  function valuesOf<K extends Kind>(kind: K, questions: readonly Question[]): unknown[] {
    const columns = parameters.map((): (number | string)[] => []);
    const keys: KeyOf<K>[] = [];
    questions.forEach((question, n) => {
      const { key } = question;
      if (!isKind(key, kind)) return;
      keys.push(key);
      for (const [column, value] of values(question, n).entries()) columns[column]?.push(value);
    });
    return [...columns.map(plainArray), ...KINDS[kind].values(keys)];
  }

  return (questions) => {
    let mixture = 0;
    for (const { key } of questions) mixture |= 1 << KIND_NAMES.indexOf(key.kind);
    let statement = statements.get(mixture);
    if (statement === undefined) {
      statement = prepare(mixture);
      statements.set(mixture, statement);
    }
    const { name, text, present } = statement;
    return { name, text, values: present.flatMap((kind) => valuesOf(kind, questions)), rowMode: 'array' };
  };
}

function isKind<K extends Kind>(key: LookupKey, kind: K): key is KeyOf<K> {
  return key.kind === kind;
}
