import type { Knex } from 'knex';
import { toUser, type UserRow } from './knex-user-repository.ts';
import { type LinkPurpose, linkLifeSeconds, type OneTimeLinkRepository, type OpenLink } from './one-time-link.ts';

type LinkRow = UserRow & { readonly purpose: LinkPurpose; readonly expires_at: Date };

const SHOWN = `users.id, users.email, users.name, users.must_change_password, users.disabled_at, users.created_at,
  link.purpose, link.expires_at`;

/** Keeps one-time links in PostgreSQL; `database` gives what to query on, which may be a transaction. */
export function knexOneTimeLinkRepository(database: () => Knex): OneTimeLinkRepository {
  async function first(sql: string, bindings: Record<string, Knex.RawBinding>): Promise<OpenLink | null> {
    const { rows }: { rows: LinkRow[] } = await database().raw(sql, bindings);
    const [row] = rows;
    return row === undefined ? null : { user: toUser(row), purpose: row.purpose, expiresAt: row.expires_at };
  }

  return {
    // The lock makes a link wait for a change of address that is under way, and then not find the old one any more.
    insert: ({ email, purpose, tokenHash }) =>
      first(
        `WITH link AS (
           INSERT INTO one_time_links (user_id, purpose, token_hash, expires_at)
           SELECT id, CAST(:purpose AS text), CAST(:tokenHash AS bytea), now() + make_interval(secs => :life)
           FROM users WHERE email = :email AND disabled_at IS NULL
           FOR KEY SHARE
           RETURNING user_id, purpose, expires_at
         )
         SELECT ${SHOWN} FROM link JOIN users ON users.id = link.user_id`,
        { email, purpose, tokenHash, life: linkLifeSeconds },
      ),

    find: (tokenHash) =>
      first(
        `SELECT ${SHOWN} FROM one_time_links link JOIN users ON users.id = link.user_id
         WHERE link.token_hash = :tokenHash AND link.used_at IS NULL AND link.expires_at > now()
           AND users.disabled_at IS NULL`,
        { tokenHash },
      ),

    // SKIP LOCKED: who clicks while another click is being answered is second, and need not wait to hear it.
    consume: (tokenHash) =>
      first(
        `WITH link AS (
           UPDATE one_time_links SET used_at = now()
           WHERE used_at IS NULL AND id = (
             SELECT id FROM one_time_links
             WHERE token_hash = :tokenHash AND used_at IS NULL AND expires_at > now()
             FOR UPDATE SKIP LOCKED)
           RETURNING user_id, purpose, expires_at
         )
         SELECT ${SHOWN} FROM link JOIN users ON users.id = link.user_id WHERE users.disabled_at IS NULL`,
        { tokenHash },
      ),

    async forgetOfUser(userId) {
      await database()('one_time_links').where({ user_id: userId }).whereNull('used_at').delete();
    },
  };
}
