/** The protocol's artifacts that are stored, by the provider's model name. Clients and grants have tables of their own. */
export type ArtifactModel =
  | 'AccessToken'
  | 'AuthorizationCode'
  | 'ClientCredentials'
  | 'Interaction'
  | 'PushedAuthorizationRequest'
  | 'RefreshToken'
  | 'ReplayDetection'
  | 'Session';

/** What every access token, refresh token and client token starts with, so that a leak is recognised and a verifier chosen by shape. */
export const tokenPrefixes = {
  AccessToken: 'oat_',
  ClientCredentials: 'oct_',
  RefreshToken: 'ort_',
} as const;

/** An artifact's payload as the provider wrote it, without its identifier. */
export type ArtifactPayload = Readonly<Record<string, unknown>>;

/** A payload read back, with the moment of its only use if it was used (epoch seconds). */
export interface StoredArtifact {
  readonly payload: ArtifactPayload;
  readonly consumedAtSeconds: number | null;
}

/** Where the protocol's artifacts are kept, each under the SHA-256 of its value. Every call fails with `DependencyDown` when the database does not answer. */
export interface ArtifactRepository {
  /** Inserts or replaces; false when the artifact belongs to a grant that is revoked, and then nothing is written. */
  save(model: ArtifactModel, id: string, payload: ArtifactPayload, lifetimeSeconds: number): Promise<boolean>;
  find(model: ArtifactModel, id: string): Promise<StoredArtifact | null>;
  /** Marks the only use of an artifact in one statement; false for everybody but the first. */
  consume(model: ArtifactModel, id: string): Promise<boolean>;
  delete(model: ArtifactModel, id: string): Promise<void>;
  deleteByGrant(model: ArtifactModel, grantId: string): Promise<void>;
  /** Remembers a value for so long; false when it is remembered already. */
  remember(id: string, lifetimeSeconds: number): Promise<boolean>;
}
