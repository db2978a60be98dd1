/** Who acts: the three namespaces are never mixed, so a client can not be mistaken for a user. */
export type SubjectType = 'user' | 'client' | 'workspace';

/** Every kind of credential the server verifies, as named on the wire. */
export type CredentialType =
  | 'api_key'
  | 'personal_access_token'
  | 'oauth_access_token'
  | 'oauth_client_token'
  | 'session';

/** Live data, or a sandbox beside it. */
export type Environment = 'live' | 'test';

/** The one view of a caller that the rest of the program sees. It never holds the credential itself, so it may be logged. */
export interface Principal {
  readonly subject: { readonly type: SubjectType; readonly id: number | string };
  readonly credential: {
    readonly type: CredentialType;
    readonly id: number | string;
    readonly name: string | null;
    readonly environment: Environment | null;
    readonly expiresAt: Date | null;
  };
  readonly workspaceId: number | null;
  readonly clientId: string | null;
  /** Effective scopes: concrete names, in the order of the vocabulary. */
  readonly scopes: readonly string[];
}
