import { expect } from 'chai';
import pg from 'pg';
import { columnTypes } from '../../src/db/column-types.ts';
import { translateDatabaseError } from '../../src/db/database-error.ts';
import { type CountableCall, type CountedCall, pgCallCounter } from '../../src/rate-limits/pg-call-counter.ts';
import { bufferUsage } from '../../src/usage/buffer-usage.ts';
import { pgStoreUsage } from '../../src/usage/pg-store-usage.ts';
import { freshDatabase } from '../support/test-database.ts';
import { hourWithRoom } from '../support/window-with-room.ts';

type Count = (call: CountableCall) => Promise<CountedCall>;

const PROCESSES = 2;
const CONNECTIONS = 4;
const HOUR_SECONDS = 3600;
/** What a test counts must not fall into two windows: this one ends in 2038. */
const ENDLESS_SECONDS = 2 ** 31 - 1;

describe('counting calls in two processes at once', () => {
  let pools: readonly pg.Pool[];
  let counters: readonly Count[];
  let database: pg.Pool;

  before(async () => {
    const databaseUrl = await freshDatabase();
    pools = Array.from({ length: PROCESSES }, () => openPool(databaseUrl));
    counters = pools.map((pool) => pgCallCounter(pool, translateDatabaseError));
    database = openPool(databaseUrl);
  });
  after(() => Promise.all([...pools, database].map((pool) => pool.end())));

  function openPool(connectionString: string): pg.Pool {
    // Who waits in a circle is found out quickly, where somebody does.
    const options = '-c deadlock_timeout=20ms';
    return new pg.Pool({ connectionString, max: CONNECTIONS, types: columnTypes, options });
  }

  /** Asks for calls that take turns over the processes; `call` may differ with its number. */
  function countAll(calls: number, call: (index: number) => CountableCall): Promise<CountedCall[]> {
    return Promise.all(
      Array.from({ length: calls }, (_, index) => {
        const counter = counters[index % PROCESSES];
        if (counter === undefined) throw new Error('a process is missing');
        return counter(call(index));
      }),
    );
  }

  async function usedOf(bucket: string): Promise<number> {
    const { rows } = await database.query<{ used: number }>('SELECT used FROM rate_limit_windows WHERE bucket = $1', [
      bucket,
    ]);
    return rows[0]?.used ?? 0;
  }

  const grantedOf = (counted: readonly CountedCall[]): number => counted.filter(({ granted }) => granted).length;

  it('grants exactly the ten that are left to two hundred who ask, and tells each of the ten another number', async () => {
    for (let round = 0; round < 10; round += 1) {
      const bucket = `ten left ${round}`;
      await countAll(1, () => ({ bucket, cost: 90, limit: 100, windowSeconds: ENDLESS_SECONDS }));
      const counted = await countAll(200, () => ({ bucket, cost: 1, limit: 100, windowSeconds: ENDLESS_SECONDS }));
      expect(grantedOf(counted)).to.equal(10);
      const stood = counted.filter(({ granted }) => granted).map(({ used }) => used);
      expect(stood.sort((left, right) => left - right)).to.deep.equal([91, 92, 93, 94, 95, 96, 97, 98, 99, 100]);
      expect(await usedOf(bucket)).to.equal(100);
    }
  });

  it('grants each call whole or not at all, whatever the mixture of costs', async () => {
    for (let round = 0; round < 10; round += 1) {
      const bucket = `mixture ${round}`;
      const cost = (index: number): number => [1, 2, 3, 7, 50][index % 5] ?? 1;
      const counted = await countAll(200, (index) => ({
        bucket,
        cost: cost(index),
        limit: 97,
        windowSeconds: ENDLESS_SECONDS,
      }));
      const sum = counted.reduce((total, { granted }, index) => total + (granted ? cost(index) : 0), 0);
      expect(sum).to.equal(await usedOf(bucket));
      expect(sum).to.be.at.most(97);
      // Whoever was refused could not have fitted, at least not at the end.
      counted.forEach(({ granted }, index) => {
        if (!granted && cost(index) === 1) expect(sum).to.equal(97);
      });
    }
  });

  it('holds each call against the limit that it came with, while the limit is being changed', async () => {
    const bucket = 'changing';
    const limit = (index: number): number => (index % 2 === 0 ? 40 : 60);
    const counted = await countAll(200, (index) => ({
      bucket,
      cost: 1,
      limit: limit(index >> 1),
      windowSeconds: ENDLESS_SECONDS,
    }));
    expect(await usedOf(bucket)).to.equal(60);
    expect(grantedOf(counted)).to.equal(60);
    const lower = await countAll(5, () => ({ bucket, cost: 1, limit: 10, windowSeconds: ENDLESS_SECONDS }));
    expect(grantedOf(lower)).to.equal(0);
    expect(lower[0]?.used).to.equal(60);
    expect(await usedOf(bucket)).to.equal(60);
  });

  it('starts from nothing when the window is over by the clock of the database, and only once', async () => {
    await hourWithRoom();
    const bucket = 'turning';
    await countAll(100, () => ({ bucket, cost: 1, limit: 100, windowSeconds: HOUR_SECONDS }));
    await database.query("UPDATE rate_limit_windows SET window_start = window_start - interval '1 hour'");
    const counted = await countAll(200, () => ({ bucket, cost: 1, limit: 100, windowSeconds: HOUR_SECONDS }));
    expect(grantedOf(counted)).to.equal(100);
    expect(await usedOf(bucket)).to.equal(100);
    const { rows } = await database.query(
      "SELECT window_start = date_trunc('hour', now(), 'UTC') AS aligned FROM rate_limit_windows WHERE bucket = $1",
      [bucket],
    );
    expect(rows).to.deep.equal([{ aligned: true }]);
  });

  it('never goes back to a window that is over, when a clock does', async () => {
    await hourWithRoom();
    const bucket = 'back';
    await countAll(100, () => ({ bucket, cost: 1, limit: 100, windowSeconds: HOUR_SECONDS }));
    await database.query("UPDATE rate_limit_windows SET window_start = window_start + interval '1 hour'");
    expect(
      grantedOf(await countAll(20, () => ({ bucket, cost: 1, limit: 100, windowSeconds: HOUR_SECONDS }))),
    ).to.equal(0);
  });

  it('lets nobody else pay for a call with a number that no call has', async () => {
    const strange = [0, -1, 1.5, Number.NaN, 2 ** 31].map((cost) => ({ bucket: 'strange', cost, limit: 10 }));
    const calls = [...strange, { bucket: 'strange', cost: 1, limit: 10.5 }, { bucket: 'strange', cost: 1, limit: -1 }];
    const settled = await Promise.allSettled([
      ...calls.map((call) => countAll(1, () => ({ ...call, windowSeconds: ENDLESS_SECONDS }))),
      countAll(1, () => ({ bucket: 'good', cost: 1, limit: 10, windowSeconds: ENDLESS_SECONDS })),
    ]);
    expect(settled.map(({ status }) => status)).to.deep.equal([...calls.map(() => 'rejected'), 'fulfilled']);
    expect(await usedOf('strange')).to.equal(0);
  });

  it('refuses a call that costs more than the limit and counts nothing', async () => {
    const [counted] = await countAll(1, () => ({
      bucket: 'dear',
      cost: 11,
      limit: 10,
      windowSeconds: ENDLESS_SECONDS,
    }));
    expect(counted).to.include({ granted: false, used: 0 });
  });

  describe('many buckets', () => {
    const BUCKETS = 40;
    const ROUNDS = 15;
    /** Every statement asks for all buckets, from another beginning. */
    const askInTurns = (count: (round: number) => Promise<unknown>): Promise<PromiseSettledResult<unknown>[]> =>
      Promise.allSettled(Array.from({ length: 64 }, (_, index) => inRounds(() => count(index))));
    async function inRounds(work: () => Promise<unknown>): Promise<void> {
      for (let round = 0; round < ROUNDS; round += 1) await work();
    }
    const bucketOf = (round: number, index: number): string =>
      `many ${String((round * 7 + index * (round % 2 === 0 ? 1 : BUCKETS - 1)) % BUCKETS).padStart(2, '0')}`;

    /** Sixty-four at a time, each through a counter of its own, so that statements meet as in as many processes. */
    function crowd(change: (text: string) => string): Promise<PromiseSettledResult<unknown>[]> {
      return askInTurns((round) => {
        const pool = pools[round % PROCESSES];
        if (pool === undefined) throw new Error('a process is missing');
        const query = (statement: { text: string }): unknown =>
          pool.query({ ...statement, name: change.name, text: change(statement.text) });
        const count = pgCallCounter({ query } as Pick<pg.Pool, 'query'>, (error) => error);
        return Promise.all(
          Array.from({ length: BUCKETS }, (_, index) =>
            count({ bucket: bucketOf(round, index), cost: 1, limit: 1_000_000, windowSeconds: ENDLESS_SECONDS }),
          ),
        );
      });
    }

    it('are counted without a deadlock and without losing a call', async () => {
      await database.query('TRUNCATE rate_limit_windows');
      const settled = await crowd(function ordered(text) {
        return text;
      });
      expect(settled.filter(({ status }) => status === 'rejected')).to.deep.equal([]);
      const { rows } = await database.query<{ used: number; buckets: number }>(
        'SELECT sum(used)::bigint AS used, count(*) AS buckets FROM rate_limit_windows',
      );
      expect(rows).to.deep.equal([{ used: 64 * ROUNDS * BUCKETS, buckets: BUCKETS }]);
    }).timeout(60_000);

    it('deadlock as soon as the order is taken out of the statement', async () => {
      await database.query('TRUNCATE rate_limit_windows');
      const settled = await crowd(function unordered(text) {
        expect(text).to.include('ORDER BY k.bucket');
        return text.replace('ORDER BY k.bucket', '');
      });
      const reasons = settled.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
      expect(reasons.length).to.be.above(0);
      for (const reason of reasons) expect(reason).to.include('deadlock detected');
    }).timeout(60_000);
  });

  describe('use, written down by two processes', () => {
    it('adds up, and deadlocks never', async () => {
      const failures: unknown[] = [];
      const buffers = pools.map((pool) =>
        bufferUsage({
          store: pgStoreUsage(pool),
          reportFailure: (error) => failures.push(error),
          flushMs: 5,
        }),
      );
      for (let round = 0; round < 60; round += 1) {
        for (const [index, buffer] of buffers.entries()) {
          for (let meter = 0; meter < 200; meter += 1) {
            // The processes meet the meters in opposite orders.
            const id = index === 0 ? meter : 199 - meter;
            buffer.record({
              meter: `credential:${id}`,
              allowed: round % 3 !== 0,
              scopes: round % 3 === 0 ? [] : ['posts:read', 'posts:write'],
              address: '192.0.2.1',
            });
          }
        }
        await Promise.all(buffers.map((buffer) => buffer.flush()));
      }
      await Promise.all(buffers.map((buffer) => buffer.close()));
      expect(failures).to.deep.equal([]);
      const { rows } = await database.query(
        'SELECT sum(allowed)::bigint AS allowed, sum(denied)::bigint AS denied, count(DISTINCT meter) AS meters FROM usage_hours',
      );
      expect(rows).to.deep.equal([{ allowed: 2 * 200 * 40, denied: 2 * 200 * 20, meters: 200 }]);
    });
  });
});
