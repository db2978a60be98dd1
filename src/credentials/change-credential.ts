import { Conflict, InvalidInput, NotFound } from '../core/errors.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import type { Credential, CredentialKindName } from './credential.ts';
import type { CredentialChanges, CredentialRepository } from './credential-repository.ts';
import { expiryFaults, type Grantor, heldFaults, scopeFaults, tierFaults } from './grantor.ts';

/** What changing needs. */
export interface ChangeCredentialDeps {
  readonly credentials: Pick<CredentialRepository, 'find' | 'update'>;
  readonly catalog: ScopeCatalog;
  readonly clock: () => Date;
}

/** Which credential changes, and how. */
export interface ChangeCredentialInput {
  readonly kind: CredentialKindName;
  readonly id: number;
  readonly grantor: Grantor;
  readonly changes: CredentialChanges;
  /** The scopes by which the change was found to be allowed; it is not made where there are others by now. */
  readonly insteadOf?: readonly string[];
}

/**
 * Builds the use case that changes a credential, with the checks of issuing it. Throws `NotFound`, `InvalidInput`, and
 * `Conflict` for one that is past its end or being replaced: a change could bring it back, or stretch its grace.
 */
export function changeCredential(deps: ChangeCredentialDeps): (input: ChangeCredentialInput) => Promise<Credential> {
  return async ({ kind, id, grantor, changes, insteadOf }) => {
    const present = await deps.credentials.find(kind, id);
    if (present === null) throw new NotFound();
    const scopes = changes.scopes && [...new Set(changes.scopes)];
    const gaining = gains(present, changes);
    const errors = {
      ...(gaining && heldFaults(deps.catalog, grantor, scopes ?? present.scopes, 'give more to a key with')),
      ...(scopes !== undefined && scopeFaults(deps.catalog, grantor, scopes)),
      ...(changes.rateLimitTier !== undefined && tierFaults(deps.catalog, grantor, changes.rateLimitTier)),
      ...(changes.expiresAt !== undefined && expiryFaults(deps.clock(), changes.expiresAt)),
    };
    if (Object.keys(errors).length > 0) throw new InvalidInput(errors);
    const weighed = insteadOf ?? (gaining ? present.scopes : undefined);
    const changed = await deps.credentials.update(id, { ...changes, ...(scopes !== undefined && { scopes }) }, weighed);
    if (changed !== null) return changed;
    const now = await deps.credentials.find(kind, id);
    if (now === null) throw new NotFound();
    const isOther = weighed !== undefined && now.scopes.join(' ') !== weighed.join(' ');
    if (isOther) throw new Conflict('Its scopes were changed at the same time. Look at it once more.');
    throw new Conflict('It has expired or is being replaced: it can be ended, and not changed.');
  };
}

/** A longer life and a higher tier are more of what the scopes allow, and so are given by who holds those. */
function gains(present: Credential, { expiresAt, rateLimitTier }: CredentialChanges): boolean {
  const livesOn =
    expiresAt !== undefined && present.expiresAt !== null && (expiresAt === null || expiresAt > present.expiresAt);
  return livesOn || (rateLimitTier != null && rateLimitTier !== present.rateLimitTier);
}
