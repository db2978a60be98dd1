import type { AnyRoute } from '../api/route.ts';
import { type UsageRoutesDeps, usageRoutes } from '../api/usage.ts';
import { systemClock } from '../core/clock.ts';
import { pgReadBucket } from '../rate-limits/pg-bucket-use.ts';
import { pgReadScopeUse } from '../usage/pg-scope-use.ts';
import { pgReadUsage } from '../usage/pg-usage-report.ts';
import { reportUsage } from '../usage/report-usage.ts';
import type { Credentials } from './compose-credentials.ts';
import type { Installation } from './open-installation.ts';

/** What is used. */
export interface ThingsInUse extends Pick<UsageRoutesDeps, 'clients' | 'workspaces'> {
  readonly credentials: Pick<Credentials, 'credentials' | 'findKeyGrantor' | 'limitsOfMember'>;
}

/** Wires the routes that tell how much everything is used, and how far away its limit is. */
export function composeUsage(
  { catalog, database }: Pick<Installation, 'catalog' | 'database'>,
  { credentials, clients, workspaces }: ThingsInUse,
): readonly AnyRoute[] {
  const pool = database.transactionPool;
  return usageRoutes({
    credentials: credentials.credentials,
    clients,
    workspaces,
    findGrantor: credentials.findKeyGrantor,
    limitsOfMember: credentials.limitsOfMember,
    catalog,
    report: reportUsage({ read: pgReadUsage(pool), clock: systemClock }),
    readScopeUse: pgReadScopeUse(pool),
    readBucket: pgReadBucket(pool),
  });
}
