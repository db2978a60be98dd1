import type { Knex } from 'knex';

/** Creates client secrets, hashed; a client may have several live ones so that it can be rotated without a gap. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE oauth_client_secrets (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      client_id text NOT NULL REFERENCES oauth_clients ON DELETE CASCADE,
      secret_hash text NOT NULL,
      hint text NOT NULL,
      expires_at timestamptz,
      last_used_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now()
    )`);
  await knex.raw('CREATE INDEX oauth_client_secrets_client ON oauth_client_secrets (client_id)');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE oauth_client_secrets');
}
