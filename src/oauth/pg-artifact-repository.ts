import { sha256 } from '../crypto/digest.ts';
import type { RequestTransactions } from '../db/request-transaction.ts';
import { columnsOf } from './artifact-columns.ts';
import {
  type ArtifactRow,
  type FindArtifactRow,
  findByUidStatement,
  repeatable,
  toGrant,
  toUser,
} from './pg-find-artifacts.ts';
import type { RedeemArtifact } from './pg-redeem-artifacts.ts';
import type { ClientTokenRow } from './pg-save-client-tokens.ts';
import type { ArtifactPayload, ArtifactRepository, StoredArtifact } from './protocol-artifact.ts';

/** Seals what must not lie in clear even under a hashed name: sessions and interactions hold cookie values. */
export interface PayloadSeal {
  seal(text: string, boundTo: string): string;
  /** Null when the text was sealed with a key this server does not have. */
  open(sealed: string, boundTo: string): string | null;
}

/*
 * The guard on the grant closes the race in which a token is written after its family was revoked: the row is inserted
 * only where the grant still stands.
 */
const SAVE = `
  INSERT INTO oauth_artifacts
         (id_hash, model, payload, sealed_payload, client_id, user_id, grant_id, uid, session_id, scopes, audience, expires_at,
          family)
  SELECT $1::bytea, $2::text, $3::jsonb, $4::text, $5::text, $6::bigint, $7::text, $8::text, $9::bigint, $10::text[],
         $11::text, now() + $12::float8 * interval '1 second', $13::text
   WHERE $7::text IS NULL OR EXISTS (SELECT 1 FROM oauth_grants WHERE id = $7::text AND revoked_at IS NULL)
  ON CONFLICT (id_hash) DO UPDATE
    SET payload = EXCLUDED.payload, sealed_payload = EXCLUDED.sealed_payload, user_id = EXCLUDED.user_id,
        session_id = EXCLUDED.session_id, scopes = EXCLUDED.scopes, grant_id = EXCLUDED.grant_id,
        expires_at = EXCLUDED.expires_at
  RETURNING 1`;

const FIND_REPLAY = `
  SELECT a.replay_sealed FROM oauth_artifacts a JOIN oauth_grants g ON g.id = a.grant_id AND g.revoked_at IS NULL
   WHERE a.id_hash = $1 AND a.model = 'RefreshToken' AND ${repeatable}`;

/*
 * Whoever uses up a code or a refresh token holds its grant's key from before that until the tokens are written; whoever
 * ends a family takes the same key for themselves. Taken in this order by both, they wait for each other and never lock.
 */
const HOLD_GRANT = `
  SELECT 1 FROM oauth_grants g JOIN oauth_artifacts a ON a.grant_id = g.id
   WHERE a.id_hash = $1 AND a.model = $2 FOR KEY SHARE OF g`;

const CLAIM_GRANT = 'SELECT 1 FROM oauth_grants WHERE id = $1 FOR UPDATE';

const END_FAMILY = `
  DELETE FROM oauth_artifacts
   WHERE grant_id = $1 AND model IN ('AccessToken', 'AuthorizationCode', 'RefreshToken')
     AND ($2::text IS NULL OR family = $2 OR family IS NULL)`;

const CONSUME = `
  UPDATE oauth_artifacts SET consumed_at = now()
   WHERE id_hash = $1 AND model = $2 AND consumed_at IS NULL RETURNING 1`;

const REMEMBER = `
  INSERT INTO oauth_artifacts (id_hash, model, payload, expires_at)
  VALUES ($1, 'ReplayDetection', '{}', now() + $2::float8 * interval '1 second')
  ON CONFLICT (id_hash) DO NOTHING RETURNING 1`;

const SEALED_MODELS: ReadonlySet<string> = new Set(['Interaction', 'Session']);

/** What requests of one event-loop turn do together. */
export interface SharedStatements {
  readonly saveClientToken: (row: ClientTokenRow) => Promise<boolean>;
  readonly redeem: RedeemArtifact;
  readonly find: FindArtifactRow;
}

/** Keeps the protocol's artifacts in PostgreSQL; `translateError` turns a lost database into `DependencyDown`. */
export function pgArtifactRepository(
  transactions: RequestTransactions,
  seals: PayloadSeal,
  { saveClientToken, redeem, find }: SharedStatements,
  translateError: (error: unknown) => unknown,
): ArtifactRepository {
  async function run<Row extends object>(name: string, text: string, values: unknown[]): Promise<Row[]> {
    try {
      return (await transactions.query<Row>({ name, text, values })).rows;
    } catch (error) {
      throw translateError(error);
    }
  }

  /** For writes that others follow: what they do together stands or falls together. */
  async function runTogether(name: string, text: string, values: unknown[]): Promise<object[]> {
    try {
      await transactions.begin();
    } catch (error) {
      throw translateError(error);
    }
    return run(name, text, values);
  }

  function read(row: ArtifactRow | null, model: string): StoredArtifact | null {
    if (row === null) return null;
    const opened = row.sealed_payload === null ? null : seals.open(row.sealed_payload, model);
    const payload: ArtifactPayload | null = opened === null ? row.payload : JSON.parse(opened);
    if (payload === null) return null;
    return {
      payload,
      consumedAtSeconds: row.consumed_at_seconds,
      repeatable: row.repeatable ?? false,
      family: row.family,
      sessionId: row.session_id,
      grant: toGrant(row),
      user: toUser(row),
    };
  }

  return {
    async save({ model, id, payload, lifetimeSeconds, uid, sessionId, family }) {
      const columns = columnsOf(payload);
      if (model === 'ClientCredentials') {
        const { clientId, audience, scope } = columns;
        const row = { id, payload: JSON.stringify(payload), clientId, scope: scope ?? '', audience, lifetimeSeconds };
        return saveClientToken(row).catch((error: unknown) => {
          throw translateError(error);
        });
      }
      // Only a sealed payload may hold the artifact's own value, which a lookup by uid must give back.
      const sealed = SEALED_MODELS.has(model) ? seals.seal(JSON.stringify({ ...payload, jti: id }), model) : null;
      const rows = await run('artifact-save', SAVE, [
        sha256(id),
        model,
        sealed === null ? JSON.stringify(payload) : null,
        sealed,
        columns.clientId,
        columns.userId,
        columns.grantId,
        uid,
        sessionId,
        columns.scope?.split(' ') ?? null,
        columns.audience,
        lifetimeSeconds,
        family,
      ]);
      return rows.length > 0;
    },

    async find(model, id) {
      return read(await find(model, sha256(id)), model);
    },

    async findByUid(model, uid) {
      const [row] = await run<ArtifactRow>('artifact-find-by-uid', findByUidStatement, [uid, model]);
      return read(row ?? null, model);
    },

    async consume(model, id) {
      await runTogether('artifact-hold-grant', HOLD_GRANT, [sha256(id), model]);
      return (await run('artifact-consume', CONSUME, [sha256(id), model])).length > 0;
    },

    redeem,

    async delete(model, id) {
      const text = 'DELETE FROM oauth_artifacts WHERE id_hash = $1 AND model = $2';
      await runTogether('artifact-delete', text, [sha256(id), model]);
    },

    async endFamily(grantId, family) {
      await runTogether('artifact-claim-grant', CLAIM_GRANT, [grantId]);
      await run('artifact-end-family', END_FAMILY, [grantId, family]);
    },

    async remember(id, lifetimeSeconds) {
      return (await run('artifact-remember', REMEMBER, [sha256(id), lifetimeSeconds])).length > 0;
    },

    async findReplay(refreshToken) {
      const [row] = await run<{ replay_sealed: string }>('artifact-find-replay', FIND_REPLAY, [sha256(refreshToken)]);
      return row?.replay_sealed ?? null;
    },
  };
}
