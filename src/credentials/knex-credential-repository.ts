import type { Knex } from 'knex';
import type { Environment } from '../core/principal.ts';
import type { Credential, CredentialKindName, CredentialState } from './credential.ts';
import { type CredentialChanges, type CredentialRepository, PublicIdTaken } from './credential-repository.ts';
import { rotateRow } from './knex-rotate-credential.ts';

interface CredentialRow {
  readonly id: number;
  readonly kind: CredentialKindName;
  readonly workspace_id: number;
  readonly user_id: number | null;
  readonly created_by: number | null;
  readonly name: string;
  readonly scopes: string[];
  readonly environment: Environment | null;
  readonly rate_limit_tier: string | null;
  readonly hint: string;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly expired: boolean | null;
  readonly replaced_by: number | null;
  readonly replaces_id: number | null;
  readonly replaces_until: Date | null;
  readonly last_used_at: Date | null;
  readonly last_used_address: string | null;
}

/* A key whose grace is over is gone, although the sweeper may not have come by yet. */
const SELECT = `
  SELECT c.id, c.kind, c.workspace_id, c.user_id, c.created_by, c.name, c.scopes, c.environment, c.rate_limit_tier, c.hint,
         c.created_at, c.expires_at, c.expires_at <= now() AS expired, c.replaced_by,
         p.id AS replaces_id, p.expires_at AS replaces_until, u.last_used_at, nullif(u.address, '') AS last_used_address
    FROM credentials c
    LEFT JOIN credentials p ON p.id = c.replaces AND p.revoked_at IS NULL AND p.expires_at > now()
    LEFT JOIN usage_last u ON u.meter = 'credential:' || c.id
   WHERE c.revoked_at IS NULL AND (c.replaced_by IS NULL OR c.expires_at > now())`;

const LIST = `${SELECT} AND c.kind = :kind AND c.id > :afterId
     AND (CAST(:workspaceId AS bigint) IS NULL OR c.workspace_id = :workspaceId)
     AND (CAST(:userId AS bigint) IS NULL OR c.user_id = :userId)
   ORDER BY c.id LIMIT :limit`;

/** Keeps credentials in PostgreSQL; `database` gives what to query on, which may be a transaction. */
export function knexCredentialRepository(database: () => Knex): CredentialRepository {
  async function select(statement: string, bindings: Knex.ValueDict): Promise<readonly Credential[]> {
    const { rows } = await database().raw<{ rows: CredentialRow[] }>(statement, bindings);
    return rows.map(toCredential);
  }

  async function find(kind: CredentialKindName, id: number): Promise<Credential | null> {
    return (await select(`${SELECT} AND c.kind = :kind AND c.id = :id`, { kind, id }))[0] ?? null;
  }

  /** Reads back what was just written in the same transaction or before. */
  async function reread(kind: CredentialKindName, id: number): Promise<Credential> {
    const credential = await find(kind, id);
    if (credential === null) throw new Error('a credential that was just written is gone');
    return credential;
  }

  return {
    find,

    list: (page) => select(LIST, { ...page }),

    async insert(credential) {
      const [row]: { id: number }[] = await orTaken(
        database()('credentials')
          .insert({
            kind: credential.kind,
            workspace_id: credential.workspaceId,
            user_id: credential.userId,
            created_by: credential.createdBy,
            name: credential.name,
            scopes: [...credential.scopes],
            environment: credential.environment,
            rate_limit_tier: credential.rateLimitTier,
            hint: credential.hint,
            public_id: credential.publicId,
            token_hash: credential.tokenHash,
            key_hash: credential.keyHash,
            match_proof: credential.matchProof,
            pepper_id: credential.pepperId,
            expires_at: credential.expiresAt,
          })
          .returning('id'),
      );
      if (row === undefined) throw new Error('the insert of a credential returned no row');
      return reread(credential.kind, row.id);
    },

    async update(id, changes) {
      const query = database()('credentials')
        .where({ id })
        .whereNull('revoked_at')
        .whereNull('replaced_by')
        .andWhere((live) => live.whereNull('expires_at').orWhere('expires_at', '>', database().fn.now()));
      const columns = toColumns(changes);
      const [row]: { kind: CredentialKindName }[] =
        Object.keys(columns).length === 0 ? await query.select('kind') : await query.update(columns).returning('kind');
      return row === undefined ? null : find(row.kind, id);
    },

    async rotate(id, rotation) {
      const rotated = await orTaken(rotateRow(database(), id, rotation));
      if (rotated === null) return null;
      const credential = await reread('api_key', rotated.id);
      return { credential, replaces: { id: rotated.replaces, expiresAt: rotated.until } };
    },

    async revoke(id, reason) {
      const revoked = await database()('credentials')
        .where({ id })
        .whereNull('revoked_at')
        .update({ revoked_at: database().fn.now(), revoke_reason: reason });
      return revoked > 0;
    },

    async revokeTokensOf(userId, reason) {
      const rows: { id: number }[] = await database()('credentials')
        .where({ kind: 'personal_access_token', user_id: userId })
        .whereNull('revoked_at')
        .update({ revoked_at: database().fn.now(), revoke_reason: reason })
        .returning('id');
      return rows.map(({ id }) => id);
    },
  };
}

/** SQLSTATE 23505 on the public id, the only column of ours that is drawn. */
async function orTaken<Result>(write: PromiseLike<Result>): Promise<Result> {
  try {
    return await write;
  } catch (error) {
    const isTaken = error instanceof Error && 'constraint' in error && error.constraint === 'credentials_public_id_key';
    throw isTaken ? new PublicIdTaken('a public id was drawn twice', { cause: error }) : error;
  }
}

function toColumns(changes: CredentialChanges): Record<string, unknown> {
  return {
    ...(changes.name !== undefined && { name: changes.name }),
    ...(changes.scopes !== undefined && { scopes: [...changes.scopes] }),
    ...(changes.rateLimitTier !== undefined && { rate_limit_tier: changes.rateLimitTier }),
    ...(changes.expiresAt !== undefined && { expires_at: changes.expiresAt }),
  };
}

function toCredential(row: CredentialRow): Credential {
  return {
    id: row.id,
    kind: row.kind,
    workspaceId: row.workspace_id,
    userId: row.user_id,
    createdBy: row.created_by,
    name: row.name,
    scopes: row.scopes,
    environment: row.environment,
    rateLimitTier: row.rate_limit_tier,
    hint: row.hint,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    state: stateOf(row),
    replaces:
      row.replaces_id === null || row.replaces_until === null
        ? null
        : { id: row.replaces_id, expiresAt: row.replaces_until },
    replacedBy: row.replaced_by,
    lastUsedAt: row.last_used_at,
    lastUsedAddress: row.last_used_address,
  };
}

function stateOf({ expired, replaced_by: replacedBy }: CredentialRow): CredentialState {
  if (expired === true) return 'expired';
  return replacedBy === null ? 'active' : 'replaced';
}
