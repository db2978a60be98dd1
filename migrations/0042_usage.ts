import type { Knex } from 'knex';

/**
 * Creates the record of use. A meter is what use is counted under: a credential, an OAuth client, or a user's sessions.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE usage_hours (
      meter text NOT NULL,
      hour timestamptz NOT NULL,
      allowed bigint NOT NULL DEFAULT 0,
      denied bigint NOT NULL DEFAULT 0,
      PRIMARY KEY (meter, hour)
    )`);
  await knex.raw('CREATE INDEX usage_hours_age ON usage_hours (hour)');
  await knex.raw(`
    CREATE TABLE usage_days (
      meter text NOT NULL,
      day date NOT NULL,
      allowed bigint NOT NULL DEFAULT 0,
      denied bigint NOT NULL DEFAULT 0,
      PRIMARY KEY (meter, day)
    )`);
  await knex.raw('CREATE INDEX usage_days_age ON usage_days (day)');
  await knex.raw(`
    CREATE TABLE usage_last (
      meter text PRIMARY KEY,
      last_used_at timestamptz NOT NULL,
      address text NOT NULL DEFAULT ''
    ) WITH (fillfactor = 50)`);
  await knex.raw(`
    CREATE TABLE usage_scopes (
      meter text NOT NULL,
      scope text NOT NULL,
      last_day date NOT NULL,
      PRIMARY KEY (meter, scope)
    )`);
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE usage_scopes');
  await knex.raw('DROP TABLE usage_last');
  await knex.raw('DROP TABLE usage_days');
  await knex.raw('DROP TABLE usage_hours');
}
