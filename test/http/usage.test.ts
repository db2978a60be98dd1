import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { openForMaintenance } from '../../src/composition/open-for-maintenance.ts';
import { pgReadScopeUse } from '../../src/usage/pg-scope-use.ts';
import { runLatchkey } from '../cli/run-latchkey.ts';
import { type Answer, ask, askJson, ownerToken, registerMachine } from '../support/ask.ts';
import { freePort } from '../support/free-port.ts';
import { administrator } from '../support/person.ts';
import { signedIn } from '../support/signed-in.ts';
import { clientToken, startServer, type TestServer, until } from '../support/start-server.ts';
import { hourWithRoom } from '../support/window-with-room.ts';

interface Key {
  readonly id: number;
  readonly key: string;
}

interface Report {
  readonly total: number;
  readonly data: readonly { readonly at: string; readonly allowed: number; readonly denied: number }[];
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('usage', () => {
  let server: TestServer;
  let owner: string;

  before(async () => {
    // Hours and days are those of UTC, also where the database would cut them elsewhere.
    server = await startServer();
    owner = await ownerToken(server);
    await query("UPDATE workspaces SET rate_limit_tier = 'enterprise'");
  });
  // What is used now is looked for in the hour and the day of now.
  beforeEach(() => hourWithRoom());
  after(() => server.stop());

  const query = (text: string, values: unknown[] = []) =>
    server.composed.installation.database.pool.query(text, values);
  const own = (method: string, path: string, body?: unknown): Promise<Answer> =>
    askJson(server, method, path, owner, body);

  async function newKey(more: Record<string, unknown> = {}): Promise<Key> {
    const answer = await own('POST', '/api/keys', { name: 'Measured', scopes: ['posts:read'], ...more });
    expect(answer.status, answer.text).to.equal(201);
    return answer.json as Key;
  }
  const verify = (credential: string, scope = 'posts:read', headers: Record<string, string> = {}): Promise<Answer> =>
    ask(server, `/verify?scope=${scope}`, { headers: { Authorization: `Bearer ${credential}`, ...headers } });

  async function report(path: string): Promise<Report> {
    await server.composed.flushUsage();
    const answer = await own('GET', path);
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.json).to.have.all.keys('total', 'data');
    return answer.json as Report;
  }
  const keyReport = ({ id }: Key, bounds = ''): Promise<Report> => report(`/api/keys/${id}/usage${bounds}`);

  async function used(meter: string, at: Date, allowed: number, denied = 0): Promise<void> {
    await query('INSERT INTO usage_hours (meter, hour, allowed, denied) VALUES ($1, $2, $3, $4)', [
      meter,
      at.toISOString(),
      allowed,
      denied,
    ]);
  }
  const hoursAgo = (hours: number): Date => new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS - hours * HOUR_MS);

  describe('a report', () => {
    it('says how often a key was allowed and denied, by the day and by the hour, literally', async () => {
      const key = await newKey();
      for (let time = 0; time < 3; time += 1) expect((await verify(key.key)).status).to.equal(200);
      expect((await verify(key.key, 'posts:delete')).status).to.equal(403);
      const day = `${new Date().toISOString().slice(0, 10)}T00:00:00.000Z`;
      expect(await keyReport(key)).to.deep.equal({ total: 4, data: [{ at: day, allowed: 3, denied: 1 }] });
      expect(await keyReport(key, '?interval=hour')).to.deep.equal({
        total: 4,
        data: [{ at: hoursAgo(0).toISOString(), allowed: 3, denied: 1 }],
      });
    });

    it('is empty for a key that was never used', async () => {
      expect(await keyReport(await newKey())).to.deep.equal({ total: 0, data: [] });
    });

    it('has the bounds that were asked for, whole hours and days, the last seven days unless said', async () => {
      const key = await newKey();
      const meter = `credential:${key.id}`;
      for (const hours of [1, 2, 30, 24 * 6, 24 * 9]) await used(meter, hoursAgo(hours), 1);
      expect((await keyReport(key, '?interval=hour')).total).to.equal(4);
      const [from, to] = [hoursAgo(2).toISOString(), hoursAgo(1).toISOString()];
      expect((await keyReport(key, `?interval=hour&from=${from}&to=${to}`)).data).to.deep.equal([
        { at: from, allowed: 1, denied: 0 },
      ]);
      expect(
        (
          await keyReport(
            key,
            `?from=${hoursAgo(24 * 12)
              .toISOString()
              .slice(0, 10)}`,
          )
        ).total,
      ).to.equal(5);
      expect(
        (
          await keyReport(
            key,
            `?to=${hoursAgo(24 * 8)
              .toISOString()
              .slice(0, 10)}`,
          )
        ).total,
      ).to.equal(1);
    });

    it('is a 422 on the field that makes no sense', async () => {
      const { id } = await newKey();
      const faults: readonly (readonly [string, string])[] = [
        ['from=yesterday', 'from'],
        ['from=2026-13-01', 'from'],
        ['to=1', 'to'],
        ['from=2026-01-02&to=2026-01-01', 'from'],
        ['from=2999-01-01', 'from'],
        ['from=1999-01-01', 'from'],
        ['interval=hour&from=2020-01-01&to=2020-01-02', 'from'],
        ['interval=minute', 'interval'],
        ['from=2026-01-01&from=2026-01-02', 'from'],
        ['limit=5', 'limit'],
      ];
      for (const [bounds, field] of faults) {
        const answer = await own('GET', `/api/keys/${id}/usage?${bounds}`);
        expect(answer.status, bounds).to.equal(422);
        expect(Object.keys((answer.json as { errors: object }).errors), bounds).to.deep.equal([field]);
      }
    });

    it('counts a key and the key that replaces it apart', async () => {
      const old = await newKey();
      await verify(old.key);
      const { json } = await own('POST', `/api/keys/${old.id}/rotate`, {});
      const next = json as Key;
      await verify(next.key);
      await verify(next.key);
      await verify(old.key);
      expect((await keyReport(old)).total).to.equal(2);
      expect((await keyReport(next)).total).to.equal(2);
    });

    it('exists for personal access tokens and clients too', async () => {
      const browser = await signedIn(server, administrator(server));
      const { json } = await browser.ask('POST', '/api/tokens', { name: 'Script', scopes: ['posts:read'] });
      const { id, token } = json as { id: number; token: string };
      await verify(token);
      await server.composed.flushUsage();
      const ofToken = await browser.ask('GET', `/api/tokens/${id}/usage`);
      expect(ofToken.status, ofToken.text).to.equal(200);
      expect((ofToken.json as Report).total).to.equal(1);

      const machine = await registerMachine(server, owner, 'posts:read');
      for (let time = 0; time < 2; time += 1) await verify(await clientToken(server, machine, 'posts:read'));
      expect((await report(`/api/clients/${machine.clientId}/usage`)).total).to.equal(2);
    });
  });

  describe('who sees it', () => {
    it('is who may see the thing itself; for others it does not exist', async () => {
      const key = await newKey();
      const manager = await newKey({ scopes: ['keys:manage'] });
      const reader = await newKey();
      const workspace = (await own('POST', '/api/workspaces', { name: 'Elsewhere' })).json as { id: number };
      const elsewhere = await newKey({ workspace_id: workspace.id, scopes: ['keys:manage'] });
      const seen = async (caller: string, path: string): Promise<number> =>
        (await askJson(server, 'GET', path, caller)).status;
      const path = `/api/keys/${key.id}/usage`;
      expect(await seen(manager.key, path)).to.equal(200);
      expect(await seen(reader.key, path)).to.equal(403);
      expect(await seen(elsewhere.key, path)).to.equal(404);
      expect(await seen(elsewhere.key, `/api/keys/${elsewhere.id}/usage`)).to.equal(200);
      expect(await seen(manager.key, '/api/clients/anything/usage')).to.equal(403);
      expect(await seen(owner, '/api/tokens/1/usage'), 'a program has no tokens').to.equal(403);
      expect((await ask(server, path)).status).to.equal(401);
    });

    it('is a 404 for what is not there, was deleted, or is of another kind', async () => {
      const gone = await newKey({ environment: 'test' });
      expect((await own('DELETE', `/api/keys/${gone.id}`)).status).to.equal(204);
      const browser = await signedIn(server, administrator(server));
      const { id: tokenId } = (await browser.ask('POST', '/api/tokens', { name: 'Script' })).json as { id: number };
      for (const id of [gone.id, tokenId, 999_999_999, 'x', '0', '1e3', '99999999999999999999', '%00']) {
        expect((await own('GET', `/api/keys/${id}/usage`)).status, String(id)).to.equal(404);
      }
      for (const id of ['nobody', '%00', gone.id]) {
        expect((await own('GET', `/api/clients/${id}/usage`)).status, String(id)).to.equal(404);
      }
      for (const id of [gone.id, 999_999_999, 'x']) {
        expect((await browser.ask('GET', `/api/tokens/${id}/usage`)).status, String(id)).to.equal(404);
      }
    });

    it('is, for a token, nobody but the person it acts for', async () => {
      const administratorsBrowser = await signedIn(server, administrator(server));
      const made = await administratorsBrowser.ask('POST', '/api/tokens', { name: 'Mine', scopes: ['tokens:manage'] });
      const mine = made.json as { id: number; token: string };
      const account = { email: 'grace@example.com', password: 'a quiet river in the north' };
      const created = await own('POST', '/api/users', { ...account, name: 'Grace', role: 'owner' });
      expect(created.status, created.text).to.equal(201);
      const other = await signedIn(server, account);
      expect((await other.ask('GET', `/api/tokens/${mine.id}/usage`)).status).to.equal(404);
      expect((await askJson(server, 'GET', `/api/tokens/${mine.id}/usage`, mine.token)).status).to.equal(200);
    });
  });

  describe('what is remembered', () => {
    it('is when and from where a credential was last allowed, not where it was refused', async () => {
      const key = await newKey();
      await verify(key.key);
      await server.composed.flushUsage();
      const { json } = await own('GET', `/api/keys/${key.id}`);
      const { last_used_at: lastUsedAt } = json as { last_used_at: string };
      expect(Date.now() - Date.parse(lastUsedAt)).to.be.within(-2000, 10_000);
      const address = async (): Promise<unknown> =>
        (await query('SELECT address FROM usage_last WHERE meter = $1', [`credential:${key.id}`])).rows[0]?.address;
      expect(await address()).to.be.oneOf(['127.0.0.1', '::1']);
    });

    it('is which scopes were exercised and when, and of several that would do only those that are held', async () => {
      const key = await newKey({ scopes: ['posts:read', 'posts:write', 'categories:read'] });
      await verify(key.key);
      await verify(key.key, 'posts:delete');
      await ask(server, '/verify?any=posts:write,posts:delete,made:up', {
        headers: { Authorization: `Bearer ${key.key}` },
      });
      await server.composed.flushUsage();
      const readScopeUse = pgReadScopeUse(server.composed.installation.database.pool);
      const lastDay = new Date().toISOString().slice(0, 10);
      expect(await readScopeUse(`credential:${key.id}`, 1)).to.deep.equal([
        { scope: 'posts:read', calls: 1, lastDay },
        { scope: 'posts:write', calls: 1, lastDay },
      ]);
    });

    it('is nothing for a question that costs nothing', async () => {
      const key = await newKey();
      await own('POST', '/api/verify', { credential: key.key, scopes: ['posts:read'], cost: 0 });
      expect((await keyReport(key)).total).to.equal(0);
    });

    it('is written within about a second without anybody asking for it', async () => {
      const key = await newKey();
      await verify(key.key);
      await until(async () => {
        const { rows } = await query('SELECT allowed FROM usage_hours WHERE meter = $1', [`credential:${key.id}`]);
        return rows[0]?.allowed === 1;
      }, 3000);
    });

    it('is cut at the hours and days of UTC, in whatever zone the database lives', async () => {
      const key = await newKey();
      const { pathname } = new URL(server.databaseUrl);
      await query(`ALTER DATABASE "${pathname.slice(1)}" SET timezone = 'Asia/Kathmandu'`);
      const { databaseUrl, dataDir, issuer } = server;
      const other = await startServer({ DATABASE_URL: databaseUrl, DATA_DIR: dataDir, ISSUER: issuer });
      try {
        await ask(other, '/verify?scope=posts:read', { headers: { Authorization: `Bearer ${key.key}` } });
        await other.composed.flushUsage();
        const answer = await askJson(other, 'GET', `/api/keys/${key.id}/usage?interval=hour`, owner);
        expect(answer.json).to.deep.equal({
          total: 1,
          data: [{ at: hoursAgo(0).toISOString(), allowed: 1, denied: 0 }],
        });
        const ofDay = await askJson(other, 'GET', `/api/keys/${key.id}/usage`, owner);
        expect((ofDay.json as Report).data[0]?.at).to.match(/T00:00:00\.000Z$/);
      } finally {
        await other.stop();
        await query(`ALTER DATABASE "${pathname.slice(1)}" RESET timezone`);
      }
    });
  });

  describe('with age', () => {
    const prune = async (): Promise<void> => {
      const maintenance = await openForMaintenance({
        ...{ NODE_ENV: 'test', LOG_LEVEL: 'silent', DATA_DIR: server.dataDir, DATABASE_URL: server.databaseUrl },
      });
      try {
        await maintenance.prune();
      } finally {
        await maintenance.close();
      }
    };

    it('hours become days after ninety days, and a report shows the same', async () => {
      const key = await newKey();
      const meter = `credential:${key.id}`;
      const day = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - 95 * DAY_MS);
      for (const [hour, allowed, denied] of [
        [0, 5, 1],
        [7, 3, 0],
        [23, 2, 2],
      ] as const) {
        await used(meter, new Date(day.getTime() + hour * HOUR_MS), allowed, denied);
      }
      await used(meter, hoursAgo(24 * 89), 4);
      const bounds = `?from=${hoursAgo(24 * 100).toISOString()}`;
      const before = await keyReport(key, bounds);
      expect(before.total).to.equal(17);
      expect(before.data[0]).to.deep.equal({ at: day.toISOString(), allowed: 10, denied: 3 });
      await prune();
      expect(await keyReport(key, bounds)).to.deep.equal(before);
      const { rows } = await query(
        'SELECT (SELECT count(*) FROM usage_hours WHERE meter = $1) AS hours, (SELECT count(*) FROM usage_days WHERE meter = $1) AS days',
        [meter],
      );
      expect(rows).to.deep.equal([{ hours: 1, days: 1 }]);
      await used(meter, new Date(day.getTime() + 9 * HOUR_MS), 1);
      await prune();
      expect((await keyReport(key, bounds)).data[0]).to.deep.equal({ at: day.toISOString(), allowed: 11, denied: 3 });
    });

    it('days go after two years, and all that is recorded of what is gone after ninety days', async () => {
      const key = await newKey();
      const gone = ['credential:999999999', 'client:gone', 'client_secret:999999999', 'user:999999999', 'user:x'];
      const meters = [`credential:${key.id}`, ...gone];
      for (const meter of meters) {
        await used(meter, hoursAgo(24 * 92), 1);
        await query(
          'INSERT INTO usage_days (meter, day, allowed) VALUES ($1, current_date - 735, 1), ($1, current_date - 700, 1)',
          [meter],
        );
        await query("INSERT INTO usage_last (meter, last_used_at) VALUES ($1, now() - interval '92 days')", [meter]);
        await query("INSERT INTO usage_scopes (meter, scope, last_day) VALUES ($1, 'posts:read', current_date - 92)", [
          meter,
        ]);
      }
      await prune();
      for (const table of ['usage_hours', 'usage_days', 'usage_last', 'usage_scopes']) {
        const { rows } = await query(
          `SELECT meter, count(*) AS rows FROM ${table} WHERE meter = ANY ($1) GROUP BY meter`,
          [meters],
        );
        const left = table === 'usage_hours' ? [] : [{ meter: meters[0], rows: table === 'usage_days' ? 2 : 1 }];
        expect(rows, table).to.deep.equal(left);
      }
    });

    it('buckets that nobody uses any more are swept, and those in use are not', async () => {
      await query(`INSERT INTO rate_limit_windows (bucket, window_start, used, asked, cost, capacity, granted)
        VALUES ('old', now() - interval '3 days', 1, 1, 1, 1, 1), ('of today', now() - interval '1 day', 1, 1, 1, 1, 1)`);
      await prune();
      const { rows } = await query("SELECT bucket FROM rate_limit_windows WHERE bucket IN ('old', 'of today')");
      expect(rows).to.deep.equal([{ bucket: 'of today' }]);
    });
  });

  describe('a server that is told to end', () => {
    async function child(): Promise<{ url: string; end: (signal: NodeJS.Signals) => Promise<unknown> }> {
      const port = await freePort();
      const started = spawn(process.execPath, [fileURLToPath(new URL('../../src/main.ts', import.meta.url))], {
        env: {
          PATH: process.env.PATH ?? '',
          NODE_ENV: 'test',
          PORT: String(port),
          ISSUER: server.issuer,
          DATA_DIR: server.dataDir,
          DATABASE_URL: server.databaseUrl,
          LOG_LEVEL: 'silent',
        },
        stdio: 'ignore',
      });
      const url = `http://127.0.0.1:${port}`;
      await until(
        () =>
          fetch(`${url}/readyz`).then(
            ({ ok }) => ok,
            () => false,
          ),
        15_000,
      );
      return {
        url,
        async end(signal) {
          const ended = once(started, 'exit');
          started.kill(signal);
          return (await ended)[0];
        },
      };
    }
    const callTwice = async (url: string, key: string): Promise<void> => {
      for (let time = 0; time < 2; time += 1) {
        const answer = await fetch(`${url}/verify?scope=posts:read`, { headers: { Authorization: `Bearer ${key}` } });
        expect(answer.status).to.equal(200);
      }
    };

    it('writes the use of its last moment first', async () => {
      const key = await newKey();
      const { url, end } = await child();
      await callTwice(url, key.key);
      expect(await end('SIGTERM')).to.equal(0);
      expect((await keyReport(key)).total).to.equal(2);
    });

    it('loses no more than what came since the last flush when it is killed, and no count of a limit', async () => {
      const key = await newKey({ rate_limit_tier: 'business' });
      const { url, end } = await child();
      await hourWithRoom();
      await callTwice(url, key.key);
      await until(async () => (await keyReport(key)).total === 2, 5000);
      await callTwice(url, key.key);
      await end('SIGKILL');
      expect((await keyReport(key)).total).to.be.within(2, 4);
      const { rows } = await query('SELECT used FROM rate_limit_windows WHERE bucket = $1', [`credential:${key.id}`]);
      expect(rows).to.deep.equal([{ used: 4 }]);
    });
  }).timeout(60_000);

  describe('latchkey key usage', () => {
    const run = (...args: string[]) =>
      runLatchkey(['key', 'usage', ...args], { DATA_DIR: server.dataDir, LATCHKEY_URL: server.url });

    it('prints a table, and with --json what the API answers', async () => {
      const key = await newKey();
      await verify(key.key);
      await verify(key.key, 'posts:delete');
      const expected = await keyReport(key);
      const table = await run(String(key.id));
      expect(table.code, table.stderr).to.equal(0);
      expect(table.stdout).to.match(/^FROM +ALLOWED +DENIED\n\d{4}-\d\d-\d\dT00:00:00\.000Z +1 +1\n\n2 in all\n$/);
      const json = await run(String(key.id), '--interval', 'day', '--json');
      expect(JSON.parse(json.stdout)).to.deep.equal(expected);
      const empty = await run(String(key.id), '--to', hoursAgo(24 * 3).toISOString());
      expect(empty.stdout).to.equal('Not used in this time.\n');
    });

    it('ends with 1 for what is refused and 2 for what is no id', async () => {
      expect((await run('999999999')).code).to.equal(1);
      expect((await run('1', '--interval', 'minute')).code).to.equal(1);
      expect((await run('../users')).code).to.equal(2);
    });
  });

  describe('the numbers of the server', () => {
    it('say why credentials were allowed or not, how many strangers were limited, and what waits to be written', async () => {
      const key = await newKey();
      const metrics = async (): Promise<Record<string, number>> => {
        const { text } = await ask(server, '/metrics');
        const lines = text.split('\n').filter((line) => /^latchkey_(verifications|strangers|usage|swept)/.test(line));
        return Object.fromEntries(
          lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
        );
      };
      const name = (reason: string): string => `latchkey_verifications_total{reason="${reason}"}`;
      const before = await metrics();
      await verify(key.key);
      await verify(key.key, 'posts:delete');
      await verify('nonsense');
      const after = await metrics();
      for (const reason of ['ok', 'insufficient_scope', 'malformed']) {
        expect((after[name(reason)] ?? 0) - (before[name(reason)] ?? 0), reason).to.equal(1);
      }
      expect(after).to.include.keys('latchkey_strangers_limited_total', 'latchkey_usage_buffer_meters');
    });
  });
});
