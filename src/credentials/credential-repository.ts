import type { Environment } from '../core/principal.ts';
import type { Credential, CredentialKindName, ReplacedCredential } from './credential.ts';
import type { StoredSecret } from './credential-kind.ts';
import type { AttentionReason } from './key-attention.ts';

/** A credential as it is first written. */
export interface NewCredential extends StoredSecret {
  readonly kind: CredentialKindName;
  readonly workspaceId: number;
  readonly userId: number | null;
  readonly createdBy: number | null;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly environment: Environment | null;
  readonly rateLimitTier: string | null;
  readonly expiresAt: Date | null;
}

/** What may change about a credential; what is absent stays. */
export interface CredentialChanges {
  readonly name?: string;
  readonly scopes?: readonly string[];
  readonly rateLimitTier?: string | null;
  readonly expiresAt?: Date | null;
}

/** How a key is replaced. */
export interface Rotation {
  /** What the caller was found to hold; a key that has others by now is not rotated. */
  readonly scopes: readonly string[];
  readonly graceSeconds: number;
  /** End of the new key; undefined is that of the old one. */
  readonly expiresAt: Date | null | undefined;
  readonly createdBy: number | null;
  readonly secret: StoredSecret;
}

/** Which credentials a list is of; null does not narrow. */
export interface CredentialPage {
  readonly kind: CredentialKindName;
  readonly workspaceId: number | null;
  readonly userId: number | null;
  readonly limit: number;
  /** Where the page begins; 0 is the beginning in either order. */
  readonly afterId: number;
  /** The newest first, oldest first unless said. */
  readonly newestFirst?: boolean;
  /** Only those that this applies to. */
  readonly attention?: AttentionReason | null;
}

/** Drawn for a second time although 62^8 were there to draw from: to be drawn again. */
export class PublicIdTaken extends Error {
  override readonly name = 'PublicIdTaken';
}

/**
 * Where credentials are kept. What is revoked, or was replaced and has outlived its grace, is not found, whether or not
 * it has been swept.
 */
export interface CredentialRepository {
  /** Throws `PublicIdTaken`. */
  insert(credential: NewCredential): Promise<Credential>;
  find(kind: CredentialKindName, id: number): Promise<Credential | null>;
  /** In the order of their ids, or against it. */
  list(page: CredentialPage): Promise<readonly Credential[]>;
  /** Null when it is gone, past its end or being replaced, or has other scopes than `insteadOf` by now. */
  update(id: number, changes: CredentialChanges, insteadOf?: readonly string[]): Promise<Credential | null>;
  /**
   * Replaces a key in one statement; null when it may not be: gone, past its end, being replaced, itself replacing one
   * that still works, or changed since it was looked at. Throws `PublicIdTaken`.
   */
  rotate(
    id: number,
    rotation: Rotation,
  ): Promise<{ readonly credential: Credential; readonly replaces: ReplacedCredential } | null>;
  /** False when it was gone already. */
  revoke(id: number, reason: string): Promise<boolean>;
  /** Revokes every personal access token of a user; gives their ids. */
  revokeTokensOf(userId: number, reason: string): Promise<readonly number[]>;
}
