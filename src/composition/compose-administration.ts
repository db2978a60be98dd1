import { endCredentialRoutes } from '../api/end-credential.ts';
import { healthRoutes } from '../api/health.ts';
import type { AnyRoute } from '../api/route.ts';
import { scopeHolderRoutes } from '../api/scope-holders.ts';
import type { FindCredential, FoundCredential } from '../audit/find-credential.ts';
import type { ClientRepository } from '../clients/client-repository.ts';
import { productVersion } from '../config/product-version.ts';
import type { CredentialRepository } from '../credentials/credential-repository.ts';
import { readDatabaseHealth } from '../db/database-health.ts';
import type { SweepRound } from '../db/sweeper.ts';
import { readProcessHealth, watchEventLoop } from '../http/process-health.ts';
import type { EndLeakedToken } from '../oauth/end-leaked-token.ts';
import type { SigningKeyRepository } from '../oauth/signing-key-repository.ts';
import type { SessionRepository } from '../users/session-repository.ts';
import { pgScopeHolders } from '../workspaces/pg-scope-holders.ts';
import type { Installation } from './open-installation.ts';

/** What the administration of the whole server needs beside the database. */
export interface AdministrationDeps {
  readonly findCredential: FindCredential;
  readonly credentials: Pick<CredentialRepository, 'revoke'>;
  readonly clients: Pick<ClientRepository, 'deleteSecret'>;
  readonly sessions: Pick<SessionRepository, 'end'>;
  readonly endLeakedToken: EndLeakedToken;
  readonly signingKeys: Pick<SigningKeyRepository, 'listPublished'>;
  readonly lastSweep: () => SweepRound | null;
  readonly usageWaiting: () => number;
}

/** Wires the routes about the whole server: who holds a scope, the end of whatever has leaked, and how the server is. */
export function administrationRoutes(
  { catalog, config, database }: Pick<Installation, 'catalog' | 'config' | 'database'>,
  deps: AdministrationDeps,
): readonly AnyRoute[] {
  watchEventLoop();
  return [
    ...scopeHolderRoutes({ catalog, list: pgScopeHolders(database.transactionPool) }),
    ...endCredentialRoutes({ findCredential: deps.findCredential, end: endWith(deps) }),
    ...healthRoutes({
      version: productVersion,
      readProcess: readProcessHealth,
      readDatabase: readDatabaseHealth(database),
      embeddedDatabase: config.databaseUrl === undefined,
      lastSweep: deps.lastSweep,
      usageWaiting: deps.usageWaiting,
      signingKeys: deps.signingKeys,
    }),
  ];
}

/** Ends a credential by the way of its kind; every way is audited, and ending one twice is no error. */
function endWith(deps: AdministrationDeps): (found: FoundCredential, credential: string) => Promise<void> {
  return async ({ type, id, subject }, credential) => {
    if (type === 'api_key' || type === 'personal_access_token') {
      await deps.credentials.revoke(Number(id), 'leaked: ended by an administrator');
    } else if (type === 'session') await deps.sessions.end(Number(id));
    else if (type === 'client_secret') await deps.clients.deleteSecret(String(subject?.id), Number(id));
    else await deps.endLeakedToken(credential);
  };
}
