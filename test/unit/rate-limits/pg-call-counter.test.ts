import { expect } from 'chai';
import type { Pool } from 'pg';
import { DependencyDown } from '../../../src/core/errors.ts';
import { pgCallCounter } from '../../../src/rate-limits/pg-call-counter.ts';

/** A database that answers when it is told to. */
function slowDatabase(): {
  pool: Pick<Pool, 'query'>;
  open: { answer: (rows: unknown[]) => void; fail: (error: unknown) => void }[];
} {
  const open: { answer: (rows: unknown[]) => void; fail: (error: unknown) => void }[] = [];
  const query = (): Promise<unknown> =>
    new Promise((resolve, reject) => open.push({ answer: (rows) => resolve({ rows }), fail: reject }));
  return { pool: { query } as unknown as Pick<Pool, 'query'>, open };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const call = (bucket: string) => ({ bucket, cost: 1, limit: 10, windowSeconds: 3600 });

describe('the counter, whatever the database does', () => {
  it('fails everybody who waits when the database is down, not only those of the statement', async () => {
    const { pool, open } = slowDatabase();
    const count = pgCallCounter(pool, () => new DependencyDown('database'));
    const calls: Promise<unknown>[] = [];
    for (const bucket of ['a', 'b', 'c', 'd']) {
      calls.push(count(call(bucket)));
      await turn();
    }
    expect(open, 'two statements under way, two calls behind them').to.have.length(2);
    open[0]?.fail(new Error('connection lost'));
    const [first, , third, fourth] = await Promise.all(
      calls.map((one, index) => (index === 1 ? null : one.catch((error: unknown) => error))),
    );
    for (const error of [first, third, fourth]) expect(error).to.be.instanceOf(DependencyDown);
    open[1]?.answer([{ bucket: 'b', granted: 1, used: 1, now_seconds: 1 }]);
    expect(await calls[1]).to.deep.equal({ granted: true, used: 1, nowSeconds: 1 });
  });

  it('fails only the statement for any other fault, and goes on', async () => {
    const { pool, open } = slowDatabase();
    const count = pgCallCounter(pool, (error) => error);
    const failed = count(call('a')).catch((error: unknown) => error);
    await turn();
    open[0]?.fail(new Error('strange'));
    expect(await failed).to.be.instanceOf(Error);
    const next = count(call('a'));
    await turn();
    open[1]?.answer([{ bucket: 'a', granted: 0, used: 10, now_seconds: 1 }]);
    expect(await next).to.deep.equal({ granted: false, used: 10, nowSeconds: 1 });
  });

  it('never allows a call that the answer leaves out, or says nothing about', async () => {
    for (const rows of [
      [],
      [{ bucket: 'other', granted: 1, used: 1, now_seconds: 1 }],
      [{ bucket: 'a', now_seconds: 1 }],
    ]) {
      const { pool, open } = slowDatabase();
      const counted = pgCallCounter(pool, (error) => error)(call('a'));
      const settled = counted.then(
        ({ granted }) => granted,
        () => 'failed',
      );
      await turn();
      open[0]?.answer(rows);
      expect(await Promise.race([settled, turn().then(() => 'hangs')]), JSON.stringify(rows)).to.not.equal(true);
    }
  });

  it('splits a crowd of buckets into statements of five hundred', async () => {
    const { pool, open } = slowDatabase();
    const count = pgCallCounter(pool, (error) => error);
    for (let bucket = 0; bucket < 1200; bucket += 1) void count(call(`b${bucket}`)).catch(() => {});
    await turn();
    expect(open).to.have.length(2);
    open[0]?.fail(new Error('over'));
    await turn();
    expect(open).to.have.length(3);
  });
});
