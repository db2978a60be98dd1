import type { Knex } from 'knex';

/** Creates OAuth clients; the columns are the members of RFC 7591 metadata that this server supports. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE oauth_clients (
      client_id text PRIMARY KEY,
      workspace_id bigint NOT NULL REFERENCES workspaces ON DELETE CASCADE,
      created_by bigint REFERENCES users ON DELETE SET NULL,
      client_name text NOT NULL CHECK (length(client_name) BETWEEN 1 AND 255),
      scopes text[] NOT NULL DEFAULT '{}',
      grant_types text[] NOT NULL,
      redirect_uris text[] NOT NULL DEFAULT '{}',
      post_logout_redirect_uris text[] NOT NULL DEFAULT '{}',
      token_endpoint_auth_method text NOT NULL,
      application_type text NOT NULL DEFAULT 'web',
      jwks jsonb,
      jwks_uri text,
      client_uri text,
      first_party boolean NOT NULL DEFAULT false,
      resource_server boolean NOT NULL DEFAULT false,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now()
    )`);
  await knex.raw('CREATE INDEX oauth_clients_workspace ON oauth_clients (workspace_id, created_at, client_id)');
}

/** Removes what `up` made. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE oauth_clients');
}
