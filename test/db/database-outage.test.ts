import { expect } from 'chai';
import { DependencyDown } from '../../src/core/errors.ts';
import { isDatabaseUnavailable, translateDatabaseError } from '../../src/db/database-error.ts';
import { type Database, openDatabase } from '../../src/db/open-database.ts';
import { createUnitOfWork } from '../../src/db/transaction.ts';
import { type DatabaseProxy, proxyDatabase } from '../support/database-proxy.ts';
import { testDatabase } from '../support/test-database.ts';

const PROMISED_MS = 2000;

/** Runs work that must fail and returns its error with the time it took. */
async function failure(work: () => PromiseLike<unknown>): Promise<{ error: unknown; tookMs: number }> {
  const began = performance.now();
  try {
    await work();
  } catch (error) {
    return { error, tookMs: performance.now() - began };
  }
  throw new Error('It was expected to fail.');
}

describe('a database that is gone (R-05, R-06)', () => {
  let proxy: DatabaseProxy;
  let database: Database;

  beforeEach(async () => {
    proxy = await proxyDatabase(await testDatabase());
    database = openDatabase({ databaseUrl: proxy.databaseUrl, poolSize: 3, hotPoolSize: 2 });
  });

  afterEach(async () => {
    await database.close();
    await proxy.close();
  });

  const questions: Record<string, () => PromiseLike<unknown>> = {
    knex: () => database.knex.raw('SELECT 1'),
    'the pool': () => database.pool.query({ name: 'one', text: 'SELECT 1' }),
    'a transaction': () =>
      createUnitOfWork(database.knex).run(async () => {
        await database.knex.raw('SELECT 1');
      }),
  };

  async function expectOutage(): Promise<void> {
    const asked = Object.entries(questions).map(async ([name, ask]) => ({ name, ...(await failure(ask)) }));
    for (const { name, error, tookMs } of await Promise.all(asked)) {
      expect(translateDatabaseError(error), `${name}: ${String(error)}`).to.be.instanceOf(DependencyDown);
      expect(tookMs, name).to.be.below(PROMISED_MS);
    }
  }

  async function expectService(): Promise<void> {
    for (const ask of Object.values(questions)) await ask();
  }

  it('fails within two seconds when connections in use go silent, and recovers by itself', async () => {
    await expectService();
    proxy.setMode('black-hole');
    await expectOutage();
    await expectOutage();
    proxy.setMode('forward');
    await expectService();
  });

  it('fails within two seconds when it goes silent inside a transaction, rollback included', async () => {
    const { error, tookMs } = await failure(() =>
      database.knex.transaction(async (transaction) => {
        await transaction.raw('SELECT 1');
        proxy.setMode('black-hole');
        await transaction.raw('SELECT 2');
      }),
    );
    expect(isDatabaseUnavailable(error), String(error)).to.equal(true);
    expect(tookMs).to.be.below(PROMISED_MS);
    proxy.setMode('forward');
    await expectService();
  });

  it('fails within two seconds when new connections get no answer, for hundreds of callers at once', async () => {
    proxy.setMode('black-hole');
    const asked = Array.from({ length: 300 }, (_, index) =>
      failure(() => (index % 2 === 0 ? database.knex.raw('SELECT 1') : database.pool.query('SELECT 1'))),
    );
    for (const { error, tookMs } of await Promise.all(asked)) {
      expect(isDatabaseUnavailable(error), String(error)).to.equal(true);
      expect(tookMs).to.be.below(PROMISED_MS);
    }
    proxy.setMode('forward');
    await expectService();
  });

  it('fails at once when connections are cut and refused, and survives idle connections being cut', async () => {
    await expectService();
    proxy.setMode('refuse');
    await expectOutage();
    proxy.setMode('forward');
    await expectService();
  });

  it('survives a cut while a connection is checked out and nobody asks anything', async () => {
    const { error } = await failure(() =>
      database.knex.transaction(async (transaction) => {
        await transaction.raw('SELECT 1');
        proxy.setMode('refuse');
        await new Promise((resolve) => setTimeout(resolve, 50));
        await transaction.raw('SELECT 2');
      }),
    );
    expect(isDatabaseUnavailable(error), String(error)).to.equal(true);
    proxy.setMode('forward');
    await expectService();
  });

  it('refuses within two seconds who waits for a full pool, and serves again when it is free', async () => {
    const sleepers = Array.from({ length: 3 }, () => failure(() => database.knex.raw('SELECT pg_sleep(30)')));
    const waiters = Array.from({ length: 50 }, () => failure(() => database.knex.raw('SELECT 1')));
    for (const { error, tookMs } of await Promise.all([...sleepers, ...waiters])) {
      expect(isDatabaseUnavailable(error), String(error)).to.equal(true);
      expect(tookMs).to.be.below(PROMISED_MS);
    }
    await expectService();
  });

  it('leaves no connection behind after an outage', async () => {
    await expectService();
    proxy.setMode('black-hole');
    await Promise.all(Array.from({ length: 40 }, () => failure(() => database.knex.raw('SELECT 1'))));
    proxy.setMode('forward');
    await expectService();
    await database.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(proxy.connections).to.equal(0);
  });

  it('takes a server that is not there, or not yet, for an outage', async () => {
    const nowhere = ['postgres://latchkey@localhost/x?host=%2Fnonexistent', 'postgres://latchkey@127.0.0.1:1/x'];
    for (const databaseUrl of nowhere) {
      const absent = openDatabase({ databaseUrl });
      for (const ask of [() => absent.knex.raw('SELECT 1'), () => absent.pool.query('SELECT 1')]) {
        const { error } = await failure(ask);
        expect(isDatabaseUnavailable(error), String(error)).to.equal(true);
      }
      await absent.close();
    }
    const states = ['57P01', '57P02', '57P03', '08006', '53300', '53100', '57014', '55P03', '25006', 'ECONNRESET'];
    for (const code of states) {
      expect(isDatabaseUnavailable(Object.assign(new Error('x'), { code })), code).to.equal(true);
    }
    for (const code of ['23505', '42P01', '40001', '40P01', '22P02', 'ENOENT', 'EACCES']) {
      expect(isDatabaseUnavailable(Object.assign(new Error('x'), { code })), code).to.equal(false);
    }
  });

  it('does not take a wrong question for an outage', async () => {
    for (const sql of ['SELECT nonsense', 'SELECT 1/0', "SELECT 'Connection terminated'::int"]) {
      const { error } = await failure(() => database.knex.raw(sql));
      expect(isDatabaseUnavailable(error), sql).to.equal(false);
      expect(translateDatabaseError(error)).to.equal(error);
    }
  });

  it('keeps the values of a failed statement out of its message', async () => {
    const { error } = await failure(() => database.knex.raw('SELECT 1/?::int, ?::text', [0, 'a-secret-value']));
    expect(String(error)).to.not.include('a-secret-value');
  });
});
