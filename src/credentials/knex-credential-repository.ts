import type { Knex } from 'knex';
import type { Credential, CredentialKindName } from './credential.ts';
import { type CredentialChanges, type CredentialRepository, PublicIdTaken } from './credential-repository.ts';
import {
  besideCredential,
  type CredentialRow,
  credentialColumns,
  isThere,
  toCredential,
} from './knex-credential-row.ts';
import { needsAttention } from './knex-key-attention.ts';
import { rotateRow } from './knex-rotate-credential.ts';

const SELECT = `SELECT ${credentialColumns} FROM credentials c ${besideCredential} WHERE ${isThere}`;

const LISTED = `${SELECT} AND c.kind = :kind
     AND (CAST(:workspaceId AS bigint) IS NULL OR c.workspace_id = :workspaceId)
     AND (CAST(:userId AS bigint) IS NULL OR c.user_id = :userId)
     AND ${needsAttention}`;
const OLDEST_FIRST = `${LISTED} AND c.id > :afterId ORDER BY c.id LIMIT :limit`;
const NEWEST_FIRST = `${LISTED} AND (CAST(:afterId AS bigint) = 0 OR c.id < :afterId) ORDER BY c.id DESC LIMIT :limit`;

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

    list: ({ newestFirst = false, attention = null, ...page }) =>
      select(newestFirst ? NEWEST_FIRST : OLDEST_FIRST, { ...page, attention }),

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

    async update(id, changes, insteadOf) {
      const query = database()('credentials')
        .where({ id })
        .whereNull('revoked_at')
        .whereNull('replaced_by')
        .andWhere((live) => live.whereNull('expires_at').orWhere('expires_at', '>', database().fn.now()))
        .modify((same) => {
          if (insteadOf !== undefined) same.where('scopes', [...insteadOf]);
        });
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
