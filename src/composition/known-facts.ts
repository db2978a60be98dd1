import { knexClientRepository } from '../clients/knex-client-repository.ts';
import type { ConfigFacts } from '../config/config-facts.ts';
import { migrationStatus } from '../db/migrate.ts';
import { providerFacts } from '../oauth/provider-facts.ts';
import type { PrivateJwk } from '../oauth/signing-key.ts';
import { knexWorkspaceRepository } from '../workspaces/knex-workspace-repository.ts';
import type { Installation } from './open-installation.ts';

/** Everything the last check before listening rests on. */
export async function knownFacts(
  installation: Installation,
  issuer: string,
  signingKeys: readonly PrivateJwk[],
): Promise<ConfigFacts> {
  const { database } = installation;
  const workspaces = knexWorkspaceRepository(() => database.knex);
  const clients = await knexClientRepository(database.knex).list({ workspaceId: null, limit: 50, after: null });
  const { rows } = await database.pool.query<{ superuser: boolean }>(
    'SELECT usesuper AS superuser FROM pg_user WHERE usename = current_user',
  );
  return {
    ...installation.facts,
    issuer,
    ...providerFacts(issuer, signingKeys),
    database: {
      reachable: true,
      superuser: rows[0]?.superuser ?? false,
      pendingMigrations: (await migrationStatus(database.knex)).pending,
      migratesAtStart: true,
      unknownMigrations: [],
    },
    content: {
      administratorExists: await workspaces.hasMemberWithRole(['owner', 'admin']),
      bootstrapPending: false,
      bootstrapTokenInEnvironment: false,
      examples: clients
        .filter(({ clientName }) => clientName.startsWith('Example'))
        .map(({ clientName }) => `client ${clientName}`),
    },
  };
}
