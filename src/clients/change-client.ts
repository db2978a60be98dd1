import { InvalidInput, NotFound } from '../core/errors.ts';
import type { Client, ClientSettings } from './client.ts';
import { clientFaults } from './client-faults.ts';
import type { ClientRepository } from './client-repository.ts';

/** What a change of a client needs. */
export interface ChangeClientDeps {
  readonly clients: Pick<ClientRepository, 'find' | 'update'>;
  readonly scopeFaults: (entries: readonly string[]) => readonly string[];
}

/** What may change; how a client authenticates and whether it is public never does. */
export type ClientChanges = Partial<Omit<ClientSettings, 'authMethod' | 'applicationType'>>;

/** Builds the use case that changes a client; throws `NotFound`, or `InvalidInput` for what the whole would then be. */
export function changeClient(deps: ChangeClientDeps): (clientId: string, changes: ClientChanges) => Promise<Client> {
  return async (clientId, changes) => {
    const present = await deps.clients.find(clientId);
    if (present === null) throw new NotFound();
    const errors = clientFaults({ ...present, ...changes }, deps.scopeFaults);
    if (Object.keys(errors).length > 0) throw new InvalidInput(errors);
    const changed = await deps.clients.update(clientId, changes);
    if (changed === null) throw new NotFound();
    return changed;
  };
}
