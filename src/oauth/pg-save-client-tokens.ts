import type { Pool } from 'pg';
import { sha256 } from '../crypto/digest.ts';
import { batchByTurn } from '../db/turn-batch.ts';

/** A client's own token, to be stored: it belongs to no grant and no request writes anything beside it. */
export interface ClientTokenRow {
  readonly id: string;
  /** The payload as JSON. */
  readonly payload: string;
  readonly clientId: string | null;
  readonly scope: string;
  readonly audience: string | null;
  readonly lifetimeSeconds: number;
}

/*
 * One durable commit for all tokens of an event-loop turn: waiting for the disk is what a token costs. A client that was
 * deleted meanwhile gets no row and does not take the others with it.
 */
const SAVE = `
  INSERT INTO oauth_artifacts (id_hash, model, payload, client_id, scopes, audience, expires_at)
  SELECT k.id_hash, 'ClientCredentials', k.payload, c.client_id, string_to_array(nullif(k.scope, ''), ' '), k.audience,
         now() + k.lifetime * interval '1 second'
    FROM unnest($1::bytea[], $2::jsonb[], $3::text[], $4::text[], $5::text[], $6::float8[])
      AS k(id_hash, payload, client_id, scope, audience, lifetime)
    JOIN oauth_clients c ON c.client_id = k.client_id
     FOR KEY SHARE OF c
  RETURNING id_hash`;

/** Builds the store of clients' own tokens, together by the turn; false for a client that is gone. */
export function pgSaveClientTokens(pool: Pick<Pool, 'query'>): (row: ClientTokenRow) => Promise<boolean> {
  return batchByTurn<ClientTokenRow, boolean>(
    async (rows) => {
      const hashes = rows.map(({ id }) => sha256(id));
      const saved = await pool.query<{ id_hash: Buffer }>({
        name: 'client-tokens-save',
        text: SAVE,
        values: [
          hashes,
          rows.map(({ payload }) => payload),
          rows.map(({ clientId }) => clientId),
          rows.map(({ scope }) => scope),
          rows.map(({ audience }) => audience),
          rows.map(({ lifetimeSeconds }) => lifetimeSeconds),
        ],
      });
      const written = new Set(saved.rows.map(({ id_hash: hash }) => hash.toString('latin1')));
      return hashes.map((hash) => written.has(hash.toString('latin1')));
    },
    { maxInFlight: 2, maxBatch: 500 },
  );
}
