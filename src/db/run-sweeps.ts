/** What a sweep needs of a connection. */
export interface SweepQueries {
  query(text: string, values: unknown[]): Promise<{ readonly rowCount: number | null }>;
}

/** One way in which rows become useless, and how they go. Whoever owns a table hands its sweeps to the composition root. */
export interface Sweep {
  /** Passed over while the database has no such table. */
  readonly table: string;
  /** Sweeps at most `batchRows` rows, none that somebody else holds, and gives their number; a full batch means that there may be more. */
  readonly sweep: (queries: SweepQueries, batchRows: number) => Promise<number>;
  /** True where a sweep empties columns instead of deleting rows; such rows are not counted. */
  readonly keepsRows?: boolean;
}

/** Rows deleted, by table; every table that exists is named. */
export type SweptRows = Record<string, number>;

/** How sweeps are run. */
export interface RunSweepsOptions {
  /** Rows of one batch, so that no lock is held for long; 500 unless said. */
  readonly batchRows?: number;
  /** Asked before every batch. */
  readonly isStopping?: () => boolean;
  /** Called after every full batch with the time it took, so that others get their turn. */
  readonly rest?: (batchMs: number) => Promise<unknown>;
  /** Told of a sweep that failed, and then the next one runs; without it the failure is thrown. */
  readonly reportFailure?: (error: unknown, table: string) => void;
}

const BATCH_ROWS = 500;

/** Makes a sweep of one statement; `$1` is the number of rows of a batch. */
export function sweepBy(table: string, statement: string): Sweep {
  return {
    table,
    sweep: async (queries, batchRows) => (await queries.query(statement, [batchRows])).rowCount ?? 0,
  };
}

/** Runs every sweep to its end, batch after batch, and gives the rows deleted. */
export async function runSweeps(
  queries: SweepQueries,
  sweeps: readonly Sweep[],
  options: RunSweepsOptions = {},
): Promise<SweptRows> {
  const swept: SweptRows = {};
  for (const sweep of sweeps) {
    if (options.isStopping?.() === true) break;
    try {
      if (!(await exists(queries, sweep.table))) continue;
      await runToTheEnd(queries, sweep, options, (rows) => {
        swept[sweep.table] = (swept[sweep.table] ?? 0) + (sweep.keepsRows === true ? 0 : rows);
      });
    } catch (error) {
      if (options.reportFailure === undefined) throw error;
      options.reportFailure(error, sweep.table);
    }
  }
  return swept;
}

async function runToTheEnd(
  queries: SweepQueries,
  { sweep }: Sweep,
  { batchRows = BATCH_ROWS, isStopping, rest }: RunSweepsOptions,
  count: (rows: number) => void,
): Promise<void> {
  for (let rows = batchRows; rows >= batchRows && isStopping?.() !== true; ) {
    const startedAtMs = performance.now();
    rows = await sweep(queries, batchRows);
    count(rows);
    if (rows >= batchRows) await rest?.(performance.now() - startedAtMs);
  }
}

async function exists(queries: SweepQueries, table: string): Promise<boolean> {
  return (await queries.query('SELECT 1 WHERE to_regclass($1) IS NOT NULL', [table])).rowCount === 1;
}
