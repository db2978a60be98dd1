import type { Pool } from 'pg';
import { batchByTurn } from '../db/turn-batch.ts';

/** A client as the provider wants it: RFC 7591 metadata, and ours under names of our own. Nothing volatile, or its parsed form would be rebuilt on every use. */
export interface ClientMetadata {
  readonly client_id: string;
  readonly [member: string]: unknown;
}

/** Reads the client of an identifier, its live secret hashes included, in one statement; null when there is none. */
export type FindClientMetadata = (clientId: string) => Promise<ClientMetadata | null>;

const FIND_CLIENTS = `
  SELECT c.client_id, c.client_name, c.grant_types, c.redirect_uris, c.post_logout_redirect_uris,
         c.token_endpoint_auth_method, c.application_type, c.jwks, c.jwks_uri, c.client_uri, c.scopes,
         c.first_party, c.resource_server, c.workspace_id, w.scopes AS workspace_scopes, w.own AS own_workspace,
         w.suspended_at IS NOT NULL AS workspace_suspended,
         coalesce((SELECT array_agg(s.secret_hash ORDER BY s.id)
                     FROM oauth_client_secrets s
                    WHERE s.client_id = c.client_id AND (s.expires_at IS NULL OR s.expires_at > now())), '{}') AS secret_hashes,
         coalesce((SELECT array_agg(s.id::text ORDER BY s.id)
                     FROM oauth_client_secrets s
                    WHERE s.client_id = c.client_id AND (s.expires_at IS NULL OR s.expires_at > now())), '{}') AS secret_ids
    FROM oauth_clients c JOIN workspaces w ON w.id = c.workspace_id
   WHERE c.client_id = ANY($1::text[])`;

interface ClientRow {
  readonly client_id: string;
  readonly client_name: string;
  readonly grant_types: string[];
  readonly redirect_uris: string[];
  readonly post_logout_redirect_uris: string[];
  readonly token_endpoint_auth_method: string;
  readonly application_type: string;
  readonly jwks: unknown;
  readonly jwks_uri: string | null;
  readonly client_uri: string | null;
  readonly scopes: string[];
  readonly first_party: boolean;
  readonly resource_server: boolean;
  readonly workspace_id: number;
  readonly workspace_scopes: string[];
  readonly own_workspace: boolean;
  readonly workspace_suspended: boolean;
  readonly secret_hashes: string[];
  /** Of the same rows in the same order. */
  readonly secret_ids: string[];
}

/** The provider insists on a secret for clients that use one; the real ones are hashes, compared by `compareClientSecret`. */
const SECRET_STANDS_ELSEWHERE = 'kept-as-hashes';

/** Builds the lookup of client metadata: one statement for all clients that are asked about in one event-loop turn. */
export function pgClientMetadata(
  pool: Pick<Pool, 'query'>,
  translateError: (error: unknown) => unknown,
): FindClientMetadata {
  return batchByTurn<string, ClientMetadata | null>(
    async (clientIds) => {
      try {
        const values = [[...new Set(clientIds)]];
        const { rows } = await pool.query<ClientRow>({ name: 'client-metadata', text: FIND_CLIENTS, values });
        const found = new Map(rows.map((row) => [row.client_id, toMetadata(row)]));
        return clientIds.map((clientId) => found.get(clientId) ?? null);
      } catch (error) {
        throw translateError(error);
      }
    },
    { maxInFlight: 2, maxBatch: 500 },
  );
}

function toMetadata(row: ClientRow): ClientMetadata {
  const secret = row.token_endpoint_auth_method.startsWith('client_secret_');
  return {
    client_id: row.client_id,
    client_name: row.client_name,
    grant_types: row.grant_types,
    response_types: row.grant_types.includes('authorization_code') ? ['code'] : [],
    redirect_uris: row.redirect_uris,
    post_logout_redirect_uris: row.post_logout_redirect_uris,
    token_endpoint_auth_method: row.token_endpoint_auth_method,
    application_type: row.application_type,
    ...(secret && { client_secret: SECRET_STANDS_ELSEWHERE }),
    ...(row.jwks !== null && { jwks: row.jwks }),
    ...(row.jwks_uri !== null && { jwks_uri: row.jwks_uri }),
    ...(row.client_uri !== null && { client_uri: row.client_uri }),
    scope_ceiling: row.scopes,
    workspace_id: row.workspace_id,
    workspace_scopes: row.workspace_scopes,
    own_workspace: row.own_workspace,
    workspace_suspended: row.workspace_suspended,
    first_party: row.first_party,
    resource_server: row.resource_server,
    secret_hashes: row.secret_hashes,
    secret_ids: row.secret_ids,
  };
}

/** Names of the members that the provider does not know and must keep as they are. */
export const ourClientMembers = [
  'scope_ceiling',
  'workspace_id',
  'workspace_scopes',
  'own_workspace',
  'workspace_suspended',
  'first_party',
  'resource_server',
  'secret_hashes',
  'secret_ids',
] as const;
