import type { Knex } from 'knex';

/** Adds what the filters of the audit trail are read by, and by which a pasted client secret is found. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('CREATE INDEX audit_events_action ON audit_events (action, id)');
  await knex.raw('CREATE INDEX audit_events_workspace ON audit_events (workspace_id, id)');
  await knex.raw('CREATE INDEX audit_events_at ON audit_events (at)');
  await knex.raw('CREATE INDEX oauth_client_secrets_hash ON oauth_client_secrets (secret_hash)');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX oauth_client_secrets_hash');
  await knex.raw('DROP INDEX audit_events_at');
  await knex.raw('DROP INDEX audit_events_workspace');
  await knex.raw('DROP INDEX audit_events_action');
}
