import type { Pool } from 'pg';
import { batchByTurn } from '../db/turn-batch.ts';
import { type SessionRow, selectedOfSession, toSession } from './knex-session-repository.ts';
import { toUser, type UserRow } from './knex-user-repository.ts';
import { sessionIdleSeconds } from './session.ts';
import type { FindLiveSession, ResumedSession } from './session-repository.ts';

/** A busy browser does not write more often than this; seconds. */
const SEEN_EVERY_SECONDS = 60;

const UNSEEN = `sessions.last_seen_at <= now() - interval '${SEEN_EVERY_SECONDS} seconds'`;

const FIND = `
  SELECT sessions.id_hash, ${selectedOfSession}, users.email, users.name, users.must_change_password, users.disabled_at,
         users.created_at AS user_created_at, ${UNSEEN} AS unseen
    FROM sessions JOIN users ON users.id = sessions.user_id
   WHERE sessions.id_hash = ANY($1::bytea[]) AND users.disabled_at IS NULL AND sessions.expires_at > now()
     AND sessions.last_seen_at > now() - interval '${sessionIdleSeconds} seconds'`;

const SEEN = `UPDATE sessions SET last_seen_at = now() WHERE id = ANY($1::bigint[]) AND ${UNSEEN}`;

interface FoundRow extends SessionRow, Omit<UserRow, 'id' | 'created_at'> {
  readonly id_hash: Buffer;
  readonly user_created_at: Date;
  readonly unseen: boolean;
}

/** Builds the lookup of browsers' sessions: one prepared statement for all that are presented in one event-loop turn. */
export function pgFindLiveSession(
  pool: Pick<Pool, 'query'>,
  translateError: (error: unknown) => unknown,
): FindLiveSession {
  async function run<Row extends object>(name: string, text: string, values: unknown[]): Promise<Row[]> {
    try {
      return (await pool.query<Row>({ name, text, values })).rows;
    } catch (error) {
      throw translateError(error);
    }
  }

  return batchByTurn<Buffer, ResumedSession | null>(
    async (hashes) => {
      const rows = await run<FoundRow>('sessions-find-live', FIND, [hashes]);
      const unseen = rows.filter((row) => row.unseen).map(({ id }) => id);
      if (unseen.length > 0) await run('sessions-note-seen', SEEN, [unseen]);
      const found = new Map(rows.map((row) => [row.id_hash.toString('latin1'), toResumed(row)]));
      return hashes.map((hash) => found.get(hash.toString('latin1')) ?? null);
    },
    { maxInFlight: 2, maxBatch: 500 },
  );
}

function toResumed(row: FoundRow): ResumedSession {
  return { session: toSession(row), user: toUser({ ...row, id: row.user_id, created_at: row.user_created_at }) };
}
