import type { Invocation } from './command-definition.ts';
import type { Maintenance } from './maintenance.ts';

/** Opens the database for one piece of work and closes it again, whatever happens. */
export async function withDatabase(
  invocation: Invocation,
  work: (database: Maintenance) => Promise<void>,
): Promise<void> {
  const { openForMaintenance } = await invocation.loadMaintenance();
  const database = await openForMaintenance(invocation.env);
  try {
    await work(database);
  } finally {
    await database.close();
  }
}
