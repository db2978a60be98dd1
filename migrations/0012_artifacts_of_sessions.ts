import type { Knex } from 'knex';

/** Hangs the provider's session on ours: when ours ends, the provider's ends in the same statement. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE oauth_artifacts ADD COLUMN session_id bigint REFERENCES sessions ON DELETE CASCADE');
  await knex.raw('CREATE INDEX oauth_artifacts_session ON oauth_artifacts (session_id) WHERE session_id IS NOT NULL');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE oauth_artifacts DROP COLUMN session_id');
}
