import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { clientSweeps } from '../../src/clients/pg-client-sweep.ts';
import { openForMaintenance } from '../../src/composition/open-for-maintenance.ts';
import { runSweeps, type Sweep, sweepBy } from '../../src/db/run-sweeps.ts';
import { type Sweeper, startSweeper } from '../../src/db/sweeper.ts';
import { oauthSweeps } from '../../src/oauth/pg-artifact-sweep.ts';
import { userSweeps } from '../../src/users/pg-user-sweep.ts';
import { ownerToken } from '../support/ask.ts';
import { startServer, type TestServer, until } from '../support/start-server.ts';
import { freshDatabase } from '../support/test-database.ts';

const sweeps: readonly Sweep[] = [...oauthSweeps, ...clientSweeps, ...userSweeps];

describe('sweeping', () => {
  let databaseUrl: string;
  let pool: pg.Pool;
  let sweepers: Sweeper[];
  let failures: string[];

  beforeEach(async () => {
    databaseUrl = await freshDatabase();
    pool = new pg.Pool({ connectionString: databaseUrl, max: 5 });
    sweepers = [];
    failures = [];
    await pool.query(`
      INSERT INTO workspaces (name, own) VALUES ('First', true);
      INSERT INTO users (email) VALUES ('ada@example.com');
      INSERT INTO oauth_clients (client_id, workspace_id, client_name, grant_types, token_endpoint_auth_method)
        SELECT 'client', id, 'Client', '{}', 'none' FROM workspaces`);
  });
  afterEach(async () => {
    await Promise.all(sweepers.map((sweeper) => sweeper.stop()));
    await pool.end();
  });

  function sweeper(own: readonly Sweep[] = sweeps, intervalMs = 600_000): Sweeper {
    const made = startSweeper({
      databaseUrl,
      sweeps: own,
      intervalMs,
      onSwept: () => {},
      reportFailure: (error, table) => failures.push(`${table}: ${String(error)}`),
    });
    sweepers.push(made);
    return made;
  }

  /** Inserts an artifact named `name`; times are SQL intervals from now. */
  function artifact(
    name: string,
    model: string,
    expires: string,
    more: { consumed?: string; grant?: string } = {},
  ): Promise<unknown> {
    return pool.query(
      `INSERT INTO oauth_artifacts (id_hash, model, payload, expires_at, consumed_at, grant_id, replay_sealed)
       VALUES (convert_to($1, 'UTF8'), $2, '{}', now() + $3::interval, now() + $4::interval, $5, $6)`,
      [name, model, expires, more.consumed ?? null, more.grant ?? null, more.consumed === undefined ? null : 'sealed'],
    );
  }

  function grant(id: string, expires: string, revoked: string | null = null): Promise<unknown> {
    return pool.query(
      `INSERT INTO oauth_grants (id, user_id, client_id, payload, expires_at, revoked_at)
       SELECT $1, id, 'client', '{}', now() + $2::interval, now() + $3::interval FROM users`,
      [id, expires, revoked],
    );
  }

  function session(name: string, expires: string, seen: string): Promise<unknown> {
    return pool.query(
      `INSERT INTO sessions (id_hash, user_id, user_agent, expires_at, last_seen_at)
       SELECT convert_to($1, 'UTF8'), id, $1, now() + $2::interval, now() + $3::interval FROM users`,
      [name, expires, seen],
    );
  }

  async function names(question: string): Promise<unknown[]> {
    const { rows } = await pool.query(question);
    return rows.map(({ name }) => name);
  }

  const artifacts = (): Promise<unknown[]> =>
    names(`SELECT convert_from(id_hash, 'UTF8') AS name FROM oauth_artifacts ORDER BY name`);

  /** Fills the table with expired replay marks. */
  function pile(rows: number): Promise<unknown> {
    return pool.query(
      `INSERT INTO oauth_artifacts (id_hash, model, payload, expires_at)
       SELECT sha256(convert_to(n::text, 'UTF8')), 'ReplayDetection', '{}', now() - interval '1 hour'
         FROM generate_series(1, $1) n`,
      [rows],
    );
  }

  it('deletes expired artifacts and leaves live ones, those within the tolerance too', async () => {
    await artifact('expired token', 'AccessToken', '-1 minute');
    await artifact('expired code', 'AuthorizationCode', '-16 seconds');
    await artifact('just expired', 'AccessToken', '-5 seconds');
    await artifact('live', 'AccessToken', '1 hour');
    expect(await sweeper().sweepNow()).to.deep.include({ oauth_artifacts: 2 });
    expect(await artifacts()).to.deep.equal(['just expired', 'live']);
  });

  it('keeps a consumed refresh token for a week at most, and an unused one for as long as it lives', async () => {
    await grant('g', '100 days');
    await artifact('used long ago', 'RefreshToken', '20 days', { consumed: '-8 days', grant: 'g' });
    await artifact('used lately', 'RefreshToken', '20 days', { consumed: '-6 days', grant: 'g' });
    await artifact('unused', 'RefreshToken', '20 days', { grant: 'g' });
    await artifact('used code', 'AuthorizationCode', '20 days', { consumed: '-8 days', grant: 'g' });
    await sweeper().sweepNow();
    expect(await artifacts()).to.deep.equal(['unused', 'used code', 'used lately']);
  });

  it('keeps the newest fifty consumed refresh tokens of a family, whatever other families do', async () => {
    await grant('busy', '100 days');
    await grant('calm', '100 days');
    for (let age = 1; age <= 60; age += 1) {
      const name = `busy ${String(age).padStart(2, '0')}`;
      await artifact(name, 'RefreshToken', '20 days', { consumed: `-${age} minutes`, grant: 'busy' });
    }
    await artifact('calm', 'RefreshToken', '20 days', { consumed: '-3 days', grant: 'calm' });
    expect(await sweeper().sweepNow()).to.deep.include({ oauth_artifacts: 10 });
    const left = await artifacts();
    expect(left).to.have.length(51).and.to.include.members(['busy 01', 'busy 50', 'calm']);
  });

  it('forgets the sealed answer of a refresh when it can no longer be repeated, and does not count that as a row', async () => {
    await grant('g', '100 days');
    await artifact('old', 'RefreshToken', '20 days', { consumed: '-2 minutes', grant: 'g' });
    await artifact('new', 'RefreshToken', '20 days', { consumed: '-5 seconds', grant: 'g' });
    expect(await sweeper().sweepNow()).to.deep.include({ oauth_artifacts: 0 });
    expect(
      await names(`SELECT convert_from(id_hash, 'UTF8') AS name FROM oauth_artifacts WHERE replay_sealed IS NOT NULL`),
    ).to.deep.equal(['new']);
  });

  it('deletes revoked and expired grants when their time is over, with what hangs on them', async () => {
    await grant('revoked long ago', '100 days', '-31 days');
    await grant('revoked lately', '100 days', '-29 days');
    await grant('expired', '-2 days');
    await grant('just expired', '-1 hour');
    await grant('live', '100 days');
    await artifact('of the expired grant', 'RefreshToken', '1 hour', { grant: 'expired' });
    expect(await sweeper().sweepNow()).to.deep.include({ oauth_grants: 2 });
    expect(await names('SELECT id AS name FROM oauth_grants ORDER BY id')).to.deep.equal([
      'just expired',
      'live',
      'revoked lately',
    ]);
    expect(await artifacts()).to.deep.equal([]);
  });

  it('deletes sessions past either limit, with what hangs on them', async () => {
    await session('idle', '20 days', '-8 days');
    await session('over', '-1 hour', '-2 hours');
    await session('live', '20 days', '-6 days');
    await artifact('of the idle session', 'Session', '1 hour');
    await pool.query(`UPDATE oauth_artifacts SET session_id = (SELECT id FROM sessions WHERE user_agent = 'idle')`);
    expect(await sweeper().sweepNow()).to.deep.include({ sessions: 2 });
    expect(await names('SELECT user_agent AS name FROM sessions')).to.deep.equal(['live']);
    expect(await artifacts()).to.deep.equal([]);
  });

  it('deletes client secrets a month after they expired, and signing keys a month after they retired', async () => {
    await pool.query(`
      INSERT INTO oauth_client_secrets (client_id, secret_hash, hint, expires_at) VALUES
        ('client', 'x', 'old', now() - interval '31 days'), ('client', 'x', 'late', now() - interval '29 days'),
        ('client', 'x', 'live', now() + interval '1 day'), ('client', 'x', 'ever', NULL);
      INSERT INTO signing_keys (kid, alg, public_jwk, sealed_private_jwk, retires_at) VALUES
        ('old', 'ES256', '{}', '', now() - interval '31 days'), ('late', 'ES256', '{}', '', now() - interval '29 days'),
        ('live', 'ES256', '{}', '', NULL)`);
    expect(await sweeper().sweepNow()).to.deep.include({ oauth_client_secrets: 1, signing_keys: 1 });
    expect(await names('SELECT hint AS name FROM oauth_client_secrets ORDER BY id')).to.deep.equal([
      'late',
      'live',
      'ever',
    ]);
    expect(await names('SELECT kid AS name FROM signing_keys ORDER BY kid')).to.deep.equal(['late', 'live']);
  });

  it('deletes one-time links the day after they ended, used or not', async () => {
    await pool.query(`
      INSERT INTO one_time_links (user_id, purpose, token_hash, expires_at, used_at)
      SELECT id, 'invitation', convert_to(called, 'UTF8'), now() + expires, now() + used
        FROM users, (VALUES ('old', interval '-2 days', NULL), ('old and used', '-2 days', interval '-2 days'),
                            ('used', '-1 hour', '-90 minutes'), ('live', '1 hour', NULL)) AS link (called, expires, used)`);
    expect(await sweeper().sweepNow()).to.include({ one_time_links: 2 });
    expect(
      await names(`SELECT convert_from(token_hash, 'UTF8') AS name FROM one_time_links ORDER BY id`),
    ).to.deep.equal(['used', 'live']);
    expect(failures).to.deep.equal([]);
  });

  it('passes over a table that the database does not have', async () => {
    const missing = sweepBy('not_there', 'DELETE FROM not_there');
    await artifact('expired', 'AccessToken', '-1 minute');
    const swept = await sweeper([missing, ...sweeps]).sweepNow();
    expect(swept).to.not.have.property('not_there');
    expect(swept).to.include({ oauth_artifacts: 1 });
    expect(failures).to.deep.equal([]);
  });

  it('goes on with the next table when one fails', async () => {
    await artifact('expired', 'AccessToken', '-1 minute');
    const wrong = sweepBy('users', 'DELETE FROM users WHERE no_such_column LIMIT $1');
    expect(await sweeper([wrong, ...sweeps]).sweepNow()).to.include({ oauth_artifacts: 1 });
    expect(failures).to.have.length(1);
    expect(failures[0]).to.match(/^users: /);
  });

  it('takes rows that somebody holds another time, instead of waiting for them', async () => {
    await artifact('held', 'AccessToken', '-1 minute');
    await artifact('free', 'AccessToken', '-1 minute');
    const holder = await pool.connect();
    try {
      await holder.query('BEGIN');
      await holder.query(`SELECT 1 FROM oauth_artifacts WHERE id_hash = convert_to('held', 'UTF8') FOR UPDATE`);
      await sweeper().sweepNow();
      expect(await artifacts()).to.deep.equal(['held']);
      await holder.query('ROLLBACK');
    } finally {
      holder.release();
    }
    await sweeper().sweepNow();
    expect(await artifacts()).to.deep.equal([]);
    expect(failures).to.deep.equal([]);
  });

  it('happens in one process at a time', async () => {
    let entered = 0;
    let leave = (): void => {};
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const slow: Sweep = {
      table: 'users',
      sweep: async () => {
        entered += 1;
        await left;
        return 0;
      },
    };
    const first = sweeper([slow]).sweepNow();
    await until(() => entered === 1);
    expect(await sweeper([slow]).sweepNow()).to.equal(null);
    expect(entered).to.equal(1);
    leave();
    expect(await first).to.deep.equal({ users: 0 });
    expect(await sweeper([slow]).sweepNow()).to.deep.equal({ users: 0 });
  });

  it('may be done by a server and by commands at once, every row by one of them', async () => {
    await pile(5000);
    const results = await Promise.all([
      sweeper().sweepNow(),
      runSweeps(pool, sweeps),
      runSweeps(pool, sweeps),
      runSweeps(pool, sweeps),
    ]);
    expect(failures).to.deep.equal([]);
    // A run that meets only rows held by the others ends early; the others take them.
    const total = results.reduce((sum, swept) => sum + (swept?.oauth_artifacts ?? 0), 0);
    const { rows } = await pool.query('SELECT count(*)::int AS count FROM oauth_artifacts');
    expect(total).to.equal(5000 - rows[0]?.count);
    await runSweeps(pool, sweeps);
    expect(await artifacts()).to.deep.equal([]);
  });

  it('takes a hundred thousand rows without keeping anybody waiting', async () => {
    await pile(100_000);
    const sweeping = sweeper().sweepNow();
    let running = true;
    void sweeping.finally(() => {
      running = false;
    });
    const waits: number[] = [];
    while (running) {
      const startedAtMs = performance.now();
      const value = randomBytes(32);
      await pool.query(
        `INSERT INTO oauth_artifacts (id_hash, model, payload, expires_at) VALUES ($1, 'AccessToken', '{}', now() + interval '1 hour')`,
        [value],
      );
      const { rowCount } = await pool.query('UPDATE oauth_artifacts SET consumed_at = now() WHERE id_hash = $1', [
        value,
      ]);
      expect(rowCount).to.equal(1);
      waits.push(performance.now() - startedAtMs);
      await sleep(5);
    }
    expect(await sweeping).to.include({ oauth_artifacts: 100_000 });
    expect(failures).to.deep.equal([]);
    expect(waits.length).to.be.greaterThan(20);
    const median = waits.toSorted((a, b) => a - b)[Math.floor(waits.length / 2)];
    expect(median).to.be.lessThan(100);
    expect(Math.max(...waits)).to.be.lessThan(1000);
  }).timeout(60_000);

  it('ends with the batch under way when it is stopped', async () => {
    await pile(50_000);
    const one = sweeper();
    const sweeping = one.sweepNow();
    await until(async () => (await countArtifacts(pool)) < 50_000);
    const startedAtMs = performance.now();
    await one.stop();
    expect(performance.now() - startedAtMs).to.be.lessThan(2000);
    await sweeping;
    const left = await countArtifacts(pool);
    expect(left).to.be.greaterThan(0);
    expect(await one.sweepNow()).to.equal(null);
    expect(await countArtifacts(pool)).to.equal(left);
  });

  it('starts on its own, again and again, and outlives a database that does not answer', async () => {
    sweeper(sweeps, 20);
    for (let round = 1; round <= 2; round += 1) {
      await artifact(`expired ${round}`, 'AccessToken', '-1 minute');
      await until(async () => (await artifacts()).length === 0);
    }
    await pool.query(`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'latchkey sweeper'`);
    await artifact('expired after that', 'AccessToken', '-1 minute');
    await until(async () => (await artifacts()).length === 0);
    const nowhere = startSweeper({
      databaseUrl: 'postgres://127.0.0.1:1/nowhere',
      sweeps,
      onSwept: () => {},
      reportFailure: (error) => failures.push(String(error)),
    });
    expect(await nowhere.sweepNow()).to.equal(null);
    expect(failures.at(-1)).to.include('ECONNREFUSED');
    await nowhere.stop();
  });
});

async function countArtifacts(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query('SELECT count(*)::int AS count FROM oauth_artifacts');
  return Number(rows[0]?.count);
}

describe('latchkey prune', () => {
  let server: TestServer;

  before(async () => {
    server = await startServer();
  });
  after(() => server.stop());

  it('deletes what has expired beside a running server and says how much of each table', async () => {
    const token = await ownerToken(server);
    const { pool } = server.composed.installation.database;
    await pool.query(`
      INSERT INTO oauth_artifacts (id_hash, model, payload, expires_at)
      SELECT sha256(convert_to(n::text, 'UTF8')), 'ReplayDetection', '{}', now() - interval '1 hour'
        FROM generate_series(1, 1200) n`);
    const maintenance = await openForMaintenance({
      NODE_ENV: 'test',
      LOG_LEVEL: 'silent',
      DATABASE_URL: server.databaseUrl,
      DATA_DIR: server.dataDir,
    });
    try {
      expect(await maintenance.prune()).to.include({
        oauth_artifacts: 1200,
        oauth_grants: 0,
        signing_keys: 0,
        sessions: 0,
        oauth_client_secrets: 0,
      });
    } finally {
      await maintenance.close();
    }
    const answer = await fetch(`${server.url}/api/clients`, { headers: { Authorization: `Bearer ${token}` } });
    expect(answer.status).to.equal(200);
  });
});
