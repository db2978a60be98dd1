import { AsyncLocalStorage } from 'node:async_hooks';
import type { Knex } from 'knex';

/** Statements that belong together, and the repositories that join them without passing a transaction around. */
export interface UnitOfWork {
  /**
   * Runs `work` in one transaction: committed when it returns, undone when it throws. Inside another run it joins that
   * one, and whatever it did is undone with the whole.
   */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** What to build a query on: the transaction of the run this is called in, else the database. */
  current(): Knex | Knex.Transaction;
}

/** Makes a unit of work over one database; every repository of a process shares it. */
export function createUnitOfWork(knex: Knex): UnitOfWork {
  const ambient = new AsyncLocalStorage<Knex.Transaction>();
  const open = (): Knex.Transaction | undefined => {
    const transaction = ambient.getStore();
    // Work that outlives its run (a timer, a promise nobody awaited) must not write into a transaction that has ended.
    return transaction === undefined || transaction.isCompleted() ? undefined : transaction;
  };
  return {
    run: <T>(work: () => Promise<T>): Promise<T> =>
      open() === undefined ? knex.transaction((transaction) => ambient.run(transaction, work)) : work(),
    current: () => open() ?? knex,
  };
}
