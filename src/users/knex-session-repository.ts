import type { Knex } from 'knex';
import { type Session, sessionAbsoluteSeconds, sessionIdleSeconds } from './session.ts';
import type { SessionRepository } from './session-repository.ts';

/** A row of `sessions`, as `selectedOfSession` reads it. */
export interface SessionRow {
  readonly id: number;
  readonly user_id: number;
  readonly workspace_id: number | null;
  readonly address: string;
  readonly user_agent: string;
  readonly authenticated_at: Date;
  readonly authenticated_seconds_ago: number;
  readonly last_seen_at: Date;
  readonly created_at: Date;
  readonly expires_at: Date;
}

const COLUMNS = [
  'id',
  'user_id',
  'workspace_id',
  'address',
  'user_agent',
  'authenticated_at',
  'last_seen_at',
  'created_at',
  'expires_at',
] as const;

/** What is read of a session. */
export const selectedOfSession = [
  ...COLUMNS.map((column) => `sessions.${column}`),
  'extract(epoch FROM now() - sessions.authenticated_at)::float AS authenticated_seconds_ago',
].join(', ');

/** Keeps sessions in PostgreSQL; `database` gives what to query on, which may be a transaction. */
export function knexSessionRepository(database: () => Knex): SessionRepository {
  async function rowsOf<Row>(sql: string, bindings: Record<string, Knex.RawBinding>): Promise<Row[]> {
    const { rows }: { rows: Row[] } = await database().raw(sql, {
      ...bindings,
      idle: sessionIdleSeconds,
      absolute: sessionAbsoluteSeconds,
    });
    return rows;
  }

  return {
    async insert({ idHash, userId, workspaceId, address, userAgent }) {
      const [row] = await rowsOf<SessionRow>(
        `INSERT INTO sessions (id_hash, user_id, workspace_id, address, user_agent, expires_at)
         VALUES (:idHash, :userId,
           coalesce(:workspaceId, (SELECT min(workspace_id) FROM memberships WHERE user_id = :userId)),
           :address, :userAgent, now() + make_interval(secs => :absolute))
         RETURNING ${selectedOfSession}`,
        { idHash, userId, workspaceId, address, userAgent },
      );
      if (row === undefined) throw new Error('the insert of a session returned no row');
      return toSession(row);
    },

    async reauthenticate(id, idHash) {
      const [row] = await rowsOf<SessionRow>(
        `UPDATE sessions SET id_hash = :idHash, authenticated_at = now(), last_seen_at = now()
         WHERE id = :id AND ${LIVE} RETURNING ${selectedOfSession}`,
        { id, idHash },
      );
      return row === undefined ? null : toSession(row);
    },

    async setWorkspace(id, workspaceId) {
      const [row] = await rowsOf<SessionRow>(
        `UPDATE sessions SET workspace_id = :workspaceId
         WHERE id = :id AND ${LIVE} AND EXISTS (
           SELECT 1 FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
           WHERE m.user_id = sessions.user_id AND m.workspace_id = :workspaceId AND w.suspended_at IS NULL)
         RETURNING ${selectedOfSession}`,
        { id, workspaceId },
      );
      return row === undefined ? null : toSession(row);
    },

    async leaveWorkspace(userId, workspaceId) {
      await rowsOf(
        `UPDATE sessions SET workspace_id = (SELECT min(workspace_id) FROM memberships WHERE user_id = :userId)
         WHERE user_id = :userId AND workspace_id = :workspaceId`,
        { userId, workspaceId },
      );
    },

    end: async (id) => (await database()('sessions').where({ id }).delete()) > 0,

    endOwn: async (userId, id) => (await database()('sessions').where({ id, user_id: userId }).delete()) > 0,

    endOfUser: (userId, exceptId) =>
      database()('sessions')
        .where({ user_id: userId })
        .modify((query) => {
          if (exceptId !== null) query.whereNot({ id: exceptId });
        })
        .delete(),

    async listOfUser(userId, page) {
      const rows = await rowsOf<SessionRow>(
        `SELECT ${selectedOfSession} FROM sessions
         WHERE user_id = :userId AND ${LIVE} AND (CAST(:beforeId AS bigint) IS NULL OR id < :beforeId)
         ORDER BY id DESC LIMIT :limit`,
        { userId, beforeId: page?.beforeId ?? null, limit: page?.limit ?? null },
      );
      return rows.map(toSession);
    },

    async secondsSinceAuthentication(id) {
      const [row] = await rowsOf<Pick<SessionRow, 'authenticated_seconds_ago'>>(
        `SELECT extract(epoch FROM now() - authenticated_at)::float AS authenticated_seconds_ago
         FROM sessions WHERE id = :id AND ${LIVE}`,
        { id },
      );
      return row?.authenticated_seconds_ago ?? null;
    },
  };
}

/** The two limits: the absolute end, and the time without a request. */
const LIVE = 'sessions.expires_at > now() AND sessions.last_seen_at > now() - make_interval(secs => :idle)';

/** Reads a row of `sessions`. */
export function toSession(row: SessionRow): Session {
  return {
    id: row.id,
    userId: row.user_id,
    workspaceId: row.workspace_id,
    address: row.address,
    userAgent: row.user_agent,
    authenticatedAt: row.authenticated_at,
    authenticatedSecondsAgo: row.authenticated_seconds_ago,
    lastSeenAt: row.last_seen_at,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
