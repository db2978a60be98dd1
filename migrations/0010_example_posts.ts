import type { Knex } from 'knex';

/** Creates the rows of the example API; live and test data lie apart by `environment`. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE example_posts (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      environment text NOT NULL DEFAULT 'live' CHECK (environment IN ('live', 'test')),
      title text NOT NULL,
      body text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    )`);
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE example_posts');
}
