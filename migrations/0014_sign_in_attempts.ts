import type { Knex } from 'knex';

/**
 * Creates the counters that slow down guessing, each under the SHA-256 of what it counts for (what people type into an
 * e-mail field is not always an e-mail), and the networks from which somebody has signed in before.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE sign_in_attempts (
      key_hash bytea PRIMARY KEY,
      attempts integer NOT NULL,
      ends_at timestamptz NOT NULL
    )`);
  await knex.raw('CREATE INDEX sign_in_attempts_end ON sign_in_attempts (ends_at)');
  await knex.raw(`
    CREATE TABLE sign_in_addresses (
      user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
      address_hash bytea NOT NULL,
      last_signed_in_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (user_id, address_hash)
    )`);
  await knex.raw('CREATE INDEX sign_in_addresses_age ON sign_in_addresses (last_signed_in_at)');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE sign_in_addresses');
  await knex.raw('DROP TABLE sign_in_attempts');
}
