import type { Knex } from 'knex';

/** Lets people find the keys that they made, and the end of a user take their name off them, without reading all keys. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(
    `CREATE INDEX credentials_made_by ON credentials (created_by, id) WHERE kind = 'api_key' AND created_by IS NOT NULL`,
  );
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX credentials_made_by');
}
