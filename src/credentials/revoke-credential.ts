import { Conflict, NotFound } from '../core/errors.ts';
import type { Credential } from './credential.ts';
import type { CredentialRepository } from './credential-repository.ts';

/** What revoking needs. */
export interface RevokeCredentialDeps {
  readonly credentials: Pick<CredentialRepository, 'revoke'>;
}

/** Which credential ends. */
export interface RevokeCredentialInput {
  readonly credential: Pick<Credential, 'id' | 'name' | 'environment'>;
  /** The name of the credential, where somebody confirms that they mean it; live keys need it. */
  readonly confirmedName: string | null;
  /** Kept beside the row, for the audit. */
  readonly reason: string;
}

/** Builds the use case that ends a credential, on every process with its return; throws `Conflict` for a live key without confirmation, `NotFound`. */
export function revokeCredential(deps: RevokeCredentialDeps): (input: RevokeCredentialInput) => Promise<void> {
  return async ({ credential, confirmedName, reason }) => {
    if (credential.environment === 'live' && confirmedName !== credential.name) {
      throw new Conflict('This is a live key. To delete it, confirm with its name: ?confirm=<name>.');
    }
    if (!(await deps.credentials.revoke(credential.id, reason))) throw new NotFound();
  };
}
