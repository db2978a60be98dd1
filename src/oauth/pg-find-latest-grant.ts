import type { Pool } from 'pg';
import type { Queries, RequestTransactions } from '../db/request-transaction.ts';
import { batchByTurn } from '../db/turn-batch.ts';
import type { GrantRepository, StoredGrant } from './grant.ts';
import type { ArtifactPayload } from './protocol-artifact.ts';

const FIND_LATEST = `
  SELECT k.position::int AS position, latest.id, latest.payload, latest.workspace_id
    FROM unnest($1::bigint[], $2::text[], $3::bigint[]) WITH ORDINALITY AS k(user_id, client_id, workspace_id, position)
   CROSS JOIN LATERAL (
     SELECT g.id, g.payload, g.workspace_id
       FROM oauth_grants g JOIN users u ON u.id = g.user_id AND u.disabled_at IS NULL
      WHERE g.revoked_at IS NULL AND g.expires_at > now() AND g.user_id = k.user_id AND g.client_id = k.client_id
        AND (k.workspace_id IS NULL OR g.workspace_id = k.workspace_id)
        AND EXISTS (SELECT 1 FROM memberships m WHERE m.workspace_id = g.workspace_id AND m.user_id = g.user_id)
      ORDER BY g.created_at DESC LIMIT 1) AS latest`;

type Between = Parameters<GrantRepository['findLatest']>;

interface LatestRow {
  readonly position: number;
  readonly id: string;
  readonly payload: ArtifactPayload;
  readonly workspace_id: number | null;
}

/** Builds the lookup of the newest grant between a user and a client: one statement for all of an event-loop turn, but within a transaction alone and on its connection. */
export function pgFindLatestGrant(
  transactions: Pick<RequestTransactions, 'query' | 'isOpen'>,
  pool: Pick<Pool, 'query'>,
  translateError: (error: unknown) => unknown,
): GrantRepository['findLatest'] {
  async function findOn(queries: Queries, keys: readonly Between[]): Promise<(StoredGrant | null)[]> {
    const found: (StoredGrant | null)[] = keys.map(() => null);
    const values = [keys.map(([userId]) => userId), keys.map(([, clientId]) => clientId), keys.map(([, , id]) => id)];
    try {
      const { rows } = await queries.query<LatestRow>({ name: 'grants-find-latest', text: FIND_LATEST, values });
      for (const { position, id, payload, workspace_id: workspaceId } of rows) {
        found[position - 1] = { id, payload, workspaceId };
      }
    } catch (error) {
      throw translateError(error);
    }
    return found;
  }

  const findByTurn = batchByTurn<Between, StoredGrant | null>((keys) => findOn(pool, keys), {
    maxInFlight: 2,
    maxBatch: 200,
  });
  return async (...between) =>
    transactions.isOpen() ? ((await findOn(transactions, [between]))[0] ?? null) : findByTurn(between);
}
