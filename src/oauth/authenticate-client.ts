import type { MatchLiveSecret } from './match-live-secret.ts';
import type { FindClientMetadata } from './pg-client-metadata.ts';

/** A client that has proved who it is by its secret. */
export interface AuthenticatedClient {
  readonly clientId: string;
  /** May introspect and verify other parties' credentials. */
  readonly resourceServer: boolean;
  readonly workspaceId: number;
}

/** A secret as a request presents it. */
export interface PresentedSecret {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Proves a client by its secret; null when it does not, or authenticates in another way, or its workspace is suspended. */
export type AuthenticateClient = (presented: PresentedSecret) => Promise<AuthenticatedClient | null>;

/** Builds the proof of clients by secret, for the endpoints that answer for every kind of credential. */
export function authenticateClient(findClient: FindClientMetadata, matchSecret: MatchLiveSecret): AuthenticateClient {
  return async ({ clientId, clientSecret }) => {
    const client = clientId.includes('\0') ? null : await findClient(clientId);
    if (client === null || client.workspace_suspended === true) return null;
    if (!String(client.token_endpoint_auth_method).startsWith('client_secret_')) return null;
    const secretHashes = listOf(client.secret_hashes).map(String);
    const secretIds = listOf(client.secret_ids).map(String);
    if (!matchSecret(clientSecret, { secretHashes, secretIds })) return null;
    return { clientId, resourceServer: client.resource_server === true, workspaceId: Number(client.workspace_id) };
  };
}

function listOf(member: unknown): readonly unknown[] {
  return Array.isArray(member) ? member : [];
}

/** Reads a client's id and secret out of a `Basic` header, each form-encoded (RFC 6749 section 2.3.1); null for anything else. */
export function readBasicSecret(authorization: string): PresentedSecret | null {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization)?.[1];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const at = text.indexOf(':');
  if (at < 1 || at === text.length - 1) return null;
  try {
    return { clientId: decodePart(text.slice(0, at)), clientSecret: decodePart(text.slice(at + 1)) };
  } catch {
    return null;
  }
}

const AS_IT_IS = /^[^%+]*$/;

function decodePart(part: string): string {
  return AS_IT_IS.test(part) ? part : decodeURIComponent(part.replaceAll('+', ' '));
}
