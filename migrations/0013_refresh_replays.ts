import type { Knex } from 'knex';

/**
 * Keeps the answer to the only use of a refresh token for the ten seconds in which the same client may repeat the request.
 * It is sealed under a key derived from the token itself, so the row opens nothing.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE oauth_artifacts ADD COLUMN replay_sealed text, ADD COLUMN successor_hash bytea');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE oauth_artifacts DROP COLUMN replay_sealed, DROP COLUMN successor_hash');
}
