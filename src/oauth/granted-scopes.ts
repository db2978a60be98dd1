import { errors } from 'oidc-provider';
import { reservedScopes } from '../core/scope.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import type { ClientFacts } from './client-facts.ts';

/** Limits within which a client may ask for scopes: its own ceiling, its workspace's, and what a resource offers. */
export function mayGrant(
  catalog: ScopeCatalog,
  client: ClientFacts,
  offered: readonly string[] | null,
  entry: string,
): boolean {
  return (
    catalog.validateGrantable([entry]).length === 0 &&
    catalog.coversEntry(client.scopeCeiling, entry) &&
    catalog.coversEntry(client.workspaceScopes, entry) &&
    (offered === null || catalog.coversEntry(offered, entry)) &&
    (client.ownWorkspace || !catalog.isServer(entry))
  );
}

/**
 * Decides which scope entries a request gets: what it asks for, or the vocabulary's defaults within the ceilings when it
 * asks for nothing (RFC 6749 section 3.3). Throws `invalid_scope` for an entry beyond the ceilings, or when nothing is left.
 */
export function scopesToGrant(
  catalog: ScopeCatalog,
  client: ClientFacts,
  offered: readonly string[] | null,
  requested: string | undefined,
): readonly string[] {
  const asked = requested?.split(' ').filter((entry) => entry !== '' && !reservedScopes.has(entry)) ?? [];
  if (requested !== undefined && asked.length > 0) {
    const excess = asked.find((entry) => !mayGrant(catalog, client, offered, entry));
    if (excess !== undefined) {
      throw new errors.InvalidScope(
        'requested scope is not in the vocabulary or beyond what this client may ask for',
        excess,
      );
    }
    return [...new Set(asked)];
  }
  return catalog.defaults.filter((entry) => mayGrant(catalog, client, offered, entry));
}
