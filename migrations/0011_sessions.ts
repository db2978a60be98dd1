import type { Knex } from 'knex';

/** Creates sessions, each under the SHA-256 of its cookie; ending one deletes the row and, with it, what hangs on it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE sessions (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      id_hash bytea NOT NULL UNIQUE,
      user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
      workspace_id bigint REFERENCES workspaces ON DELETE SET NULL,
      address text NOT NULL DEFAULT '',
      user_agent text NOT NULL DEFAULT '',
      authenticated_at timestamptz NOT NULL DEFAULT now(),
      last_seen_at timestamptz NOT NULL DEFAULT now(),
      created_at timestamptz NOT NULL DEFAULT now(),
      expires_at timestamptz NOT NULL
    )`);
  await knex.raw('CREATE INDEX sessions_user ON sessions (user_id)');
  await knex.raw('CREATE INDEX sessions_expiry ON sessions (expires_at)');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE sessions');
}
