import type { Knex } from 'knex';
import type { User } from './user.ts';
import type { UserRepository } from './user-repository.ts';

/** A row of `users`, without the password. */
export interface UserRow {
  readonly id: number;
  readonly email: string;
  readonly name: string;
  readonly must_change_password: boolean;
  readonly disabled_at: Date | null;
  readonly created_at: Date;
}

const COLUMNS = ['id', 'email', 'name', 'must_change_password', 'disabled_at', 'created_at'] as const;

/** Keeps users in PostgreSQL; `database` gives what to query on, which may be a transaction. */
export function knexUserRepository(database: () => Knex): UserRepository {
  async function findBy(where: { readonly id: number } | { readonly email: string }): Promise<User | null> {
    const row: UserRow | undefined = await database()('users')
      .where(where)
      .first(...COLUMNS);
    return row === undefined ? null : toUser(row);
  }

  return {
    find: (id) => findBy({ id }),

    findByEmail: (email) => findBy({ email }),

    async findWithPassword(where) {
      const row: (UserRow & { readonly password_hash: string | null }) | undefined = await database()('users')
        .where(where)
        .first(...COLUMNS, 'password_hash');
      return row === undefined ? null : { user: toUser(row), passwordHash: row.password_hash };
    },

    async list({ limit, afterId, matching }) {
      const rows: UserRow[] = await database()('users')
        .where('id', '>', afterId)
        .modify((query) => {
          // No pattern: whatever people type stands for itself.
          if (matching !== undefined) query.whereRaw("strpos(lower(name || ' ' || email), lower(?)) > 0", [matching]);
        })
        .orderBy('id')
        .limit(limit)
        .select(...COLUMNS);
      return rows.map(toUser);
    },

    async insert({ email, name, passwordHash, mustChangePassword }) {
      const [row]: UserRow[] = await database()('users')
        .insert({
          email,
          name,
          password_hash: passwordHash,
          password_changed_at: passwordHash === null ? null : database().fn.now(),
          must_change_password: mustChangePassword,
        })
        .onConflict('email')
        .ignore()
        .returning(COLUMNS);
      return row === undefined ? null : toUser(row);
    },

    async update(id, changes) {
      if (changes.name === undefined && changes.email === undefined) return findBy({ id });
      try {
        const [row]: UserRow[] = await database()('users').where({ id }).update(changes).returning(COLUMNS);
        return row === undefined ? null : toUser(row);
      } catch (error) {
        if (isUniqueViolation(error)) return 'email_taken';
        throw error;
      }
    },

    async setPassword(id, { passwordHash, insteadOf }) {
      const changed = await database()('users')
        .where({ id, ...(insteadOf !== undefined && { password_hash: insteadOf }) })
        .update({
          password_hash: passwordHash,
          password_changed_at: database().fn.now(),
          must_change_password: false,
        });
      return changed > 0;
    },

    async strengthenHash(id, from, to) {
      await database()('users').where({ id, password_hash: from }).update({ password_hash: to });
    },

    async setDisabled(id, disabled) {
      const [row]: UserRow[] = await database()('users')
        .where({ id })
        .update({ disabled_at: disabled ? database().raw('coalesce(disabled_at, now())') : null })
        .returning(COLUMNS);
      return row === undefined ? null : toUser(row);
    },
  };
}

/** SQLSTATE 23505; the only unique column that a change touches is the address. */
function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505';
}

/** Reads a row as a user. */
export function toUser(row: UserRow): User {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    mustChangePassword: row.must_change_password,
    disabledAt: row.disabled_at,
    createdAt: row.created_at,
  };
}
