import type { Knex } from 'knex';

/**
 * Lets buckets that nobody uses any more be found. A count inside a window writes the same `window_start` again, so the row
 * still changes within its page.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('CREATE INDEX rate_limit_windows_age ON rate_limit_windows (window_start)');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX rate_limit_windows_age');
}
