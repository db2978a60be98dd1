import type { Knex } from 'knex';

/**
 * Creates the counters of rate limits: one row a bucket, overwritten when its window ends. The columns behind `used` carry
 * one statement's question and its answer, because an upsert can return nothing but columns. A low fill factor lets an
 * update stay in its page: these rows change with every allowed request.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE rate_limit_windows (
      bucket text PRIMARY KEY,
      window_start timestamptz NOT NULL,
      used bigint NOT NULL,
      asked int NOT NULL,
      cost int NOT NULL,
      capacity bigint NOT NULL,
      granted int NOT NULL
    ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02)`);
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE rate_limit_windows');
}
