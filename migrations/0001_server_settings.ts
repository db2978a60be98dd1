import type { Knex } from 'knex';

/** Creates the facts that every process of one installation must agree on: issuer, fingerprint of the secret keys. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE server_settings (
      name text PRIMARY KEY,
      value jsonb NOT NULL,
      updated_at timestamptz NOT NULL DEFAULT now()
    )`);
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE server_settings');
}
