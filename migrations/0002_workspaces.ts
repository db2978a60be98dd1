import type { Knex } from 'knex';

/** Creates workspaces; exactly one of them, the first, is the server's own. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE workspaces (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
      scopes text[] NOT NULL DEFAULT '{*}',
      rate_limit_tier text NOT NULL DEFAULT 'free',
      own boolean NOT NULL DEFAULT false,
      suspended_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now()
    )`);
  await knex.raw('CREATE UNIQUE INDEX workspaces_one_own ON workspaces (own) WHERE own');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE workspaces');
}
