import type { Knex } from 'knex';
import { toUser, type UserRow } from './knex-user-repository.ts';
import { type Session, sessionAbsoluteSeconds, sessionIdleSeconds } from './session.ts';
import type { SessionRepository } from './session-repository.ts';

interface SessionRow {
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

const SELECTED = [
  ...COLUMNS.map((column) => `sessions.${column}`),
  'extract(epoch FROM now() - sessions.authenticated_at)::float AS authenticated_seconds_ago',
].join(', ');

/** A busy browser does not write more often than this; seconds. */
const SEEN_EVERY_SECONDS = 60;

/** Keeps sessions in PostgreSQL; `database` gives what to query on, which may be a transaction. */
export function knexSessionRepository(database: () => Knex): SessionRepository {
  async function rowsOf<Row>(sql: string, bindings: Record<string, Knex.RawBinding>): Promise<Row[]> {
    const { rows }: { rows: Row[] } = await database().raw(sql, {
      ...bindings,
      idle: sessionIdleSeconds,
      absolute: sessionAbsoluteSeconds,
      seenEvery: SEEN_EVERY_SECONDS,
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
         RETURNING ${SELECTED}`,
        { idHash, userId, workspaceId, address, userAgent },
      );
      if (row === undefined) throw new Error('the insert of a session returned no row');
      return toSession(row);
    },

    async findLive(idHash) {
      const [row] = await rowsOf<SessionRow & UserOfSession & { readonly unseen: boolean }>(
        `SELECT ${SELECTED}, users.email, users.name, users.must_change_password, users.disabled_at,
                users.created_at AS user_created_at,
                sessions.last_seen_at <= now() - make_interval(secs => :seenEvery) AS unseen
         FROM sessions JOIN users ON users.id = sessions.user_id
         WHERE sessions.id_hash = :idHash AND ${LIVE} AND users.disabled_at IS NULL`,
        { idHash },
      );
      if (row === undefined) return null;
      if (row.unseen) {
        await rowsOf(
          `UPDATE sessions SET last_seen_at = now()
           WHERE id = :id AND last_seen_at <= now() - make_interval(secs => :seenEvery)`,
          { id: row.id },
        );
      }
      return { session: toSession(row), user: toUser({ ...row, id: row.user_id, created_at: row.user_created_at }) };
    },

    async reauthenticate(id, idHash) {
      const [row] = await rowsOf<SessionRow>(
        `UPDATE sessions SET id_hash = :idHash, authenticated_at = now(), last_seen_at = now()
         WHERE id = :id AND ${LIVE} RETURNING ${SELECTED}`,
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
         RETURNING ${SELECTED}`,
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
        `SELECT ${SELECTED} FROM sessions
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

type UserOfSession = Omit<UserRow, 'id' | 'created_at'> & { readonly user_created_at: Date };

function toSession(row: SessionRow): Session {
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
