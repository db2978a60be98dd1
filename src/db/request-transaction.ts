import { AsyncLocalStorage } from 'node:async_hooks';
import type { Pool, PoolClient, QueryConfig, QueryResult, QueryResultRow } from 'pg';

/** Runs prepared statements, on the transaction of the request it is called in, else on the pool. */
export interface Queries {
  query<Row extends QueryResultRow>(config: QueryConfig): Promise<QueryResult<Row>>;
}

/** Gathers the writes of one request that belong together into one transaction. */
export interface RequestTransactions extends Queries {
  /** Runs the work of a request; a transaction opened inside is committed when `keep` says so, else (or when it throws) undone. */
  run<Result>(work: () => Promise<Result>, keep: (result: Result) => boolean): Promise<Result>;
  /** Opens the transaction of the request: to be called before the first of several writes. Outside `run` it does nothing. */
  begin(): Promise<void>;
  /** Tells whether this request has a transaction, so that it must not wait for a connection of anybody else's. */
  isOpen(): boolean;
}

interface RequestScope {
  opening: Promise<PoolClient> | null;
  /** Settles with the statement before: a connection runs one at a time, whatever runs in parallel above it. */
  turn: Promise<void>;
  closed: boolean;
}

/**
 * Makes transactions that open lazily: a request with a single write never pays for one. `begin` is what the first of
 * several writes calls, and from then on every statement of that request goes through the same connection.
 */
export function requestTransactions(pool: Pool, transactionPool: Pool): RequestTransactions {
  const scopes = new AsyncLocalStorage<RequestScope>();

  async function open(): Promise<PoolClient> {
    const client = await transactionPool.connect();
    try {
      await client.query('BEGIN');
      return client;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  return {
    async query<Row extends QueryResultRow>(config: QueryConfig): Promise<QueryResult<Row>> {
      const scope = scopes.getStore();
      if (scope === undefined || scope.closed || scope.opening === null) return pool.query<Row>(config);
      const client = await scope.opening;
      const result = scope.turn.then(() => client.query<Row>(config));
      scope.turn = result.then(
        () => {},
        () => {},
      );
      return result;
    },

    async begin() {
      const scope = scopes.getStore();
      if (scope === undefined || scope.closed) return;
      scope.opening ??= open();
      await scope.opening;
    },

    isOpen() {
      const scope = scopes.getStore();
      return scope !== undefined && !scope.closed && scope.opening !== null;
    },

    async run(work, keep) {
      if (scopes.getStore()?.closed === false) return work();
      const scope: RequestScope = { opening: null, turn: Promise.resolve(), closed: false };
      let kept = false;
      try {
        const result = await scopes.run(scope, work);
        kept = keep(result);
        await finish(scope, kept);
        return result;
      } catch (error) {
        if (!kept) await finish(scope, false).catch(() => {});
        throw error;
      }
    },
  };
}

async function finish(scope: RequestScope, commit: boolean): Promise<void> {
  scope.closed = true;
  if (scope.opening === null) return;
  const client = await scope.opening;
  await scope.turn;
  try {
    await client.query(commit ? 'COMMIT' : 'ROLLBACK');
    client.release();
  } catch (error) {
    // A connection in an unknown state is closed, which undoes what was open on it.
    client.release(true);
    throw error;
  }
}
