import type { Database } from './open-database.ts';

/** Names of work that only one process of an installation does at a time; the numbers are the advisory locks. */
const LOCKS = { 'first start': 7_267_403_201 } as const;

/** Runs `work` while no other process runs work of the same name; waits for its turn. The lock goes with the connection, so a killed process leaves none behind. */
export async function oneAtATime<Result>(
  { pool }: Pick<Database, 'pool'>,
  name: keyof typeof LOCKS,
  work: () => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let healthy = true;
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCKS[name]]);
    return await work();
  } catch (error) {
    healthy = false;
    throw error;
  } finally {
    if (healthy) await client.query('SELECT pg_advisory_unlock($1)', [LOCKS[name]]);
    // A connection that may still hold the lock is closed rather than reused.
    client.release(!healthy);
  }
}
