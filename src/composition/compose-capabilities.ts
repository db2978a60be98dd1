import type { clientRoutes } from '../api/clients.ts';
import type { AuditTrail } from '../audit/record-audit.ts';
import { addClientSecret } from '../clients/add-client-secret.ts';
import { changeClient } from '../clients/change-client.ts';
import { knexClientRepository } from '../clients/knex-client-repository.ts';
import { registerClient } from '../clients/register-client.ts';
import { systemClock } from '../core/clock.ts';
import { knexCredentialRepository } from '../credentials/knex-credential-repository.ts';
import { generateClientSecret, hashClientSecret } from '../crypto/client-secret.ts';
import { deriveKeys } from '../crypto/derive-keys.ts';
import { randomToken } from '../crypto/random-token.ts';
import { type SecretHasher, secretHasher } from '../crypto/secret-hasher.ts';
import { createUnitOfWork, type UnitOfWork } from '../db/transaction.ts';
import { seedExampleData } from '../example-api/example-data.ts';
import { knexExampleData } from '../example-api/knex-example-data.ts';
import type { Outbox } from '../users/one-time-link.ts';
import { knexWorkspaceRepository } from '../workspaces/knex-workspace-repository.ts';
import type { WorkspaceRepository } from '../workspaces/workspace-repository.ts';
import { auditedCredentials, auditedKeyGraces } from './audited-credentials.ts';
import { auditedClients, auditedWorkspaces } from './audited-repositories.ts';
import { openTrail } from './compose-audit.ts';
import { type Credentials, composeCredentials } from './compose-credentials.ts';
import { composePeople, logOutbox, type People } from './compose-people.ts';
import type { FirstStartDeps } from './first-start.ts';
import type { Installation } from './open-installation.ts';

/** Wires people, workspaces and clients, which everything else stands on. */
export function composeCapabilities(
  installation: Installation,
  issuer: string,
  outbox: Outbox = logOutbox(installation.log),
): {
  readonly hasher: SecretHasher;
  readonly unit: UnitOfWork;
  readonly trail: AuditTrail;
  readonly people: People;
  readonly workspaces: WorkspaceRepository;
  readonly credentials: Credentials;
  readonly firstStart: FirstStartDeps;
  readonly clients: Omit<Parameters<typeof clientRoutes>[0], 'refusedGrants'>;
} {
  const { catalog, secretKeys, database, log } = installation;
  const unit = createUnitOfWork(database.knex);
  const trail = openTrail(unit, log);
  const clients = auditedClients(trail, () => knexClientRepository(unit.current()));
  const workspaces = auditedWorkspaces(trail, knexWorkspaceRepository(unit.current));
  const hasher = secretHasher();
  const people = composePeople({ unit, pool: database.pool, trail, hasher, issuer, outbox });
  const credentials = composeCredentials(installation, {
    unit,
    hasher,
    workspaces,
    audited: (repository) => auditedCredentials(trail, repository),
    auditedGraces: (graces) => auditedKeyGraces(trail, graces, knexCredentialRepository(unit.current)),
  });
  const peppers = deriveKeys(secretKeys, 'pepper');
  const scopeFaults = (entries: readonly string[]): readonly string[] =>
    catalog.validateGrantable(entries).map(({ message }) => message);
  const generateSecret = (): { value: string; stored: { secretHash: string; hint: string } } => {
    const value = generateClientSecret();
    return { value, stored: { secretHash: hashClientSecret(value, peppers), hint: value.slice(-4) } };
  };
  const register = registerClient({
    clients,
    workspaceExists: async (id) => (await workspaces.find(id)) !== null,
    generateClientId: () => `client_${randomToken(20)}`,
    generateSecret,
    scopeFaults,
  });
  return {
    hasher,
    unit,
    trail,
    people,
    workspaces,
    credentials,
    firstStart: {
      users: people.users,
      workspaces,
      seedExampleData: () => seedExampleData(knexExampleData(database.knex)),
      register,
      issueToken: (input) => credentials.issue({ ...input, kind: credentials.tokenKind }),
      issueKey: (input) => credentials.issue({ ...input, kind: credentials.keyKind }),
      hashPassword: hasher.hashPassword,
      generatePassword: () => randomToken(20),
      createLink: people.createOneTimeLink,
    },
    clients: {
      clients,
      register,
      change: changeClient({ clients, scopeFaults }),
      addSecret: addClientSecret({ clients, generateSecret, clock: systemClock }),
      scopeFaults,
      once: credentials.once,
    },
  };
}
