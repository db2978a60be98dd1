import type { Knex } from 'knex';

/** Creates the categories of the example API; live and test data lie apart by `environment`. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE example_categories (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      environment text NOT NULL DEFAULT 'live' CHECK (environment IN ('live', 'test')),
      name text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (environment, name)
    )`);
  await knex.raw('CREATE INDEX example_posts_day ON example_posts (environment, created_at)');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX example_posts_day');
  await knex.raw('DROP TABLE example_categories');
}
