import type { EffectiveScopeInputs } from '../core/effective-scopes.ts';
import type { Principal } from '../core/principal.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import type { VerificationReason } from '../core/verification.ts';
import type { CredentialRecord } from './credential-record.ts';

/** Why a record as it stands now must not be used, or null when it may; the order is the order in which callers are told. */
export function standingRefusal(record: CredentialRecord): Exclude<VerificationReason, 'ok'> | null {
  if (record.revoked !== false) return 'revoked';
  if (record.expired !== false) return 'expired';
  if (record.user?.disabled === true) return 'owner_inactive';
  if (record.workspace?.suspended === true) return 'suspended';
  return null;
}

/** The caller behind a record, with the scopes that are effective now. */
export function principalOf(record: CredentialRecord, scopes: readonly string[]): Principal {
  return {
    subject: subjectOf(record),
    credential: {
      type: record.type,
      id: record.id,
      name: record.name,
      environment: record.environment,
      expiresAt: record.expiresAt,
    },
    workspaceId: record.workspace?.id ?? null,
    clientId: record.client?.id ?? null,
    scopes,
  };
}

function subjectOf(record: CredentialRecord): Principal['subject'] {
  if (record.type === 'api_key') return { type: 'workspace', id: record.workspace?.id ?? 0 };
  if (record.user !== null) return { type: 'user', id: record.user.id };
  return { type: 'client', id: record.client?.id ?? '' };
}

/** Collects what limits a credential now: its grant, its owner's role, its client, its workspace. */
export function scopeInputs(catalog: ScopeCatalog, record: CredentialRecord): EffectiveScopeInputs {
  return {
    // A limit that should be there and is not limits to nothing.
    grant: record.type === 'session' ? null : (record.grant ?? []),
    role: record.user === null ? null : roleEntries(catalog, record.user.role),
    client: record.client?.scopes ?? (record.type.startsWith('oauth_') ? [] : null),
    workspace: record.workspace?.scopes ?? [],
    ownWorkspace: record.workspace?.own ?? false,
  };
}

/** A user without a membership, or with a role that is no longer in the vocabulary, may do nothing. */
function roleEntries(catalog: ScopeCatalog, role: string | null): readonly string[] {
  return role === null ? [] : (catalog.role(role) ?? []);
}
