import type { Knex } from 'knex';

/**
 * Names the family that a code begins: the code, its refresh tokens and their access tokens. One consent may have several
 * families, one for each device; the reuse of a token ends its own family, and no other.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE oauth_artifacts ADD COLUMN family text');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE oauth_artifacts DROP COLUMN family');
}
