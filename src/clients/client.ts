/** How a client proves who it is at the token endpoint (RFC 7591 section 2). */
export type ClientAuthMethod = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none';

/** The grants a client may be registered for. */
export type ClientGrantType = 'authorization_code' | 'refresh_token' | 'client_credentials';

/** A public key set as RFC 7517 writes it. */
export interface PublicKeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

/** What somebody decides about a client when it is registered. */
export interface ClientSettings {
  readonly clientName: string;
  /** Ceiling of scope entries; nothing beyond it is ever granted through this client. */
  readonly scopes: readonly string[];
  readonly grantTypes: readonly ClientGrantType[];
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly authMethod: ClientAuthMethod;
  readonly applicationType: 'web' | 'native';
  readonly jwks: PublicKeySet | null;
  readonly jwksUri: string | null;
  readonly clientUri: string | null;
  /** Skips the consent page: the client belongs to the same house as the server. */
  readonly firstParty: boolean;
  /** May introspect and verify other parties' credentials. */
  readonly resourceServer: boolean;
}

/** A registered OAuth client. */
export interface Client extends ClientSettings {
  readonly clientId: string;
  readonly workspaceId: number;
  readonly createdBy: number | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When a token of it was last shown to an API and let through; null for never. */
  readonly lastUsedAt: Date | null;
  readonly secrets: readonly ClientSecret[];
}

/** A live secret of a client; the value itself is not kept. */
export interface ClientSecret {
  readonly id: number;
  readonly hint: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  /** When the client last proved itself by it, to about a second; null for never. */
  readonly lastUsedAt: Date | null;
}

/** A secret in clear, on the one answer that shows it. */
export interface IssuedClientSecret {
  readonly id: number;
  readonly clientSecret: string;
  readonly expiresAt: Date | null;
}

/** Tells whether a client authenticates with a shared secret. */
export function usesSecret(settings: Pick<ClientSettings, 'authMethod'>): boolean {
  return settings.authMethod === 'client_secret_basic' || settings.authMethod === 'client_secret_post';
}
