import { expect } from 'chai';
import { type Database, openDatabase } from '../../src/db/open-database.ts';
import { freshDatabase, testDatabase } from '../support/test-database.ts';

describe('openDatabase', () => {
  let database: Database;

  before(async () => {
    database = openDatabase({ databaseUrl: await testDatabase() });
  });

  after(() => database.close());

  it('reads bigint as a number and timestamps as dates, in knex and in the pool', async () => {
    const sql = "SELECT 9007199254740991::bigint AS big, count(*) AS many, timestamptz '2026-01-02T03:04:05Z' AS at";
    const expected = { big: 9007199254740991, many: 1, at: new Date('2026-01-02T03:04:05Z') };
    expect((await database.knex.raw(sql)).rows).to.deep.equal([expected]);
    expect((await database.pool.query(sql)).rows).to.deep.equal([expected]);
  });

  it('gives every caller of freshDatabase a database of its own, migrated or empty', async () => {
    const urls = await Promise.all([freshDatabase(), freshDatabase(), freshDatabase('empty')]);
    expect(new Set([...urls, await testDatabase()]).size).to.equal(4);
  });
});
