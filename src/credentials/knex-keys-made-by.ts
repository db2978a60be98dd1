import type { Knex } from 'knex';
import type { Environment } from '../core/principal.ts';

/** An API key as the person who made it finds it. */
export interface MadeKey {
  readonly id: number;
  readonly name: string;
  readonly workspaceId: number;
  readonly environment: Environment;
  readonly scopes: readonly string[];
  readonly hint: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
}

/** Lists the keys that somebody made and that still work, the newest first; with `beforeId`, those made before that one. */
export type ListKeysMadeBy = (
  userId: number,
  page: { readonly limit: number; readonly beforeId: number | null },
) => Promise<readonly MadeKey[]>;

interface MadeKeyRow {
  readonly id: number;
  readonly name: string;
  readonly workspace_id: number;
  readonly environment: Environment;
  readonly scopes: string[];
  readonly hint: string;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
}

/* The keys of a workspace that somebody has left are no longer theirs to know of. By the index credentials_made_by. */
const LIST = `
  SELECT c.id, c.name, c.workspace_id, c.environment, c.scopes, c.hint, c.created_at, c.expires_at, u.last_used_at
    FROM credentials c
    JOIN memberships m ON m.user_id = c.created_by AND m.workspace_id = c.workspace_id
    LEFT JOIN usage_last u ON u.meter = 'credential:' || c.id
   WHERE c.kind = 'api_key' AND c.created_by = :userId AND c.revoked_at IS NULL
     AND (c.expires_at IS NULL OR c.expires_at > now())
     AND (CAST(:beforeId AS bigint) IS NULL OR c.id < :beforeId)
   ORDER BY c.id DESC LIMIT :limit`;

/** Reads from PostgreSQL which keys somebody made; `database` gives what to query on, which may be a transaction. */
export function knexKeysMadeBy(database: () => Knex): ListKeysMadeBy {
  return async (userId, { limit, beforeId }) => {
    const { rows } = await database().raw<{ rows: MadeKeyRow[] }>(LIST, { userId, limit, beforeId });
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      workspaceId: row.workspace_id,
      environment: row.environment,
      scopes: row.scopes,
      hint: row.hint,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      lastUsedAt: row.last_used_at,
    }));
  };
}
