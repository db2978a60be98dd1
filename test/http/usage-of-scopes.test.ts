import { expect } from 'chai';
import { runSweeps } from '../../src/db/run-sweeps.ts';
import { usageSweeps } from '../../src/usage/pg-usage-sweep.ts';
import { type Answer, ask, askJson, ownerToken, registerMachine } from '../support/ask.ts';
import { administrator } from '../support/person.ts';
import { type SignedIn, signedIn } from '../support/signed-in.ts';
import { clientToken, startServer, type TestServer } from '../support/start-server.ts';
import { hourWithRoom } from '../support/window-with-room.ts';

interface Key {
  readonly id: number;
  readonly key: string;
}

interface ScopeUse {
  readonly scope: string;
  readonly held: boolean;
  readonly calls: number;
  readonly last_used_on: string | null;
}

const TODAY = (): string => new Date().toISOString().slice(0, 10);

describe('the use of scopes, workspaces and limits', () => {
  let server: TestServer;
  let owner: string;
  let admin: SignedIn;

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
    admin = await signedIn(server, administrator(server));
  });
  beforeEach(() => hourWithRoom());
  after(() => server.stop());

  const query = (text: string, values: unknown[] = []) =>
    server.composed.installation.database.pool.query(text, values);

  async function newKey(more: Record<string, unknown> = {}): Promise<Key> {
    const answer = await askJson(server, 'POST', '/api/keys', owner, { name: 'K', scopes: ['posts:read'], ...more });
    expect(answer.status, answer.text).to.equal(201);
    return answer.json as Key;
  }
  async function verify(credential: string, scope = 'posts:read', status = 200): Promise<void> {
    const headers = { Authorization: `Bearer ${credential}` };
    expect((await ask(server, `/verify?scope=${scope}`, { headers })).status).to.equal(status);
  }
  async function seen<Body>(path: string, by: string | SignedIn = owner): Promise<Body> {
    await server.composed.flushUsage();
    const answer: Answer = typeof by === 'string' ? await askJson(server, 'GET', path, by) : await by.ask('GET', path);
    expect(answer.status, answer.text).to.equal(200);
    return answer.json as Body;
  }
  const scopesOf = async (path: string, by: string | SignedIn = owner): Promise<readonly ScopeUse[]> =>
    (await seen<{ data: readonly ScopeUse[] }>(`${path}/usage/scopes`, by)).data;

  describe('scopes', () => {
    it('are listed as they are held, with how often and when they were exercised last', async () => {
      const key = await newKey({ scopes: ['posts:*', 'categories:read'] });
      await verify(key.key);
      await verify(key.key);
      await verify(key.key, 'posts:write');
      await verify(key.key, 'analytics:read', 403);
      expect(await scopesOf(`/api/keys/${key.id}`)).to.deep.equal([
        { scope: 'posts:read', held: true, calls: 2, last_used_on: TODAY() },
        { scope: 'posts:write', held: true, calls: 1, last_used_on: TODAY() },
        { scope: 'posts:delete', held: true, calls: 0, last_used_on: null },
        { scope: 'categories:read', held: true, calls: 0, last_used_on: null },
      ]);
    });

    it('that were exercised and are held no more are listed last', async () => {
      const key = await newKey({ scopes: ['posts:read', 'posts:write'] });
      await verify(key.key, 'posts:write');
      await server.composed.flushUsage();
      await askJson(server, 'PATCH', `/api/keys/${key.id}`, owner, { scopes: ['posts:read'] });
      expect(await scopesOf(`/api/keys/${key.id}`)).to.deep.equal([
        { scope: 'posts:read', held: true, calls: 0, last_used_on: null },
        { scope: 'posts:write', held: false, calls: 1, last_used_on: TODAY() },
      ]);
    });

    it('are counted by the day, over the days that were asked for, thirty unless said', async () => {
      const key = await newKey();
      const meter = `credential:${key.id}`;
      for (const [ago, calls] of [
        [0, 1],
        [6, 2],
        [7, 4],
        [29, 8],
        [30, 16],
        [89, 32],
      ] as const) {
        await query(
          `INSERT INTO usage_scope_days VALUES ($1, 'posts:read', (now() AT TIME ZONE 'UTC')::date - $2::int, $3)`,
          [meter, ago, calls],
        );
      }
      await query(`INSERT INTO usage_scopes VALUES ($1, 'posts:read', (now() AT TIME ZONE 'UTC')::date)`, [meter]);
      const counted = async (days: string): Promise<number | undefined> =>
        (await seen<{ data: readonly ScopeUse[] }>(`/api/keys/${key.id}/usage/scopes${days}`)).data[0]?.calls;
      expect(await counted('?days=1')).to.equal(1);
      expect(await counted('?days=7')).to.equal(3);
      expect(await counted('')).to.equal(15);
      expect(await counted('?days=90')).to.equal(63);
      for (const days of ['0', '91', 'x', '1.5']) {
        const answer = await askJson(server, 'GET', `/api/keys/${key.id}/usage/scopes?days=${days}`, owner);
        expect(answer.status, days).to.equal(422);
      }
    });

    it('are forgotten by the day after ninety days, and the last day of each stays', async () => {
      const key = await newKey();
      const meter = `credential:${key.id}`;
      await query(
        `INSERT INTO usage_scope_days SELECT $1, 'posts:read', (now() AT TIME ZONE 'UTC')::date - ago, 1 FROM generate_series(88, 95) AS ago`,
        [meter],
      );
      await query(`INSERT INTO usage_scopes VALUES ($1, 'posts:read', (now() AT TIME ZONE 'UTC')::date - 88)`, [meter]);
      const { pool } = server.composed.installation.database;
      await runSweeps(pool, usageSweeps);
      const { rows } = await query('SELECT count(*) AS days FROM usage_scope_days WHERE meter = $1', [meter]);
      expect(rows).to.deep.equal([{ days: 2 }]);
      expect((await scopesOf(`/api/keys/${key.id}`))[0]?.last_used_on).to.be.a('string');
    });

    it('of a token are those that the role of its person still holds', async () => {
      const account = { email: 'grace@example.com', password: 'a quiet river in the north' };
      const made = await askJson(server, 'POST', '/api/users', owner, { ...account, name: 'Grace', role: 'owner' });
      const grace = await signedIn(server, account);
      const issued = await grace.ask('POST', '/api/tokens', { name: 'Script', scopes: ['posts:*'] });
      const { id, token } = issued.json as { id: number; token: string };
      await verify(token, 'posts:delete');
      const path = `/api/workspaces/1/members/${(made.json as { id: number }).id}`;
      expect((await askJson(server, 'PATCH', path, owner, { role: 'member' })).status).to.equal(200);
      const uses = await scopesOf(`/api/tokens/${id}`, grace);
      expect(uses.map(({ scope, held }) => [scope, held])).to.deep.equal([
        ['posts:read', true],
        ['posts:write', true],
        ['posts:delete', false],
      ]);
      expect((await admin.ask('GET', `/api/tokens/${id}/usage/scopes`)).status).to.equal(404);
    });

    it('of a client are those of all of its tokens', async () => {
      const machine = await registerMachine(server, owner, 'posts:read posts:write');
      await verify(await clientToken(server, machine, 'posts:read'));
      await verify(await clientToken(server, machine, 'posts:read'));
      expect(await scopesOf(`/api/clients/${machine.clientId}`)).to.deep.equal([
        { scope: 'posts:read', held: true, calls: 2, last_used_on: TODAY() },
        { scope: 'posts:write', held: true, calls: 0, last_used_on: null },
      ]);
    });
  });

  describe('a workspace', () => {
    it('has the use of all its keys and personal access tokens, those that were ended among them', async () => {
      const place = (await askJson(server, 'POST', '/api/workspaces', owner, { name: 'Elsewhere' })).json as {
        id: number;
      };
      const key = await newKey({ workspace_id: place.id, environment: 'test' });
      const other = await newKey({ workspace_id: place.id });
      await verify(key.key);
      await verify(key.key, 'posts:write', 403);
      await verify(other.key);
      await server.composed.flushUsage();
      await askJson(server, 'DELETE', `/api/keys/${key.id}`, owner);
      const report = await seen<{ total: number; data: unknown }>(`/api/workspaces/${place.id}/usage`);
      expect(report).to.deep.equal({
        total: 3,
        data: [{ at: `${TODAY()}T00:00:00.000Z`, allowed: 2, denied: 1 }],
      });
      const uses = await scopesOf(`/api/workspaces/${place.id}`);
      expect(uses.find(({ scope }) => scope === 'posts:read')).to.include({ calls: 2, held: true });
    });

    it('counts the tokens of people, and neither their sessions nor apps', async () => {
      const total = async (): Promise<number> => (await seen<{ total: number }>('/api/workspaces/1/usage')).total;
      const machine = await registerMachine(server, owner, 'posts:read');
      const before = await total();
      await verify(await clientToken(server, machine, 'posts:read'));
      expect((await admin.ask('GET', '/v1/posts')).status).to.equal(200);
      expect(await total()).to.equal(before);
      const issued = await admin.ask('POST', '/api/tokens', { name: 'Script', scopes: ['posts:read'] });
      await verify((issued.json as { token: string }).token);
      expect(await total()).to.equal(before + 1);
    });

    it('shows it to who manages its keys and to administrators of the server alone', async () => {
      const place = (await askJson(server, 'POST', '/api/workspaces', owner, { name: 'There' })).json as { id: number };
      const manager = await newKey({ workspace_id: place.id, scopes: ['keys:manage'] });
      const reader = await newKey({ workspace_id: place.id });
      const foreign = await newKey({ scopes: ['keys:manage'] });
      const users = await newKey({ scopes: ['admin:users'] });
      const status = async (by: Key, id: number | string): Promise<number> =>
        (await askJson(server, 'GET', `/api/workspaces/${id}/usage`, by.key)).status;
      expect(await status(manager, place.id)).to.equal(200);
      expect(await status(reader, place.id)).to.equal(403);
      expect(await status(foreign, place.id)).to.equal(404);
      expect(await status(users, place.id)).to.equal(200);
      for (const id of ['999999', 'x', '0', '1e3']) expect(await status(users, id), id).to.equal(404);
    });
  });

  describe('the limit', () => {
    interface Headroom {
      readonly tier: string;
      readonly limit: number | null;
      readonly remaining: number | null;
      readonly reset: number | null;
      readonly window_seconds: number | null;
    }
    const headroom = (path: string, by: string | SignedIn = owner): Promise<Headroom> => seen(`${path}/rate-limit`, by);

    it('is told without counting, and what is left of it', async () => {
      const key = await newKey();
      const nextHour = (Math.floor(Date.now() / 3_600_000) + 1) * 3600;
      const fresh = { tier: 'free', limit: 1000, remaining: 1000, reset: nextHour, window_seconds: 3600 };
      expect(await headroom(`/api/keys/${key.id}`)).to.deep.equal(fresh);
      await verify(key.key);
      await verify(key.key);
      await verify(key.key, 'posts:write', 403);
      for (let time = 0; time < 2; time += 1) {
        expect(await headroom(`/api/keys/${key.id}`)).to.deep.equal({ ...fresh, remaining: 998 });
      }
      await query("UPDATE rate_limit_windows SET window_start = window_start - interval '1 hour'");
      expect(await headroom(`/api/keys/${key.id}`)).to.deep.equal(fresh);
    });

    it('is shared by a key and the key that replaces it', async () => {
      const old = await newKey();
      const next = (await askJson(server, 'POST', `/api/keys/${old.id}/rotate`, owner, {})).json as Key;
      await verify(old.key);
      await verify(next.key);
      expect((await headroom(`/api/keys/${old.id}`)).remaining).to.equal(998);
      expect((await headroom(`/api/keys/${next.id}`)).remaining).to.equal(998);
    });

    it('is ten times as high for a test key, and none for an unlimited tier and for who is exempt', async () => {
      const none = { limit: null, remaining: null, reset: null, window_seconds: null };
      expect(await headroom(`/api/keys/${(await newKey({ environment: 'test' })).id}`)).to.include({ limit: 10_000 });
      const exempt = await newKey({ scopes: ['posts:read', 'ratelimit:bypass'] });
      expect(await headroom(`/api/keys/${exempt.id}`)).to.deep.equal({ tier: 'free', ...none });
      const unlimited = await newKey({ rate_limit_tier: 'enterprise' });
      expect(await headroom(`/api/keys/${unlimited.id}`)).to.deep.equal({ tier: 'enterprise', ...none });
    });

    it('exists for tokens and clients too', async () => {
      const issued = await admin.ask('POST', '/api/tokens', { name: 'Script', scopes: ['posts:read'] });
      const { id, token } = issued.json as { id: number; token: string };
      await verify(token);
      expect(await headroom(`/api/tokens/${id}`, admin)).to.include({ tier: 'free', remaining: 999 });
      const machine = await registerMachine(server, owner, 'posts:read');
      await verify(await clientToken(server, machine, 'posts:read'));
      expect(await headroom(`/api/clients/${machine.clientId}`)).to.include({ tier: 'free', remaining: 999 });
    });
  });
});
