import { Conflict, InvalidInput, NotFound } from '../core/errors.ts';
import { type IssuedClientSecret, usesSecret } from './client.ts';
import type { ClientRepository, NewClientSecret } from './client-repository.ts';

/** What a further secret needs. */
export interface AddClientSecretDeps {
  readonly clients: Pick<ClientRepository, 'find' | 'addSecret'>;
  readonly generateSecret: () => { readonly value: string; readonly stored: Omit<NewClientSecret, 'expiresAt'> };
  readonly clock: () => Date;
}

/** How many secrets of one client may be live at once: enough for a rotation, few enough to compare on every request. */
export const maximumLiveSecrets = 10;

/** Builds the use case that gives a client a further secret, so that it can move over without a gap. */
export function addClientSecret(
  deps: AddClientSecretDeps,
): (clientId: string, expiresAt: Date | null) => Promise<IssuedClientSecret> {
  return async (clientId, expiresAt) => {
    const client = await deps.clients.find(clientId);
    if (client === null) throw new NotFound();
    if (!usesSecret(client)) throw new Conflict('This client does not authenticate with a secret.');
    if (client.secrets.length >= maximumLiveSecrets) {
      throw new Conflict(`A client has at most ${maximumLiveSecrets} live secrets. Delete one that is no longer used.`);
    }
    if (expiresAt !== null && expiresAt <= deps.clock())
      throw new InvalidInput({ expires_at: ['Must lie in the future.'] });
    const secret = deps.generateSecret();
    const stored = await deps.clients.addSecret(clientId, { ...secret.stored, expiresAt });
    return { id: stored.id, clientSecret: secret.value, expiresAt: stored.expiresAt };
  };
}
