import type { Knex } from 'knex';

/** Creates the memory of `Idempotency-Key`: a repeat within a day makes no second credential. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE idempotency_keys (
      caller text NOT NULL,
      key_hash bytea NOT NULL,
      path text NOT NULL,
      made text,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (caller, key_hash)
    )`);
  await knex.raw('CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at)');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE idempotency_keys');
}
