import type { Knex } from 'knex';

/** Creates one-time links (invitation, forgotten password), each under the SHA-256 of its token. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE one_time_links (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
      purpose text NOT NULL CHECK (purpose IN ('invitation', 'forgotten_password')),
      token_hash bytea NOT NULL UNIQUE,
      expires_at timestamptz NOT NULL,
      used_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now()
    )`);
  await knex.raw('CREATE INDEX one_time_links_user ON one_time_links (user_id)');
  await knex.raw('CREATE INDEX one_time_links_expiry ON one_time_links (expires_at)');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE one_time_links');
}
