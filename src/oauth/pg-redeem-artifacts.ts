import type { Pool } from 'pg';
import { sha256 } from '../crypto/digest.ts';
import { batchByTurn } from '../db/turn-batch.ts';
import { columnsOf } from './artifact-columns.ts';
import type { Redemption } from './redemption.ts';

/** Makes the one use of a code or refresh token and stores what it brings; false for everybody but the first, and where the grant has ended. */
export type RedeemArtifact = (redemption: Redemption) => Promise<boolean>;

/*
 * All of a redemption in one statement. Whoever uses up a code or a refresh token holds its grant's key from before that
 * until the tokens are written; whoever ends a family takes the same key for themselves first, and looks for what to end
 * then. So a redemption that waited finds its grant revoked or its row gone, and one that did not is found. Of two uses
 * the second waits for the first and finds the mark. Keys are taken in one order and before all rows, so that no two
 * statements lock each other. Arrays instead of joins keep the planner to the primary keys, however small a table was
 * when it planned.
 */
const REDEEM = `
  WITH asked AS MATERIALIZED (
    SELECT k.id_hash, k.replay_sealed, k.successor_hash,
           (SELECT a.grant_id FROM oauth_artifacts a WHERE a.id_hash = k.id_hash AND a.model = k.model) AS grant_id
      FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bytea[]) AS k(id_hash, model, replay_sealed, successor_hash)),
  held AS MATERIALIZED (
    SELECT id FROM oauth_grants
     WHERE id = ANY(ARRAY(SELECT grant_id FROM asked)) AND revoked_at IS NULL
     ORDER BY id FOR KEY SHARE),
  used AS (
    UPDATE oauth_artifacts a
       SET consumed_at = now(),
           (replay_sealed, successor_hash) = (SELECT k.replay_sealed, k.successor_hash FROM asked k WHERE k.id_hash = a.id_hash)
     WHERE id_hash = ANY(ARRAY(SELECT k.id_hash FROM asked k JOIN held ON held.id = k.grant_id)) AND consumed_at IS NULL
    RETURNING id_hash),
  saved AS (
    INSERT INTO oauth_artifacts
           (id_hash, model, payload, client_id, user_id, grant_id, scopes, audience, expires_at, family)
    SELECT n.id_hash, n.model, n.payload, n.client_id, n.user_id, n.grant_id,
           CASE n.scope WHEN '' THEN ARRAY[''] ELSE string_to_array(n.scope, ' ') END, n.audience,
           now() + n.lifetime * interval '1 second', n.family
      FROM unnest($5::bytea[], $6::bytea[], $7::text[], $8::jsonb[], $9::text[], $10::bigint[], $11::text[],
                  $12::text[], $13::text[], $14::float8[], $15::text[])
        AS n(source_hash, id_hash, model, payload, client_id, user_id, grant_id, scope, audience, lifetime, family)
      JOIN used ON used.id_hash = n.source_hash)
  SELECT id_hash FROM used`;

/** Trouble of one redemption that others of the same turn must not share; nothing was written then. */
const TROUBLE_OF_ONE: ReadonlySet<unknown> = new Set([
  // A client or user was deleted meanwhile.
  '23503',
  // Somebody else's lock.
  '40P01',
  '55P03',
]);

/** Builds the redemption of codes and refresh tokens: one statement, and one durable commit, for all of an event-loop turn. */
export function pgRedeemArtifacts(
  pool: Pick<Pool, 'query'>,
  translateError: (error: unknown) => unknown,
): RedeemArtifact {
  const redeem = batchByTurn<Redemption, boolean | { readonly error: unknown }>(
    async (redemptions) => {
      try {
        return await redeemTogether(pool, redemptions);
      } catch (error) {
        if (redemptions.length === 1 || !isTroubleOfOne(error)) throw translateError(error);
        return Promise.all(
          redemptions.map((one) =>
            redeemTogether(pool, [one]).then(onlyOf, (cause) => ({ error: translateError(cause) })),
          ),
        );
      }
    },
    { maxInFlight: 2, maxBatch: 200 },
  );
  return async (redemption) => {
    const result = await redeem(redemption);
    if (typeof result === 'boolean') return result;
    throw result.error;
  };
}

function onlyOf(results: readonly boolean[]): boolean {
  return results[0] ?? false;
}

async function redeemTogether(pool: Pick<Pool, 'query'>, redemptions: readonly Redemption[]): Promise<boolean[]> {
  // One statement can not tell two uses of the same value apart: only the first of them is asked for.
  const first = new Map<string, { readonly hash: Buffer; readonly redemption: Redemption }>();
  const keys = redemptions.map((redemption) => {
    const hash = sha256(redemption.redeemed.id);
    const key = hash.toString('latin1');
    if (!first.has(key)) first.set(key, { hash, redemption });
    return key;
  });
  const asked = [...first.values()];
  const { rows } = await pool.query<{ id_hash: Buffer }>({
    name: 'artifacts-redeem',
    text: REDEEM,
    values: [...usesOf(asked), ...artifactsOf(asked)],
  });
  const used = new Set(rows.map(({ id_hash: hash }) => hash.toString('latin1')));
  return redemptions.map((redemption, index) => {
    const key = keys[index] ?? '';
    return used.has(key) && first.get(key)?.redemption === redemption;
  });
}

type Asked = readonly { readonly hash: Buffer; readonly redemption: Redemption }[];

function usesOf(asked: Asked): unknown[] {
  return [
    asked.map(({ hash }) => hash),
    asked.map(({ redemption }) => redemption.redeemed.model),
    asked.map(({ redemption }) => redemption.replay?.sealedAnswer ?? null),
    asked.map(({ redemption: { replay } }) => (replay === null ? null : sha256(replay.successor))),
  ];
}

function artifactsOf(asked: Asked): unknown[] {
  const rows = asked.flatMap(({ hash, redemption }) =>
    redemption.artifacts.map((artifact) => ({ ...artifact, ...columnsOf(artifact.payload), source: hash })),
  );
  return [
    rows.map(({ source }) => source),
    rows.map(({ id }) => sha256(id)),
    rows.map(({ model }) => model),
    rows.map(({ payload }) => JSON.stringify(payload)),
    rows.map(({ clientId }) => clientId),
    rows.map(({ userId }) => userId),
    rows.map(({ grantId }) => grantId),
    rows.map(({ scope }) => scope),
    rows.map(({ audience }) => audience),
    rows.map(({ lifetimeSeconds }) => lifetimeSeconds),
    rows.map(({ family }) => family),
  ];
}

function isTroubleOfOne(error: unknown): boolean {
  return error instanceof Error && 'code' in error && TROUBLE_OF_ONE.has(error.code);
}
