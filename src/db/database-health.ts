import type pg from 'pg';
import { migrationStatus } from './migrate.ts';
import type { Database } from './open-database.ts';

/** How many connections a pool has and uses. */
export interface PoolHealth {
  readonly open: number;
  readonly inUse: number;
  /** Callers that wait for one. */
  readonly waiting: number;
  readonly limit: number;
}

/** How the database is, as this process sees it. */
export interface DatabaseHealth {
  /** Milliseconds for a question that costs nothing; null where it does not answer. */
  readonly answerMs: number | null;
  /** The rest is null where it does not answer. */
  readonly version: string | null;
  readonly sizeBytes: number | null;
  /** Connections of everybody to this database, and how many the server allows in all. */
  readonly connections: { readonly open: number; readonly limit: number } | null;
  readonly migrations: { readonly applied: number; readonly pending: number; readonly latest: string | null } | null;
  /** Connections of this process: for pages and administration, and those of the verification. */
  readonly pools: { readonly main: PoolHealth; readonly verification: PoolHealth };
}

const FACTS = `
  SELECT current_setting('server_version') AS version, pg_database_size(current_database())::float8 AS size_bytes,
         (SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database()) AS open,
         current_setting('max_connections')::int AS allowed`;

/** Builds the look at the database; it never fails. */
export function readDatabaseHealth({
  knex,
  pool,
  transactionPool,
}: Pick<Database, 'knex' | 'pool' | 'transactionPool'>): () => Promise<DatabaseHealth> {
  return async () => {
    // Before the questions below take some.
    const pools = { main: poolHealth(transactionPool), verification: poolHealth(pool) };
    const started = performance.now();
    const answerMs = await transactionPool.query('SELECT 1').then(
      () => performance.now() - started,
      () => null,
    );
    if (answerMs === null)
      return { answerMs, version: null, sizeBytes: null, connections: null, migrations: null, pools };
    const [facts, migrations] = await Promise.all([
      transactionPool
        .query<FactsRow>(FACTS)
        .then(({ rows }) => rows[0] ?? null)
        .catch(() => null),
      migrationStatus(knex).catch(() => null),
    ]);
    return {
      answerMs: Math.round(answerMs * 10) / 10,
      version: facts?.version ?? null,
      sizeBytes: facts?.size_bytes ?? null,
      connections: facts && { open: facts.open, limit: facts.allowed },
      migrations: migrations && {
        applied: migrations.applied.length,
        pending: migrations.pending.length,
        latest: migrations.applied.at(-1) ?? null,
      },
      pools,
    };
  };
}

interface FactsRow {
  readonly version: string;
  readonly size_bytes: number;
  readonly open: number;
  readonly allowed: number;
}

function poolHealth(pool: pg.Pool): PoolHealth {
  const { totalCount, idleCount, waitingCount } = pool;
  return { open: totalCount, inUse: totalCount - idleCount, waiting: waitingCount, limit: pool.options.max };
}
