import { clientSweeps } from '../clients/pg-client-sweep.ts';
import { credentialSweeps } from '../credentials/pg-credential-sweep.ts';
import type { Sweep } from '../db/run-sweeps.ts';
import { oauthSweeps } from '../oauth/pg-artifact-sweep.ts';
import { rateLimitSweeps } from '../rate-limits/pg-window-sweep.ts';
import { usageSweeps } from '../usage/pg-usage-sweep.ts';
import { userSweeps } from '../users/pg-user-sweep.ts';

/** What the sweeper and `latchkey prune` delete; whoever owns a table adds to it here. */
export const sweeps: readonly Sweep[] = [
  ...oauthSweeps,
  ...clientSweeps,
  ...userSweeps,
  ...credentialSweeps,
  ...rateLimitSweeps,
  ...usageSweeps,
];
