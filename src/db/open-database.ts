import createKnex, { type Knex } from 'knex';
import pg from 'pg';
import { columnTypes } from './column-types.ts';
import { type DatabaseLog, silentDatabaseLog } from './database-log.ts';
import { guardWithDeadline } from './query-deadline.ts';

/** Limits of one connection pool, all in milliseconds; 0 switches a limit off. */
export interface DatabaseTimeouts {
  /** Waiting for a connection, new or from the pool. */
  readonly acquireMs: number;
  /** Enforced by PostgreSQL on one statement. */
  readonly statementMs: number;
  /** Enforced here on one statement, for a server that has gone silent; longer than `statementMs`. */
  readonly answerMs: number;
  /** Waiting for a lock. */
  readonly lockMs: number;
  /** An open transaction that sends nothing. */
  readonly idleInTransactionMs: number;
  /** A pooled connection that nobody uses. */
  readonly idleMs: number;
}

/** The limits of a server that owes its caller an answer, or a 503, within two seconds. */
export const servingTimeouts: DatabaseTimeouts = {
  acquireMs: 1000,
  statementMs: 1500,
  answerMs: 1800,
  lockMs: 1200,
  idleInTransactionMs: 10_000,
  idleMs: 30_000,
};

/** The limits of work that may take long and that nobody waits for: migrations, pruning. */
export const maintenanceTimeouts: DatabaseTimeouts = {
  acquireMs: 10_000,
  statementMs: 0,
  answerMs: 0,
  lockMs: 0,
  idleInTransactionMs: 0,
  idleMs: 30_000,
};

/** What `openDatabase` needs to know. */
export interface OpenDatabaseOptions {
  /** `postgres://…`; a socket folder is given as `?host=/folder`. */
  readonly databaseUrl: string;
  /** Connections of `knex`; 10 unless said. */
  readonly poolSize?: number;
  /** Connections of `pool`, kept apart so that slow pages never starve verification; 4 unless said. */
  readonly hotPoolSize?: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName?: string;
  readonly logger?: DatabaseLog;
  readonly timeouts?: Partial<DatabaseTimeouts>;
}

/** An open database: `knex` for everything, `pool` for the prepared statements of the hot path. */
export interface Database {
  readonly knex: Knex;
  readonly pool: pg.Pool;
  /** The connections behind `knex`, for transactions that are written in SQL: they must not hold those of the hot path. */
  readonly transactionPool: pg.Pool;
  /** Closes every connection; waits at most five seconds for those in use. */
  close(): Promise<void>;
}

/** Opens the pools of one database; connects on first use, so it never fails and never waits. */
export function openDatabase(options: OpenDatabaseOptions): Database {
  const logger = options.logger ?? silentDatabaseLog;
  const knexPool = openPool(options, options.poolSize ?? 10, logger);
  const pool = openPool(options, options.hotPoolSize ?? 4, logger, HOT_PATH_SETTINGS);
  // Values of a failed statement stay out of its message, and so out of logs.
  const knex = createKnex({
    client: 'pg',
    connectionPool: knexPool,
    compileSqlOnError: false,
    log: knexLog(logger),
  });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await knex.destroy();
    await Promise.all([endPool(knexPool), endPool(pool)]);
  };
  return {
    knex,
    pool,
    transactionPool: knexPool,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/*
 * The statements of the hot path are few, prepared, and made of index probes. Planning them anew for every batch, or
 * compiling them, costs more than running them; and a plan made while a table was empty must not scan it when it is full.
 */
const HOT_PATH_SETTINGS = [
  'plan_cache_mode=force_generic_plan',
  'jit=off',
  'enable_seqscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

function openPool(options: OpenDatabaseOptions, size: number, logger: DatabaseLog, settings?: string): pg.Pool {
  const timeouts = { ...servingTimeouts, ...options.timeouts };
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: size,
    application_name: options.applicationName ?? 'latchkey',
    connectionTimeoutMillis: timeouts.acquireMs,
    statement_timeout: timeouts.statementMs || false,
    lock_timeout: timeouts.lockMs,
    idle_in_transaction_session_timeout: timeouts.idleInTransactionMs,
    idleTimeoutMillis: timeouts.idleMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: columnTypes,
    ...(settings !== undefined && { options: settings }),
  });
  // An 'error' event without a listener ends the process: idle connections report to the pool, those in use to themselves.
  pool.on('error', (error) => logger('warn', 'an idle database connection was lost', { error: error.message }));
  pool.on('connect', (client) => {
    client.on('error', (error) => logger('debug', 'a database connection was lost', { error: error.message }));
    if (timeouts.answerMs > 0) guardWithDeadline(client, timeouts.answerMs);
  });
  return pool;
}

const CLOSE_PATIENCE_MS = 5000;

async function endPool(pool: pg.Pool): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_PATIENCE_MS);
  });
  await Promise.race([pool.end(), patience]);
  clearTimeout(timer);
}

function knexLog(logger: DatabaseLog): Knex.Logger {
  const pass =
    (level: 'debug' | 'warn' | 'error') =>
    (message: unknown): void =>
      logger(level, 'knex', { message: String(message) });
  return { debug: pass('debug'), deprecate: pass('warn'), warn: pass('debug'), error: pass('error') };
}
