import type { Knex } from 'knex';

/** Lets the sweeper find what is to go without reading whole tables; each index holds only the rows it may ask for. */
export async function up(knex: Knex): Promise<void> {
  // Holds all that the question asks for, so that the table itself is not read.
  await knex.raw(`CREATE INDEX oauth_artifacts_used_refresh_tokens
    ON oauth_artifacts (grant_id, consumed_at DESC) INCLUDE (id_hash)
    WHERE model = 'RefreshToken' AND consumed_at IS NOT NULL`);
  await knex.raw(
    'CREATE INDEX oauth_artifacts_replays ON oauth_artifacts (consumed_at) WHERE replay_sealed IS NOT NULL',
  );
  await knex.raw('CREATE INDEX oauth_grants_revoked ON oauth_grants (revoked_at) WHERE revoked_at IS NOT NULL');
  await knex.raw(
    'CREATE INDEX oauth_client_secrets_expiry ON oauth_client_secrets (expires_at) WHERE expires_at IS NOT NULL',
  );
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  for (const index of [
    'oauth_artifacts_used_refresh_tokens',
    'oauth_artifacts_replays',
    'oauth_grants_revoked',
    'oauth_client_secrets_expiry',
  ]) {
    await knex.raw(`DROP INDEX ${index}`);
  }
}
