import { clientSweeps } from '../clients/pg-client-sweep.ts';
import { credentialSweeps } from '../credentials/pg-credential-sweep.ts';
import type { Sweep } from '../db/run-sweeps.ts';
import { type Sweeper, startSweeper } from '../db/sweeper.ts';
import type { Metrics } from '../http/metrics.ts';
import { oauthSweeps } from '../oauth/pg-artifact-sweep.ts';
import { rateLimitSweeps } from '../rate-limits/pg-window-sweep.ts';
import { usageSweeps } from '../usage/pg-usage-sweep.ts';
import { userSweeps } from '../users/pg-user-sweep.ts';
import type { Installation } from './open-installation.ts';

/** What the sweeper and `latchkey prune` delete; whoever owns a table adds to it here. */
export const sweeps: readonly Sweep[] = [
  ...oauthSweeps,
  ...clientSweeps,
  ...userSweeps,
  ...credentialSweeps,
  ...rateLimitSweeps,
  ...usageSweeps,
];

/** Starts sweeping in the background, counted in the metrics. */
export function sweepInBackground({ database, log }: Installation, metrics: Pick<Metrics, 'countSwept'>): Sweeper {
  return startSweeper({
    databaseUrl: database.databaseUrl,
    sweeps,
    onSwept: (rows) => {
      metrics.countSwept(rows);
      log.debug({ rows }, 'swept');
    },
    reportFailure: (error, table) => log.warn({ error, table }, 'sweeping failed'),
  });
}
