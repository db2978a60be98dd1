import type { Knex } from 'knex';

/** Creates the audit trail; a trigger makes it append-only, so that no fault of the program can rewrite history. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE audit_events (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      at timestamptz NOT NULL DEFAULT now(),
      action text NOT NULL,
      outcome text NOT NULL DEFAULT 'done' CHECK (outcome IN ('done', 'refused')),
      actor_type text NOT NULL,
      actor_id text,
      credential_type text,
      credential_id text,
      workspace_id bigint,
      target_type text,
      target_id text,
      address text,
      request_id text,
      before jsonb,
      after jsonb
    )`);
  await knex.raw('CREATE INDEX audit_events_target ON audit_events (target_type, target_id, id)');
  await knex.raw('CREATE INDEX audit_events_actor ON audit_events (actor_type, actor_id, id)');
  await knex.raw('CREATE INDEX audit_events_credential ON audit_events (credential_type, credential_id, id)');
  await knex.raw(`
    CREATE FUNCTION refuse_to_rewrite_audit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'audit_events is append-only';
    END $$`);
  await knex.raw(`
    CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_audit()`);
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE audit_events');
  await knex.raw('DROP FUNCTION refuse_to_rewrite_audit');
}
