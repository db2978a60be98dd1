import type { Knex } from 'knex';

/** Lets the rows of long revoked credentials go without a search for the keys that replaced them, or that they replaced. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('CREATE INDEX credentials_replaces ON credentials (replaces) WHERE replaces IS NOT NULL');
  await knex.raw('CREATE INDEX credentials_replaced_by ON credentials (replaced_by) WHERE replaced_by IS NOT NULL');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX credentials_replaces');
  await knex.raw('DROP INDEX credentials_replaced_by');
}
