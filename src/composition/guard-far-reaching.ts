import { findManagedKey } from '../api/keys-access.ts';
import { requireFreshSession } from '../api/require-fresh-session.ts';
import type { AnyRoute } from '../api/route.ts';
import { rowId } from '../api/row-id.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import type { composeCapabilities } from './compose-capabilities.ts';

/** Wires the guard that asks sessions for a password given lately before far-reaching calls. */
export function guardFarReaching(
  {
    people,
    workspaces,
    credentials,
    clients,
  }: Pick<ReturnType<typeof composeCapabilities>, 'people' | 'workspaces' | 'credentials' | 'clients'>,
  catalog: ScopeCatalog,
): (routes: readonly AnyRoute[]) => readonly AnyRoute[] {
  const findKey = findManagedKey({ credentials: credentials.credentials, findGrantor: credentials.findKeyGrantor });
  const scopesOfRole = (role: string): readonly string[] => catalog.role(role) ?? [];
  return requireFreshSession({
    secondsSinceAuthentication: people.sessions.secondsSinceAuthentication,
    scopesOfKey: async (call, id) => (await findKey(call, id)).key.scopes,
    scopesOfClient: async (clientId) =>
      clientId === '' || clientId.includes('\0') ? [] : ((await clients.clients.find(clientId))?.scopes ?? []),
    scopesOfUser: async (id) => (await workspaces.membershipsOf([rowId(id)])).flatMap(({ role }) => scopesOfRole(role)),
    scopesOfRole,
  });
}
