import type { Knex } from 'knex';

/** Creates grants: what a user let a client do, in which workspace. A revoked grant stays as a tombstone until swept. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE oauth_grants (
      id text PRIMARY KEY,
      user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
      client_id text NOT NULL REFERENCES oauth_clients ON DELETE CASCADE,
      workspace_id bigint REFERENCES workspaces ON DELETE CASCADE,
      payload jsonb NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      last_used_at timestamptz,
      expires_at timestamptz NOT NULL,
      revoked_at timestamptz,
      revoke_reason text
    )`);
  await knex.raw('CREATE INDEX oauth_grants_user ON oauth_grants (user_id, client_id)');
  await knex.raw('CREATE INDEX oauth_grants_client ON oauth_grants (client_id)');
  await knex.raw('CREATE INDEX oauth_grants_expiry ON oauth_grants (expires_at)');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE oauth_grants');
}
