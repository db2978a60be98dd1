import type { Knex } from 'knex';

/** Creates memberships: which role a user has in a workspace. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE memberships (
      workspace_id bigint NOT NULL REFERENCES workspaces ON DELETE CASCADE,
      user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
      role text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (workspace_id, user_id)
    )`);
  await knex.raw('CREATE INDEX memberships_user ON memberships (user_id)');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE memberships');
}
