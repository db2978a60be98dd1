import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { columnTypes } from '../../src/db/column-types.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts';
import { migrateToLatest } from '../../src/db/migrate.ts';
import { pgCallCounter } from '../../src/rate-limits/pg-call-counter.ts';
import { until } from '../support/start-server.ts';

const LIMIT = 1000;
/** What is counted must not fall into two windows: this one ends in 2038. */
const ENDLESS_SECONDS = 2 ** 31 - 1;

/** Tells whether everything that was counted by now has reached the disk, without causing it. */
function written(pool: pg.Pool): () => Promise<boolean> {
  // At the beginning of a page the next place to write lies behind the page's header of 24 bytes, which is not there yet.
  const counted = pool.query('SELECT pg_current_wal_insert_lsn() - 24 AS lsn').then(({ rows }) => rows[0]?.lsn);
  return async () => {
    const { rows } = await pool.query('SELECT pg_current_wal_flush_lsn() >= $1::pg_lsn AS written', [await counted]);
    return rows[0]?.written === true;
  };
}

describe('counters of rate limits, when PostgreSQL itself crashes', function () {
  // A cluster is made, recovered and stopped, each of which takes its time where others use the machine.
  this.timeout(120_000);

  it('forget no more than their last second, and are exact again at once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-crash-'));
    const embedded = await startEmbeddedPostgres({ dataDir: folder });
    const open = (): pg.Pool => {
      const pool = new pg.Pool({
        connectionString: embedded.databaseUrl,
        max: 4,
        types: columnTypes,
        connectionTimeoutMillis: 5000,
        query_timeout: 10_000,
      });
      pool.on('error', () => {});
      return pool;
    };
    let pool = open();
    try {
      await migrateToLatest({ databaseUrl: embedded.databaseUrl });
      const count = (): Promise<{ granted: boolean; used: number }> =>
        pgCallCounter(pool, (error) => error)({ bucket: 'a', cost: 1, limit: LIMIT, windowSeconds: ENDLESS_SECONDS });
      const durable = await pool.query('SHOW synchronous_commit');
      expect(durable.rows[0]?.synchronous_commit, 'everything else waits for the disk').to.equal('on');
      for (let call = 0; call < 300; call += 1) await count();
      // PostgreSQL documents three times the delay of the writer as the bound; on a busy machine the disk takes longer.
      const delay = await pool.query('SHOW wal_writer_delay');
      expect(delay.rows[0]?.wal_writer_delay, 'three of it are less than a second').to.equal('200ms');
      await until(written(pool), 20_000);
      for (let call = 0; call < 300; call += 1) await count();
      const still = await pool.query('SHOW synchronous_commit');
      expect(still.rows[0]?.synchronous_commit, 'and does so after a count').to.equal('on');

      const file = await readFile(join(embedded.location.clusterFolder, 'postmaster.pid'), 'utf8');
      process.kill(Number(file.split('\n', 1)[0]), 'SIGQUIT');
      // Its connections died with the server; nobody waits for them to say goodbye.
      void pool.end().catch(() => {});
      pool = open();
      await until(
        () =>
          pool.query('SELECT 1').then(
            () => true,
            () => false,
          ),
        20_000,
      );

      const after = await count();
      expect(after.granted).to.equal(true);
      expect(after.used).to.be.within(301, 601);
      const rest = await Promise.all(Array.from({ length: LIMIT }, count));
      expect(rest.filter(({ granted }) => granted)).to.have.length(LIMIT - after.used);
    } finally {
      // With those it has now it is patient, but not for ever: what went wrong above is to be seen.
      await Promise.race([pool.end().catch(() => {}), sleep(5000, undefined, { ref: false })]);
      await embedded.close();
      await rm(embedded.location.home, { recursive: true, force: true });
      await rm(folder, { recursive: true, force: true });
    }
  });
});
