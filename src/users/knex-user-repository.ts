import type { Knex } from 'knex';
import type { User } from './user.ts';
import type { UserRepository } from './user-repository.ts';

interface UserRow {
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
  return {
    async findByEmail(email) {
      const row: UserRow | undefined = await database()('users')
        .where({ email })
        .first(...COLUMNS);
      return row === undefined ? null : toUser(row);
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
  };
}

function toUser(row: UserRow): User {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    mustChangePassword: row.must_change_password,
    disabledAt: row.disabled_at,
    createdAt: row.created_at,
  };
}
