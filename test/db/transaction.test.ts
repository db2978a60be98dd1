import { expect } from 'chai';
import { type Database, openDatabase } from '../../src/db/open-database.ts';
import { createUnitOfWork, type UnitOfWork } from '../../src/db/transaction.ts';
import { freshDatabase } from '../support/test-database.ts';

describe('a unit of work', () => {
  let database: Database;
  let unit: UnitOfWork;

  before(async () => {
    database = openDatabase({ databaseUrl: await freshDatabase('empty'), poolSize: 4 });
    unit = createUnitOfWork(database.knex);
    await database.knex.raw('CREATE TABLE notes (text text)');
  });

  beforeEach(() => database.knex('notes').delete());

  after(() => database.close());

  const write = (text: string): Promise<unknown> => Promise.resolve(unit.current()('notes').insert({ text }));
  const notes = (): PromiseLike<string[]> => database.knex('notes').orderBy('text').pluck('text');

  it('commits what repositories wrote in it, seen by nobody before', async () => {
    await unit.run(async () => {
      await write('a');
      await write('b');
      expect(await notes()).to.deep.equal([]);
    });
    expect(await notes()).to.deep.equal(['a', 'b']);
  });

  it('undoes everything when the work throws, and passes the error on', async () => {
    let caught: unknown;
    await unit
      .run(async () => {
        await write('a');
        throw new RangeError('no');
      })
      .catch((error: unknown) => {
        caught = error;
      });
    expect(caught).to.be.instanceOf(RangeError);
    expect(await notes()).to.deep.equal([]);
  });

  it('joins the run it is called in, so that both are undone together', async () => {
    await unit
      .run(async () => {
        await unit.run(() => write('inner'));
        throw new Error('no');
      })
      .catch(() => {});
    expect(await notes()).to.deep.equal([]);
  });

  it('keeps concurrent runs apart', async () => {
    const runs = ['a', 'b', 'c', 'd'].map((text) =>
      unit.run(async () => {
        await write(text);
        if (text === 'b') throw new Error('no');
      }),
    );
    await Promise.allSettled(runs);
    expect(await notes()).to.deep.equal(['a', 'c', 'd']);
  });

  it('lets work that outlives it write outside of it', async () => {
    let late: Promise<unknown> = Promise.resolve();
    await unit.run(async () => {
      late = new Promise((resolve) => setTimeout(resolve, 50)).then(() => write('late'));
      await write('a');
    });
    await late;
    expect(await notes()).to.deep.equal(['a', 'late']);
  });
});
