import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { Database } from './open-database.ts';

/** Names of work that only one process of an installation does at a time; the numbers are the advisory locks. */
export const advisoryLocks = { 'first start': 7_267_403_201, sweeping: 7_267_403_202 } as const;

const PATIENCE_MS = 60_000;
const PAUSE_MS = 50;

/** Asks again and again instead of waiting in the database, where the limits on statements would end the wait. */
async function takeTurn(client: Pick<PoolClient, 'query'>, lock: number): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [lock]);
    if (rows[0]?.taken === true) return;
    if (Date.now() > deadline) throw new Error('another process did not finish its turn within a minute');
    await sleep(PAUSE_MS);
  }
}

/** Runs `work` while no other process runs work of the same name; waits for its turn. The lock goes with the connection, so a killed process leaves none behind. */
export async function oneAtATime<Result>(
  { pool }: Pick<Database, 'pool'>,
  name: keyof typeof advisoryLocks,
  work: () => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let healthy = true;
  try {
    await takeTurn(client, advisoryLocks[name]);
    return await work();
  } catch (error) {
    healthy = false;
    throw error;
  } finally {
    if (healthy) await client.query('SELECT pg_advisory_unlock($1)', [advisoryLocks[name]]);
    // A connection that may still hold the lock is closed rather than reused.
    client.release(!healthy);
  }
}
