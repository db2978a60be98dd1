import type { Knex } from 'knex';

/** Lets the question who holds a scope be answered from indexes, however many credentials and members there are. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('CREATE INDEX credentials_scopes ON credentials USING gin (scopes) WHERE revoked_at IS NULL');
  await knex.raw('CREATE INDEX memberships_role ON memberships (role, workspace_id, user_id)');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX memberships_role');
  await knex.raw('DROP INDEX credentials_scopes');
}
