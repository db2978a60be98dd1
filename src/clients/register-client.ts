import { InvalidInput } from '../core/errors.ts';
import { type Client, type ClientSettings, type IssuedClientSecret, usesSecret } from './client.ts';
import { clientFaults } from './client-faults.ts';
import type { ClientRepository, NewClientSecret } from './client-repository.ts';

/** What the registration of clients needs. */
export interface RegisterClientDeps {
  readonly clients: Pick<ClientRepository, 'insert'>;
  readonly workspaceExists: (id: number) => Promise<boolean>;
  readonly generateClientId: () => string;
  readonly generateSecret: () => { readonly value: string; readonly stored: Omit<NewClientSecret, 'expiresAt'> };
  readonly scopeFaults: (entries: readonly string[]) => readonly string[];
}

/** Who registers a client, and where it will belong. */
export interface RegisterClientInput {
  readonly settings: ClientSettings;
  readonly workspaceId: number;
  readonly createdBy: number | null;
}

/** Builds the use case that registers a client; throws `InvalidInput` that names every field at fault. */
export function registerClient(
  deps: RegisterClientDeps,
): (input: RegisterClientInput) => Promise<{ readonly client: Client; readonly secret: IssuedClientSecret | null }> {
  return async ({ settings, workspaceId, createdBy }) => {
    const errors = {
      ...clientFaults(settings, deps.scopeFaults),
      ...(!(await deps.workspaceExists(workspaceId)) && { workspace_id: ['This workspace does not exist.'] }),
    };
    if (Object.keys(errors).length > 0) throw new InvalidInput(errors);
    const secret = usesSecret(settings) ? deps.generateSecret() : null;
    const stored = await deps.clients.insert(
      { ...settings, clientId: deps.generateClientId(), workspaceId, createdBy },
      secret && { ...secret.stored, expiresAt: null },
    );
    return {
      client: stored.client,
      secret: secret &&
        stored.secret && { id: stored.secret.id, clientSecret: secret.value, expiresAt: stored.secret.expiresAt },
    };
  };
}
