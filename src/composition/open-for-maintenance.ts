import type { Maintenance } from '../cli/maintenance.ts';
import { migrateToLatest, migrationStatus } from '../db/migrate.ts';
import { maintenanceTimeouts } from '../db/open-database.ts';
import { runSweeps } from '../db/run-sweeps.ts';
import { composeCapabilities } from './compose-capabilities.ts';
import { makeAdministrator } from './first-start.ts';
import { openInstallation, readSettings, settleIssuer } from './open-installation.ts';
import { sweeps } from './sweeps.ts';

/** Opens the database for a command that works on it without a server. */
export async function openForMaintenance(environment: NodeJS.ProcessEnv): Promise<Maintenance> {
  const installation = await openInstallation(readSettings(environment), {
    applicationName: 'latchkey command',
    logTo: process.stderr,
    timeouts: maintenanceTimeouts,
    migrate: false,
  });
  const { database } = installation;
  const migrate = async (): Promise<string[]> => [...(await migrateToLatest({ databaseUrl: database.databaseUrl }))];
  return {
    migrate,
    status: async () => {
      const { applied, pending } = await migrationStatus(database.knex);
      return { applied: [...applied], pending: [...pending] };
    },
    prune: async () => {
      await migrate();
      return runSweeps(database.pool, sweeps);
    },
    bootstrap: async ({ email, name }) => {
      await migrate();
      const issuer = await settleIssuer(installation, installation.config.port);
      // The link goes to the terminal, and to nobody else.
      const { firstStart } = composeCapabilities(installation, issuer, { sendLink: () => {} });
      return makeAdministrator(firstStart, { email, name: name ?? '' });
    },
    close: () => database.close(),
  };
}
