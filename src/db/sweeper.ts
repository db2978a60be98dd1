import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { advisoryLocks } from './one-at-a-time.ts';
import { runSweeps, type Sweep, type SweptRows } from './run-sweeps.ts';

/** What a sweeper needs. */
export interface SweeperDeps {
  readonly databaseUrl: string;
  readonly sweeps: readonly Sweep[];
  /** From one round to the next, give or take a quarter; 60 s unless said. */
  readonly intervalMs?: number;
  readonly batchRows?: number;
  /** Told after every round of this process that found something. */
  readonly onSwept: (rows: SweptRows) => void;
  /** Told of what went wrong; the next round tries again. */
  readonly reportFailure: (error: unknown, table: string | null) => void;
}

/** How the last round of a sweeper went; `elsewhere` when another process was at it. */
export interface SweepRound {
  readonly at: Date;
  readonly outcome: 'swept' | 'elsewhere' | 'failed';
  /** Rows deleted, of all tables together. */
  readonly rows: number;
}

/** A sweeper at work. */
export interface Sweeper {
  /** The last round of this process; null before the first. */
  lastRound(): SweepRound | null;
  /** Runs a round now; null when another process is at it, or when the database did not answer. */
  sweepNow(): Promise<SweptRows | null>;
  /** Starts no further batch and waits for the one under way, five seconds at most. */
  stop(): Promise<void>;
}

const INTERVAL_MS = 60_000;
const STOP_PATIENCE_MS = 5000;
/** One batch is short; this only ends what has gone wrong, on the server's side and on ours. */
const STATEMENT_MS = 30_000;
const LOCK_MS = 1000;

/**
 * Sweeps the database every minute, in one process of an installation at a time. It has a connection of its own for the
 * length of a round: the lock goes with it, and no request waits for it.
 */
export function startSweeper(deps: SweeperDeps): Sweeper {
  const intervalMs = deps.intervalMs ?? INTERVAL_MS;
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<SweptRows | null> | undefined;
  let client: pg.Client | undefined;
  let last: SweepRound | null = null;

  function note(outcome: SweepRound['outcome'], rows = 0): void {
    last = { at: new Date(), outcome, rows };
  }

  function schedule(): void {
    if (stopping) return;
    // Processes that were started together drift apart.
    timer = setTimeout(() => void sweepNow().finally(schedule), intervalMs * (0.75 + Math.random() / 2)).unref();
  }

  function sweepNow(): Promise<SweptRows | null> {
    round ??= runRound().finally(() => {
      round = undefined;
    });
    return round;
  }

  async function runRound(): Promise<SweptRows | null> {
    if (stopping) return null;
    const own = openConnection(deps.databaseUrl);
    client = own;
    let broken: unknown;
    own.on('error', (error) => {
      broken = error;
    });
    try {
      await own.connect();
      if (!(await lock(own))) {
        note('elsewhere');
        return null;
      }
      const swept = await runSweeps(own, deps.sweeps, {
        ...(deps.batchRows !== undefined && { batchRows: deps.batchRows }),
        // The sweeper works at most half of the time, so that a large backlog slows nobody down.
        rest: (batchMs) => sleep(stopping ? 0 : batchMs),
        isStopping: () => stopping || broken !== undefined,
        reportFailure: deps.reportFailure,
      });
      const rows = Object.values(swept).reduce((sum, one) => sum + one, 0);
      note('swept', rows);
      if (rows > 0) deps.onSwept(swept);
      return swept;
    } catch (error) {
      note('failed');
      if (!stopping) deps.reportFailure(broken ?? error, null);
      return null;
    } finally {
      client = undefined;
      await own.end().catch(() => {});
    }
  }

  schedule();
  return {
    lastRound: () => last,
    sweepNow,
    async stop() {
      stopping = true;
      clearTimeout(timer);
      if (round === undefined) return;
      await Promise.race([round, sleep(STOP_PATIENCE_MS, undefined, { ref: false })]);
      // Nothing comes any more, or only after a statement that is rolled back when its connection goes.
      client?.connection.stream.destroy();
    },
  };
}

function openConnection(databaseUrl: string): pg.Client {
  return new pg.Client({
    connectionString: databaseUrl,
    application_name: 'latchkey sweeper',
    connectionTimeoutMillis: 5000,
    statement_timeout: STATEMENT_MS,
    query_timeout: STATEMENT_MS + 5000,
    lock_timeout: LOCK_MS,
    keepAlive: true,
  });
}

async function lock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
    advisoryLocks.sweeping,
  ]);
  return rows[0]?.locked === true;
}
