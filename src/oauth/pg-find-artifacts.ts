import type { Pool } from 'pg';
import type { Queries, RequestTransactions } from '../db/request-transaction.ts';
import { batchByTurn } from '../db/turn-batch.ts';
import type { ProtocolUser } from './find-account.ts';
import type { StoredGrant } from './grant.ts';
import { type ArtifactModel, type ArtifactPayload, refreshReplaySeconds } from './protocol-artifact.ts';

/** An artifact as it is read, with the grant and the user behind it as they stand at that moment. */
export interface ArtifactRow {
  readonly payload: ArtifactPayload | null;
  readonly sealed_payload: string | null;
  readonly consumed_at_seconds: number | null;
  readonly repeatable: boolean | null;
  readonly family: string | null;
  readonly session_id: number | null;
  readonly grant_id: string | null;
  readonly grant_payload: ArtifactPayload | null;
  readonly workspace_id: number | null;
  readonly user_id: number | null;
  readonly email: string | null;
  readonly name: string | null;
}

/** Condition on an artifact `a`: a consumed refresh token may be answered again only as the immediate predecessor, its successor there and unused. */
export const repeatable = `
  a.replay_sealed IS NOT NULL AND a.consumed_at > now() - interval '${refreshReplaySeconds} seconds'
  AND EXISTS (SELECT 1 FROM oauth_artifacts s WHERE s.id_hash = a.successor_hash AND s.consumed_at IS NULL)`;

/* What is asked next about a code or token is whether its grant stands and its user is enabled: it is read along. */
const COLUMNS = `
  a.payload, a.sealed_payload, extract(epoch FROM a.consumed_at)::int AS consumed_at_seconds, (${repeatable}) AS repeatable,
  a.family, a.session_id, g.id AS grant_id, g.payload AS grant_payload, g.workspace_id, u.id AS user_id, u.email, u.name`;

const BEHIND = `
  LEFT JOIN users u ON u.id = a.user_id AND u.disabled_at IS NULL
  LEFT JOIN (oauth_grants g JOIN users o ON o.id = g.user_id AND o.disabled_at IS NULL)
    ON g.id = a.grant_id AND g.revoked_at IS NULL AND g.expires_at > now()`;

const FIND = `
  SELECT k.position::int AS position, ${COLUMNS}
    FROM unnest($1::bytea[], $2::text[]) WITH ORDINALITY AS k(id_hash, model, position)
    JOIN oauth_artifacts a ON a.id_hash = k.id_hash AND a.model = k.model ${BEHIND}`;

/** Finds the newest artifact of a model by its uid. */
export const findByUidStatement = `
  SELECT ${COLUMNS} FROM oauth_artifacts a ${BEHIND}
   WHERE a.uid = $1 AND a.model = $2 ORDER BY a.created_at DESC LIMIT 1`;

/** Reads an artifact by the hash of its value; null when there is none. */
export type FindArtifactRow = (model: ArtifactModel, idHash: Buffer) => Promise<ArtifactRow | null>;

/** Builds the lookup of artifacts: one statement for all of an event-loop turn, but within a transaction alone and on its connection. */
export function pgFindArtifacts(
  transactions: Pick<RequestTransactions, 'query' | 'isOpen'>,
  pool: Pick<Pool, 'query'>,
  translateError: (error: unknown) => unknown,
): FindArtifactRow {
  async function findOn(queries: Queries, keys: readonly Key[]): Promise<(ArtifactRow | null)[]> {
    const found: (ArtifactRow | null)[] = keys.map(() => null);
    const values = [keys.map(({ idHash }) => idHash), keys.map(({ model }) => model)];
    try {
      const { rows } = await queries.query<FoundRow>({ name: 'artifacts-find', text: FIND, values });
      for (const row of rows) found[row.position - 1] = row;
    } catch (error) {
      throw translateError(error);
    }
    return found;
  }

  const findByTurn = batchByTurn<Key, ArtifactRow | null>((keys) => findOn(pool, keys), {
    maxInFlight: 2,
    maxBatch: 200,
  });
  return async (model, idHash) =>
    transactions.isOpen()
      ? ((await findOn(transactions, [{ model, idHash }]))[0] ?? null)
      : findByTurn({ model, idHash });
}

interface Key {
  readonly model: ArtifactModel;
  readonly idHash: Buffer;
}

interface FoundRow extends ArtifactRow {
  readonly position: number;
}

/** The grant behind an artifact. */
export function toGrant({
  grant_id: id,
  grant_payload: payload,
  workspace_id: workspaceId,
}: ArtifactRow): StoredGrant | null {
  return id === null || payload === null ? null : { id, payload, workspaceId };
}

/** The user behind an artifact. */
export function toUser({ user_id: id, email, name }: ArtifactRow): ProtocolUser | null {
  return id === null || email === null || name === null ? null : { id, email, name };
}
