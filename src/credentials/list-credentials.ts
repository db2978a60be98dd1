import type { Credential } from './credential.ts';
import type { CredentialKind } from './credential-kind.ts';
import type { CredentialRepository } from './credential-repository.ts';
import type { AttentionReason } from './key-attention.ts';

/** Whose credentials a list is of. */
export interface ListCredentialsInput {
  readonly kind: CredentialKind;
  /** Null for those of every workspace. */
  readonly workspaceId: number | null;
  /** The owner, for kinds that act for a user. */
  readonly userId: number | null;
  readonly limit: number;
  /** Where the page begins; 0 is the beginning in either order. */
  readonly afterId: number;
  /** The newest first, oldest first unless said. */
  readonly newestFirst?: boolean;
  /** Only those that this applies to. */
  readonly attention?: AttentionReason | null;
}

/**
 * Builds the use case that lists credentials: expired ones stay visible, so that whoever wonders why something stopped
 * finds out. A kind that acts for a user is never listed without its owner, one of a workspace never without that.
 */
export function listCredentials(deps: {
  readonly credentials: Pick<CredentialRepository, 'list'>;
}): (input: ListCredentialsInput) => Promise<readonly Credential[]> {
  return async ({ kind, ...page }) => {
    const owner = kind.actsFor === 'user' ? page.userId : page.workspaceId;
    return owner === null ? [] : deps.credentials.list({ kind: kind.name, ...page });
  };
}
