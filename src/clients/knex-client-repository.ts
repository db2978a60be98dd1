import type { Knex } from 'knex';
import type {
  Client,
  ClientAuthMethod,
  ClientGrantType,
  ClientSecret,
  ClientSettings,
  PublicKeySet,
} from './client.ts';
import type { ClientRepository, NewClientSecret } from './client-repository.ts';

interface ClientRow {
  readonly client_id: string;
  readonly workspace_id: number;
  readonly created_by: number | null;
  readonly client_name: string;
  readonly scopes: string[];
  readonly grant_types: ClientGrantType[];
  readonly redirect_uris: string[];
  readonly post_logout_redirect_uris: string[];
  readonly token_endpoint_auth_method: ClientAuthMethod;
  readonly application_type: 'web' | 'native';
  readonly jwks: PublicKeySet | null;
  readonly jwks_uri: string | null;
  readonly client_uri: string | null;
  readonly first_party: boolean;
  readonly resource_server: boolean;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly last_used_at: Date | null;
}

interface SecretRow {
  readonly id: number;
  readonly client_id: string;
  readonly hint: string;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
}

const SECRET_COLUMNS = ['id', 'client_id', 'hint', 'created_at', 'expires_at'] as const;

/** Keeps clients in PostgreSQL. */
export function knexClientRepository(knex: Knex): ClientRepository {
  async function withSecrets(rows: readonly ClientRow[]): Promise<Client[]> {
    const secrets: SecretRow[] = await knex('oauth_client_secrets as s')
      .joinRaw("LEFT JOIN usage_last u ON u.meter = 'client_secret:' || s.id")
      .whereIn(
        's.client_id',
        rows.map((row) => row.client_id),
      )
      .andWhere((live) => live.whereNull('s.expires_at').orWhere('s.expires_at', '>', knex.fn.now()))
      .orderBy('s.id')
      .select(...SECRET_COLUMNS.map((column) => `s.${column}`), 'u.last_used_at');
    return rows.map((row) =>
      toClient(
        row,
        secrets.filter((secret) => secret.client_id === row.client_id),
      ),
    );
  }

  const clients = (): Knex.QueryBuilder =>
    knex('oauth_clients')
      .joinRaw("LEFT JOIN usage_last u ON u.meter = 'client:' || client_id")
      .select('oauth_clients.*', 'u.last_used_at');

  return {
    insert: (client, secret) =>
      knex.transaction(async (transaction) => {
        const [row]: Omit<ClientRow, 'last_used_at'>[] = await transaction('oauth_clients')
          .insert({
            client_id: client.clientId,
            workspace_id: client.workspaceId,
            created_by: client.createdBy,
            ...toColumns(client),
          })
          .returning('*');
        if (row === undefined) throw new Error('the insert of a client returned no row');
        const stored = secret === null ? null : await insertSecret(transaction, client.clientId, secret);
        return {
          client: toClient({ ...row, last_used_at: null }, stored === null ? [] : [stored]),
          secret: stored && toSecret(stored),
        };
      }),

    async find(clientId) {
      const rows: ClientRow[] = await clients().where({ client_id: clientId });
      return (await withSecrets(rows))[0] ?? null;
    },

    async list({ workspaceId, limit, after }) {
      // A cursor has the milliseconds of a Date; with the microseconds of the row a page would begin with the last one's end.
      const query = clients().orderByRaw("date_trunc('milliseconds', created_at), client_id").limit(limit);
      if (workspaceId !== null) query.where({ workspace_id: workspaceId });
      if (after !== null)
        query.whereRaw("(date_trunc('milliseconds', created_at), client_id) > (?, ?)", [
          after.createdAt,
          after.clientId,
        ]);
      const rows: ClientRow[] = await query;
      return withSecrets(rows);
    },

    async update(clientId, changes) {
      await knex('oauth_clients')
        .where({ client_id: clientId })
        .update({ ...toColumns(changes), updated_at: knex.fn.now() });
      return this.find(clientId);
    },

    async delete(clientId) {
      return (await knex('oauth_clients').where({ client_id: clientId }).delete()) > 0;
    },

    async addSecret(clientId, secret) {
      return toSecret(await insertSecret(knex, clientId, secret));
    },

    async deleteSecret(clientId, secretId) {
      return (await knex('oauth_client_secrets').where({ client_id: clientId, id: secretId }).delete()) > 0;
    },
  };
}

async function insertSecret(on: Knex, clientId: string, secret: NewClientSecret): Promise<SecretRow> {
  const [row]: Omit<SecretRow, 'last_used_at'>[] = await on('oauth_client_secrets')
    .insert({
      client_id: clientId,
      secret_hash: secret.secretHash,
      hint: secret.hint,
      expires_at: secret.expiresAt,
    })
    .returning(SECRET_COLUMNS);
  if (row === undefined) throw new Error('the insert of a client secret returned no row');
  return { ...row, last_used_at: null };
}

/** Settings to columns; a setting that is absent stays as it is. */
function toColumns(settings: Partial<ClientSettings>): Record<string, unknown> {
  const columns: Record<string, unknown> = {
    client_name: settings.clientName,
    scopes: settings.scopes,
    grant_types: settings.grantTypes,
    redirect_uris: settings.redirectUris,
    post_logout_redirect_uris: settings.postLogoutRedirectUris,
    token_endpoint_auth_method: settings.authMethod,
    application_type: settings.applicationType,
    jwks: settings.jwks && JSON.stringify(settings.jwks),
    jwks_uri: settings.jwksUri,
    client_uri: settings.clientUri,
    first_party: settings.firstParty,
    resource_server: settings.resourceServer,
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

function toClient(row: ClientRow, secrets: readonly SecretRow[]): Client {
  return {
    clientId: row.client_id,
    workspaceId: row.workspace_id,
    createdBy: row.created_by,
    clientName: row.client_name,
    scopes: row.scopes,
    grantTypes: row.grant_types,
    redirectUris: row.redirect_uris,
    postLogoutRedirectUris: row.post_logout_redirect_uris,
    authMethod: row.token_endpoint_auth_method,
    applicationType: row.application_type,
    jwks: row.jwks,
    jwksUri: row.jwks_uri,
    clientUri: row.client_uri,
    firstParty: row.first_party,
    resourceServer: row.resource_server,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastUsedAt: row.last_used_at,
    secrets: secrets.map(toSecret),
  };
}

function toSecret(row: SecretRow): ClientSecret {
  return {
    id: row.id,
    hint: row.hint,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  };
}
