import type { Environment } from '../core/principal.ts';

/** The two kinds of credential that have one life cycle, as named on the wire. */
export type CredentialKindName = 'personal_access_token' | 'api_key';

/** Where a credential stands by the database's clock: in use, in the grace of a rotation, or past its end. */
export type CredentialState = 'active' | 'replaced' | 'expired';

/** A personal access token or API key that has not been revoked. It never holds the secret. */
export interface Credential {
  readonly id: number;
  readonly kind: CredentialKindName;
  readonly workspaceId: number;
  /** Whom a token acts for; null for a key, which belongs to its workspace. */
  readonly userId: number | null;
  /** The user who made it, as long as they exist; null where a program did. */
  readonly createdBy: number | null;
  readonly name: string;
  /** Entries it was granted, wildcards among them; none grants nothing. */
  readonly scopes: readonly string[];
  readonly environment: Environment | null;
  /** Its own tier; null where its workspace's counts. */
  readonly rateLimitTier: string | null;
  /** What tells it apart in a list; of no use to anybody else. */
  readonly hint: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly state: CredentialState;
  /** The key that this one replaces, while that one still works. */
  readonly replaces: ReplacedCredential | null;
  /** The key that replaces this one. */
  readonly replacedBy: number | null;
  readonly lastUsedAt: Date | null;
  readonly lastUsedAddress: string | null;
}

/** A key in the grace of its rotation. */
export interface ReplacedCredential {
  readonly id: number;
  /** When its grace, or its own life, is over. */
  readonly expiresAt: Date;
}

/** A new credential with its plain text: the one type that holds it, shown once and kept nowhere. */
export interface IssuedCredential {
  readonly credential: Credential;
  readonly text: string;
}
