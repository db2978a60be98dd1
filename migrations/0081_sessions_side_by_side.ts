import type { Knex } from 'knex';

/**
 * Lets one session of the protocol stand under two identifiers for a while: a browser that asks twice at once gets two new
 * ones. Both hang on the one session of the person, and end with it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX oauth_artifacts_uid');
  await knex.raw('CREATE INDEX oauth_artifacts_uid ON oauth_artifacts (uid) WHERE uid IS NOT NULL');
}

/** Removes what `up` made; of sessions under two identifiers the younger stays. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX oauth_artifacts_uid');
  await knex.raw(`
    DELETE FROM oauth_artifacts o USING oauth_artifacts y
     WHERE o.uid = y.uid AND (o.created_at, o.id_hash) < (y.created_at, y.id_hash)`);
  await knex.raw('CREATE UNIQUE INDEX oauth_artifacts_uid ON oauth_artifacts (uid) WHERE uid IS NOT NULL');
}
