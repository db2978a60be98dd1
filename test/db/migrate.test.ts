import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigurationError } from '../../src/core/errors.ts';
import { migrateToLatest, migrationStatus, rollbackOne } from '../../src/db/migrate.ts';
import { loadMigrations, migrationSource } from '../../src/db/migration-source.ts';
import { type Database, openDatabase } from '../../src/db/open-database.ts';
import { startChild } from '../support/child-program.ts';
import { freshDatabase } from '../support/test-database.ts';

const FIRST = `
export const up = (knex) => knex.raw('CREATE TABLE first (id integer)');
export const down = (knex) => knex.raw('DROP TABLE first');`;
const SECOND = `
export const up = (knex) => knex.raw('CREATE TABLE second (id integer)');
export const down = (knex) => knex.raw('DROP TABLE second');`;
const SLOW_SECOND = `
export const up = async (knex) => {
  await knex.raw('CREATE TABLE second (id integer)');
  console.log('inside');
  await knex.raw('SELECT pg_sleep(20)');
};
export const down = (knex) => knex.raw('DROP TABLE second');`;

describe('migrations', () => {
  let databaseUrl: string;
  let database: Database;
  let folder: string;

  beforeEach(async () => {
    databaseUrl = await freshDatabase('empty');
    database = openDatabase({ databaseUrl, poolSize: 2 });
    folder = await mkdtemp(join(tmpdir(), 'latchkey-migrations-'));
  });

  afterEach(async () => {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  const write = (files: Record<string, string>): Promise<unknown> =>
    Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));

  const tables = async (): Promise<string[]> =>
    (await database.knex('pg_tables').where({ schemaname: 'public' }).orderBy('tablename').pluck('tablename')).filter(
      (name) => name !== 'knex_migrations',
    );

  async function refusal(work: () => Promise<unknown>): Promise<ConfigurationError> {
    try {
      await work();
    } catch (error) {
      if (error instanceof ConfigurationError) return error;
      throw error;
    }
    throw new Error('It was expected to be refused.');
  }

  it('of the product go all the way up, all the way down, and up again', async () => {
    const names = (await loadMigrations()).map(({ name }) => name);
    expect(await migrateToLatest({ databaseUrl })).to.deep.equal(names);
    expect(await migrationStatus(database.knex)).to.deep.equal({ applied: names, pending: [] });
    const undone: (string | null)[] = [];
    for (let index = 0; index < names.length; index++) undone.push(await rollbackOne({ databaseUrl }));
    expect(undone).to.deep.equal(names.toReversed());
    expect(await rollbackOne({ databaseUrl })).to.equal(null);
    expect(await tables()).to.deep.equal([]);
    expect(await migrateToLatest({ databaseUrl })).to.deep.equal(names);
    expect(await migrateToLatest({ databaseUrl })).to.deep.equal([]);
  });

  it('keep their names when the same files come compiled', async () => {
    await write({ '0001_first.ts': FIRST.replaceAll('(knex)', '(knex: any)') });
    expect(await migrateToLatest({ databaseUrl, folder })).to.deep.equal(['0001_first']);
    await rm(join(folder, '0001_first.ts'));
    await write({ '0001_first.js': FIRST, '0001_first.d.ts': '', '0002_second.js': SECOND });
    expect(await migrationStatus(database.knex, folder)).to.deep.equal({
      applied: ['0001_first'],
      pending: ['0002_second'],
    });
    expect(await migrateToLatest({ databaseUrl, folder })).to.deep.equal(['0002_second']);
  });

  it('report everything pending for a database that was never migrated, and change nothing', async () => {
    await write({ '0001_first.js': FIRST });
    expect(await migrationStatus(database.knex, folder)).to.deep.equal({ applied: [], pending: ['0001_first'] });
    expect((await database.knex.raw("SELECT to_regclass('knex_migrations') AS found")).rows[0].found).to.equal(null);
  });

  it('stop at the one that fails, keep those before it and nothing of it', async () => {
    const broken = `
      export const up = async (knex) => { await knex.raw('CREATE TABLE half (id integer)'); await knex.raw('nonsense'); };
      export const down = async () => {};`;
    await write({ '0001_first.js': FIRST, '0002_broken.js': broken });
    let failed = false;
    await migrateToLatest({ databaseUrl, folder }).catch(() => {
      failed = true;
    });
    expect(failed).to.equal(true);
    expect(await tables()).to.deep.equal(['first']);
    expect((await migrationStatus(database.knex, folder)).applied).to.deep.equal(['0001_first']);
  });

  it('refuse a database that a newer version migrated, with a sentence', async () => {
    await write({ '0001_first.js': FIRST, '0002_second.js': SECOND });
    await migrateToLatest({ databaseUrl, folder });
    await rm(join(folder, '0002_second.js'));
    for (const work of [
      () => migrateToLatest({ databaseUrl, folder }),
      () => migrationStatus(database.knex, folder),
      () => rollbackOne({ databaseUrl, folder }),
    ]) {
      const [fault] = (await refusal(work)).faults;
      expect(fault?.code).to.equal('NEWER_SCHEMA');
      expect(fault?.message).to.include('0002_second');
    }
  });

  it('are applied once when five processes start at the same moment (R-09)', async () => {
    const children = Array.from({ length: 5 }, () => startChild('migrate-child.ts', { parameters: [databaseUrl] }));
    const codes = await Promise.all(children.map((child) => child.ended()));
    expect(codes, children.flatMap(({ lines }) => lines).join('\n')).to.deep.equal([0, 0, 0, 0, 0]);
    const counts = await Promise.all(children.map(async (child) => Number(await child.line('done'))));
    const names = (await loadMigrations()).map(({ name }) => name);
    expect(counts.reduce((sum, count) => sum + count, 0)).to.equal(names.length);
    expect((await migrationStatus(database.knex)).applied).to.deep.equal(names);
  });

  it('recover by themselves from kill -9 in the middle of one (R-10)', async () => {
    await write({ '0001_first.js': FIRST, '0002_second.js': SLOW_SECOND });
    const victim = startChild('migrate-child.ts', { parameters: [databaseUrl, folder] });
    await victim.line('inside');
    victim.signal('SIGKILL');
    await victim.ended();
    await write({ '0002_second.js': SECOND });
    const successor = startChild('migrate-child.ts', { parameters: [databaseUrl, folder] });
    expect(await successor.ended()).to.equal(0);
    expect(await tables()).to.deep.equal(['first', 'second']);
  });

  it('lie in a source that the command line of knex understands', async () => {
    await migrateToLatest({ databaseUrl });
    const answer: unknown = await database.knex.migrate.latest({ migrationSource: migrationSource() });
    expect(answer).to.have.nested.property('[1]').that.deep.equals([]);
  });
});
