import type { ProtocolUser } from './find-account.ts';
import type { StoredGrant } from './grant.ts';
import type { Redemption } from './redemption.ts';

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

/** For how long the same client may repeat a refresh and get the same answer; seconds. */
export const refreshReplaySeconds = 10;

/** An artifact's payload as the provider wrote it, without its identifier. */
export type ArtifactPayload = Readonly<Record<string, unknown>>;

/** An artifact to be stored, with what lookups need beside the payload. */
export interface NewArtifact {
  readonly model: ArtifactModel;
  readonly id: string;
  readonly payload: ArtifactPayload;
  readonly lifetimeSeconds: number;
  /** The provider's own name of a session, by which it looks it up without the cookie. */
  readonly uid: string | null;
  /** Our session that the provider's hangs on. */
  readonly sessionId: number | null;
  /** The family of a code and of everything that came from it. */
  readonly family: string | null;
}

/** A payload read back, with the moment of its only use if it was used (epoch seconds). */
export interface StoredArtifact {
  readonly payload: ArtifactPayload;
  readonly consumedAtSeconds: number | null;
  /** True for a refresh token whose only use may be answered again: within ten seconds, its successor unused. */
  readonly repeatable: boolean;
  /** Null for what belongs to none. */
  readonly family: string | null;
  /** Our session that it hangs on, or null. */
  readonly sessionId: number | null;
  /** The grant that it names, if that stands at this moment, else null. */
  readonly grant: StoredGrant | null;
  /** The user that it names, if not disabled at this moment, else null. */
  readonly user: ProtocolUser | null;
}

/** Where the protocol's artifacts are kept, each under the SHA-256 of its value. Every call fails with `DependencyDown` when the database does not answer. */
export interface ArtifactRepository {
  /** Inserts or replaces; false when the artifact belongs to a grant that is revoked, and then nothing is written. */
  save(artifact: NewArtifact): Promise<boolean>;
  find(model: ArtifactModel, id: string): Promise<StoredArtifact | null>;
  findByUid(model: ArtifactModel, uid: string): Promise<StoredArtifact | null>;
  /** Marks the only use of an artifact in one statement; false for everybody but the first. */
  consume(model: ArtifactModel, id: string): Promise<boolean>;
  /** Makes the only use of a code or refresh token and stores what it brings, in one statement; false for everybody but the first, and where the grant has ended. */
  redeem(redemption: Redemption): Promise<boolean>;
  delete(model: ArtifactModel, id: string): Promise<void>;
  /**
   * Deletes the codes and tokens of a family under its grant; without a family, all of the grant. Waits for whoever is
   * making a token of it at this moment, so that none is left over.
   */
  endFamily(grantId: string, family: string | null): Promise<void>;
  /** Remembers a value for so long; false when it is remembered already. */
  remember(id: string, lifetimeSeconds: number): Promise<boolean>;
  /** The sealed answer of a refresh token that is still repeatable, or null. */
  findReplay(refreshToken: string): Promise<string | null>;
}
