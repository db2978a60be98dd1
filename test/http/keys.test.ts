import bcrypt from 'bcrypt';
import { expect } from 'chai';
import pg from 'pg';
import { credentialSweeps } from '../../src/credentials/pg-credential-sweep.ts';
import { runSweeps } from '../../src/db/run-sweeps.ts';
import { type Answer, ask, askJson, ownerToken, registerMachine } from '../support/ask.ts';
import { type SignedIn, signedIn } from '../support/signed-in.ts';
import { clientToken, commandLineToken, startServer, type TestServer } from '../support/start-server.ts';
import { hourWithRoom } from '../support/window-with-room.ts';

const PASSWORD = 'a quiet river in the north';
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

interface Key extends Record<string, unknown> {
  readonly id: number;
  readonly key: string;
  readonly name: string;
}

function body(answer: Answer): Record<string, unknown> {
  return (answer.json ?? {}) as Record<string, unknown>;
}

function errorsOf(answer: Answer): Record<string, string[]> {
  expect(answer.status, answer.text).to.equal(422);
  expect(body(answer).message).to.equal('The given data was invalid.');
  return body(answer).errors as Record<string, string[]>;
}

describe('/api/keys', () => {
  let server: TestServer;
  let database: pg.Client;
  let almighty: string;

  before(async () => {
    server = await startServer();
    almighty = await commandLineToken(server);
    database = new pg.Client({ connectionString: server.databaseUrl });
    await database.connect();
  });
  after(async () => {
    await database.end();
    await server.stop();
  });

  const call = (method: string, path: string, sent?: unknown, by = almighty): Promise<Answer> =>
    askJson(server, method, `/api/keys${path}`, by, sent);
  const create = async (more: Record<string, unknown> = {}, by = almighty): Promise<Key> => {
    const answer = await call('POST', '', { name: 'Mobile App', scopes: ['posts:read'], ...more }, by);
    expect(answer.status, answer.text).to.equal(201);
    return body(answer) as Key;
  };
  const works = async (key: string): Promise<boolean> =>
    (await ask(server, '/v1/posts', { headers: { Authorization: `Bearer ${key}` } })).status === 200;
  const rotate = (id: unknown, sent: unknown = {}, by = almighty): Promise<Answer> =>
    call('POST', `/${id}/rotate`, sent, by);
  const rotated = async (id: unknown, sent: unknown = {}): Promise<Key> => {
    const answer = await rotate(id, sent);
    expect(answer.status, answer.text).to.equal(201);
    return body(answer) as Key;
  };
  const rowOf = async (id: unknown): Promise<Record<string, unknown>> =>
    (await database.query('SELECT * FROM credentials WHERE id = $1', [id])).rows[0];
  const set = (id: unknown, assignment: string): Promise<unknown> =>
    database.query(`UPDATE credentials SET ${assignment} WHERE id = $1`, [id]);

  describe('a new key', () => {
    it('is shown once, with all that it was given', async () => {
      const answer = await call('POST', '', {
        name: 'Mobile App',
        scopes: ['posts:read', 'posts:write', 'categories:read'],
        rate_limit_tier: 'pro',
        expires_at: '2099-01-01T00:00:00Z',
      });
      expect(answer.status).to.equal(201);
      expect(answer.headers.get('cache-control')).to.equal('no-store');
      const { id, key, hint, created_at, ...rest } = body(answer);
      expect(id).to.be.a('number');
      expect(key).to.match(/^sk_live_[0-9A-Za-z]{32}$/);
      expect(hint).to.equal(String(key).slice(0, 16));
      expect(created_at).to.match(TIME);
      expect(rest).to.deep.equal({
        name: 'Mobile App',
        scopes: ['posts:read', 'posts:write', 'categories:read'],
        workspace_id: 1,
        rate_limit_tier: 'pro',
        environment: 'live',
        expires_at: '2099-01-01T00:00:00.000Z',
        created_by: 1,
        state: 'active',
        replaces: null,
        replaced_by: null,
        last_used_at: null,
        last_used_address: null,
      });
      const shown = { id, hint, created_at, ...rest };
      expect((await call('GET', `/${id}`)).json).to.deep.equal(shown);
      const listed = body(await call('GET', '?limit=200')).data as Record<string, unknown>[];
      expect(listed.find((one) => one.id === id)).to.deep.equal(shown);
    });

    it('works as a bearer and as the user name of Basic with an empty password', async () => {
      const { key } = await create();
      expect(await works(key)).to.equal(true);
      const basic = (password: string): Promise<Answer> =>
        ask(server, '/v1/posts', { headers: { Authorization: `Basic ${btoa(`${key}:${password}`)}` } });
      expect((await basic('')).status).to.equal(200);
      expect((await basic('x')).status).to.equal(401);
    });

    it('sees test data only where it is a test key', async () => {
      const { key } = await create({ environment: 'test' });
      expect(key).to.match(/^sk_test_/);
      const posts = await ask(server, '/v1/posts', { headers: { Authorization: `Bearer ${key}` } });
      expect((body(posts).data as { title: string }[]).map(({ title }) => title)).to.deep.equal(['Hello, test']);
    });

    it('is stored as bcrypt of cost 10 over the whole key, and nowhere in clear', async () => {
      const { id, key } = await create();
      const row = await rowOf(id);
      expect(row.key_hash).to.match(/^\$2b\$10\$/);
      expect(await bcrypt.compare(key, String(row.key_hash))).to.equal(true);
      expect(await bcrypt.compare(key.slice(0, -1), String(row.key_hash))).to.equal(false);
      expect(row.match_proof).to.have.length(32);
      expect(row.pepper_id).to.match(/^[0-9a-f]{8}$/);
      expect(JSON.stringify(row)).to.not.include(key.slice(-24));
    });

    it('says which field is at fault', async () => {
      const faults: readonly (readonly [Record<string, unknown>, string])[] = [
        [{ name: undefined }, 'name'],
        [{ name: ' ' }, 'name'],
        [{ name: 'x'.repeat(256) }, 'name'],
        [{ scopes: undefined }, 'scopes'],
        [{ scopes: 'posts:read' }, 'scopes'],
        [{ scopes: ['posts:fly'] }, 'scopes'],
        [{ scopes: ['POSTS:read'] }, 'scopes'],
        [{ scopes: ['posts:read\u0000'] }, 'scopes'],
        [{ scopes: ['offline_access'] }, 'scopes'],
        [{ scopes: ['nothing:*'] }, 'scopes'],
        [{ rate_limit_tier: 'gold' }, 'rate_limit_tier'],
        [{ environment: 'staging' }, 'environment'],
        [{ expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
        [{ expires_at: '2024-02-30T00:00:00Z' }, 'expires_at'],
        [{ expires_at: 4_102_444_800 }, 'expires_at'],
        [{ workspace_id: 4711 }, 'workspace_id'],
        [{ workspace_id: 1.5 }, 'workspace_id'],
        [{ created_by: 2 }, 'created_by'],
        [{ key: 'sk_live_mine' }, 'key'],
      ];
      for (const [fault, field] of faults) {
        const answer = await call('POST', '', { name: 'x', scopes: ['posts:read'], ...fault });
        expect(Object.keys(errorsOf(answer)), JSON.stringify(fault)).to.deep.equal([field]);
      }
      const both = await call('POST', '', { name: 'x', scopes: ['posts:fly'], rate_limit_tier: 'gold' });
      expect(errorsOf(both)).to.have.all.keys('scopes', 'rate_limit_tier');
    });

    it('may have no scopes, and then may do nothing', async () => {
      const { key, scopes } = await create({ scopes: [] });
      expect(scopes).to.deep.equal([]);
      expect((await ask(server, '/v1/posts', { headers: { Authorization: `Bearer ${key}` } })).status).to.equal(403);
    });
  });

  describe('who makes a key', () => {
    let manager: Key;
    let owner: string;
    let adminOfOne: SignedIn;

    before(async () => {
      owner = await ownerToken(server);
      manager = await create({ name: 'Manager', scopes: ['keys:manage', 'posts:*', 'categories:read'] });
      const account = { email: 'ada@example.com', password: PASSWORD };
      await askJson(server, 'POST', '/api/users', owner, { ...account, role: 'admin' });
      adminOfOne = await signedIn(server, account);
    });

    it('grants no more than they hold, wildcards by form', async () => {
      for (const scopes of [['posts:read'], ['posts:*'], ['posts:write', 'categories:read'], ['keys:manage'], []]) {
        const child = await create({ scopes }, manager.key);
        expect(child.created_by).to.equal(null);
      }
      for (const scope of [
        '*',
        '*:*',
        '*:read',
        'categories:*',
        'categories:write',
        'analytics:read',
        'tokens:manage',
      ]) {
        const answer = await call('POST', '', { name: 'x', scopes: ['posts:read', scope] }, manager.key);
        expect(errorsOf(answer).scopes, scope).to.deep.equal([`You can not grant ${scope}: you do not hold it.`]);
      }
    });

    it('is a person by their role: an admin makes no key for the server itself', async () => {
      const make = (scopes: string[]): Promise<Answer> => adminOfOne.ask('POST', '/api/keys', { name: 'x', scopes });
      for (const scopes of [['posts:delete'], ['*:read'], ['*:*'], ['keys:manage']]) {
        expect((await make(scopes)).status, scopes.join()).to.equal(201);
      }
      // `*:*` is more than any list of today's scopes, and yet `posts:*` is more than `*:*`: it reaches protected ones.
      for (const scope of ['*', 'posts:*', 'admin:users', 'admin:*', 'ratelimit:bypass', 'credentials:introspect']) {
        expect(errorsOf(await make([scope])), scope).to.have.key('scopes');
      }
    });

    it('needs keys:manage for everything', async () => {
      const { key, id } = await create({ scopes: ['*:*'] });
      for (const [method, path, sent] of [
        ['GET', ''],
        ['POST', '', { name: 'x', scopes: [] }],
        ['GET', `/${id}`],
        ['PATCH', `/${id}`, { name: 'x' }],
        ['DELETE', `/${id}`],
        ['POST', `/${id}/rotate`, {}],
      ] as const) {
        const answer = await call(method, path, sent, key);
        expect(answer.status, `${method} ${path}`).to.equal(403);
        expect(body(answer)).to.include({ message: 'This action is unauthorized.', required_scope: 'keys:manage' });
        expect((await ask(server, `/api/keys${path}`, { method })).status).to.equal(401);
      }
    });

    it('gives a tier above the workspace only with admin:users', async () => {
      const asKey = (tier: string): Promise<Answer> =>
        call('POST', '', { name: 'x', scopes: [], rate_limit_tier: tier }, manager.key);
      expect((await asKey('free')).status).to.equal(201);
      for (const tier of ['pro', 'business', 'enterprise']) {
        expect(errorsOf(await asKey(tier)), tier).to.have.key('rate_limit_tier');
        expect((await create({ rate_limit_tier: tier })).rate_limit_tier).to.equal(tier);
      }
      const raised = await call('PATCH', `/${manager.id}`, { rate_limit_tier: 'enterprise' }, manager.key);
      expect(errorsOf(raised)).to.have.key('rate_limit_tier');
    });

    it('stays in the workspace of their credential, save an administrator of the server', async () => {
      const second = body(await askJson(server, 'POST', '/api/workspaces', owner, { name: 'Second' })).id;
      const there = await create({ workspace_id: second });
      expect(there).to.include({ workspace_id: second });
      for (const [method, path, sent] of [
        ['GET', `/${there.id}`],
        ['PATCH', `/${there.id}`, { name: 'x' }],
        ['DELETE', `/${there.id}?confirm=Mobile+App`],
        ['POST', `/${there.id}/rotate`, {}],
      ] as const) {
        expect((await call(method, path, sent, manager.key)).status, path).to.equal(404);
      }
      const elsewhere = { name: 'x', scopes: [], workspace_id: second };
      expect(errorsOf(await call('POST', '', elsewhere, manager.key))).to.have.key('workspace_id');
      expect(errorsOf(await call('GET', `?workspace_id=${second}`, undefined, manager.key))).to.have.key(
        'workspace_id',
      );
      const mine = body(await call('GET', '?limit=200')).data as { id: number }[];
      expect(mine.map(({ id }) => id)).to.not.include(there.id);
      expect((body(await call('GET', `?workspace_id=${second}`)).data as unknown[]).length).to.equal(1);
      // What is for the server itself counts nowhere else, so nobody grants it there, by any form that names it.
      const server_scope = await call('POST', '', { ...elsewhere, scopes: ['admin:audit'] });
      expect(errorsOf(server_scope)).to.have.key('scopes');
      expect(body(await adminOfOne.ask('POST', '/api/keys', elsewhere)).errors).to.have.key('workspace_id');
    });

    it('stays below the ceiling of the workspace', async () => {
      const third = body(await askJson(server, 'POST', '/api/workspaces', owner, { name: 'Third' })).id;
      await askJson(server, 'PATCH', `/api/workspaces/${third}`, owner, { scopes: ['posts:read', 'keys:manage'] });
      await create({ workspace_id: third, scopes: ['posts:read'] });
      const above = await call('POST', '', { name: 'x', workspace_id: third, scopes: ['posts:write'] });
      expect(errorsOf(above)).to.have.key('scopes');
    });

    it('may be a program with keys:manage', async () => {
      const login = await registerMachine(server, owner, 'keys:manage posts:read');
      const machine = await clientToken(server, login, 'keys:manage posts:read');
      expect(await create({}, machine)).to.include({ created_by: null });
      expect(errorsOf(await call('POST', '', { name: 'x', scopes: ['posts:*'] }, machine))).to.have.key('scopes');
    });

    it('leaves the key behind when they go', async () => {
      const account = { email: 'leaver@example.com', password: PASSWORD };
      const user = body(await askJson(server, 'POST', '/api/users', owner, { ...account, role: 'admin' }));
      const leaver = await signedIn(server, account);
      const made = body(await leaver.ask('POST', '/api/keys', { name: 'x', scopes: ['posts:read'] })) as Key;
      expect(made.created_by).to.equal(user.id);
      await askJson(server, 'POST', `/api/users/${user.id}/disable`, owner, {});
      expect(await works(made.key)).to.equal(true);
    });
  });

  describe('a change', () => {
    it('of name, scopes, tier and end holds at once, and leaves the rest', async () => {
      const { id, key, ...before } = await create();
      const renamed = await call('PATCH', `/${id}`, { name: 'New name' });
      expect(renamed.status).to.equal(200);
      expect(renamed.json).to.deep.equal({ id, ...before, name: 'New name' });
      await call('PATCH', `/${id}`, { scopes: ['posts:write', 'posts:write'] });
      expect(await works(key)).to.equal(false);
      const changed = await call('PATCH', `/${id}`, {
        scopes: ['*:read'],
        rate_limit_tier: 'pro',
        expires_at: '2098-01-01T00:00:00Z',
      });
      expect(body(changed)).to.deep.include({
        name: 'New name',
        scopes: ['*:read'],
        rate_limit_tier: 'pro',
        expires_at: '2098-01-01T00:00:00.000Z',
      });
      expect(await works(key)).to.equal(true);
      const reset = await call('PATCH', `/${id}`, { rate_limit_tier: null, expires_at: null });
      expect(body(reset)).to.include({ rate_limit_tier: null, expires_at: null });
      // The use above is written by the batch, perhaps between the two answers.
      const { last_used_at: _at, last_used_address: _address, ...same } = body(reset) as Key;
      expect(body(await call('PATCH', `/${id}`, {}))).to.deep.include(same);
    });

    it('is checked as the issue is', async () => {
      const { id } = await create();
      const manager = await create({ scopes: ['keys:manage', 'posts:read'] });
      for (const [sent, field] of [
        [{ name: '' }, 'name'],
        [{ scopes: ['posts:write'] }, 'scopes'],
        [{ scopes: ['*'] }, 'scopes'],
        [{ scopes: ['nothing:there'] }, 'scopes'],
        [{ rate_limit_tier: 'pro' }, 'rate_limit_tier'],
        [{ rate_limit_tier: 'gold' }, 'rate_limit_tier'],
        [{ expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
        [{ environment: 'test' }, 'environment'],
        [{ workspace_id: 1 }, 'workspace_id'],
      ] as const) {
        const answer = await call('PATCH', `/${id}`, sent, manager.key);
        expect(Object.keys(errorsOf(answer)), JSON.stringify(sent)).to.deep.equal([field]);
      }
    });

    it('brings no expired key back', async () => {
      const { id, key } = await create();
      await set(id, "expires_at = now() - interval '1 second'");
      expect(body(await call('GET', `/${id}`))).to.include({ state: 'expired' });
      expect((await call('PATCH', `/${id}`, { expires_at: null })).status).to.equal(409);
      expect(await works(key)).to.equal(false);
    });

    it('of what is not there is not found', async () => {
      for (const id of ['4711', '0', '01', '1e1', 'abc', '9'.repeat(20), '-1', '%20']) {
        expect((await call('PATCH', `/${id}`, { name: 'x' })).status, id).to.equal(404);
        expect((await call('GET', `/${id}`)).status, id).to.equal(404);
        expect((await rotate(id)).status, id).to.equal(404);
      }
      // A token is no key.
      expect((await call('GET', '/1')).status).to.equal(404);
    });
  });

  describe('deleting', () => {
    it('a live key needs its name', async () => {
      const { id, key } = await create({ name: 'Fünf & mehr' });
      for (const query of ['', '?confirm=', '?confirm=true', '?confirm=Mobile+App']) {
        const answer = await call('DELETE', `/${id}${query}`);
        expect(answer.status, query).to.equal(409);
        expect(body(answer).message).to.equal(
          'This is a live key. To delete it, confirm with its name: ?confirm=<name>.',
        );
      }
      expect(await works(key)).to.equal(true);
      expect((await call('DELETE', `/${id}?confirm=${encodeURIComponent('Fünf & mehr')}`)).status).to.equal(204);
      expect(await works(key)).to.equal(false);
    });

    it('a test key does not', async () => {
      const { id } = await create({ environment: 'test' });
      expect((await call('DELETE', `/${id}`)).status).to.equal(204);
    });

    it('hides the key, and keeps its row and its use for 90 days', async () => {
      const { id, key } = await create({ environment: 'test' });
      await works(key);
      await server.composed.flushUsage();
      await call('DELETE', `/${id}`);
      for (const answer of [
        await call('GET', `/${id}`),
        await call('PATCH', `/${id}`, { name: 'x' }),
        await call('DELETE', `/${id}`),
        await rotate(id),
      ]) {
        expect(answer.status).to.equal(404);
      }
      const listed = body(await call('GET', '?limit=200')).data as { id: number }[];
      expect(listed.map((one) => one.id)).to.not.include(id);
      const meter = `credential:${id}`;
      const uses = async (): Promise<number | null> =>
        (await database.query('SELECT 1 FROM usage_hours WHERE meter = $1', [meter])).rowCount;
      await set(id, "revoked_at = now() - interval '89 days'");
      await runSweeps(database, credentialSweeps);
      expect(await rowOf(id)).to.include({ revoke_reason: 'deleted' });
      expect(await uses()).to.equal(1);
      await set(id, "revoked_at = now() - interval '91 days'");
      expect((await runSweeps(database, credentialSweeps)).credentials).to.equal(1);
      expect(await rowOf(id)).to.equal(undefined);
      expect(await uses()).to.equal(0);
      for (const table of ['usage_last', 'usage_scopes']) {
        expect((await database.query(`SELECT 1 FROM ${table} WHERE meter = $1`, [meter])).rowCount).to.equal(0);
      }
    });

    it('needs only keys:manage, however much the key may do', async () => {
      const manager = await create({ scopes: ['keys:manage'] });
      const strong = await create({ scopes: ['*'], environment: 'test' });
      expect((await call('DELETE', `/${strong.id}`, undefined, manager.key)).status).to.equal(204);
    });
  });

  describe('a rotation', () => {
    it('gives a new key with the same settings, and both work', async () => {
      const old = await create({
        name: 'Nightly',
        scopes: ['posts:read', 'analytics:read'],
        rate_limit_tier: 'pro',
        environment: 'test',
        expires_at: '2099-01-01T00:00:00Z',
      });
      const answer = await rotate(old.id, { grace_period: 3600 });
      expect(answer.status).to.equal(201);
      const { id, key, hint, created_at, replaces, ...rest } = body(answer) as Key;
      expect(id).to.be.above(old.id);
      expect(key).to.match(/^sk_test_[0-9A-Za-z]{32}$/);
      expect(hint).to.equal(key.slice(0, 16));
      expect(created_at).to.match(TIME);
      const { id: oldId, expires_at: until, ...more } = replaces as Record<string, unknown>;
      expect([oldId, more]).to.deep.equal([old.id, {}]);
      const grace = (Date.parse(String(until)) - Date.parse(String(created_at))) / 1000;
      expect(grace).to.be.within(3599, 3601);
      expect(rest).to.deep.equal({
        name: 'Nightly',
        scopes: ['posts:read', 'analytics:read'],
        workspace_id: 1,
        rate_limit_tier: 'pro',
        environment: 'test',
        expires_at: '2099-01-01T00:00:00.000Z',
        created_by: 1,
        state: 'active',
        replaced_by: null,
        last_used_at: null,
        last_used_address: null,
      });
      expect([await works(old.key), await works(key)]).to.deep.equal([true, true]);
      expect(body(await call('GET', `/${old.id}`))).to.include({
        state: 'replaced',
        replaced_by: id,
        expires_at: until,
      });
    });

    it('lets the old key work a day unless said, a week at most, and never beyond its own end', async () => {
      const until = async (sent: unknown, more: Record<string, unknown> = {}): Promise<number> => {
        const { replaces } = await rotated((await create(more)).id, sent);
        return (Date.parse(String((replaces as Record<string, unknown>).expires_at)) - Date.now()) / 1000;
      };
      expect(await until({})).to.be.within(86_390, 86_410);
      expect(await until({ grace_period: 604_800 })).to.be.within(604_790, 604_810);
      const soon = new Date(Date.now() + 60_000).toISOString();
      expect(await until({}, { expires_at: soon })).to.be.within(50, 61);
      const { id } = await create();
      for (const grace_period of [-1, 604_801, 1.5, '60', null]) {
        expect(errorsOf(await rotate(id, { grace_period })), String(grace_period)).to.have.key('grace_period');
      }
      expect(errorsOf(await rotate(id, { expires_at: '2020-01-01T00:00:00Z' }))).to.have.key('expires_at');
      expect(errorsOf(await rotate(id, { scopes: ['*'] }))).to.have.key('scopes');
    });

    it('without a grace ends the old key at once', async () => {
      const old = await create();
      const { key } = await rotated(old.id, { grace_period: 0 });
      expect([await works(old.key), await works(key)]).to.deep.equal([false, true]);
      expect((await call('GET', `/${old.id}`)).status).to.equal(404);
    });

    it('gives another end where one is named', async () => {
      const { id } = await create({ expires_at: '2099-01-01T00:00:00Z' });
      const renewed = await rotated(id, { expires_at: '2100-01-01T00:00:00Z', grace_period: 0 });
      expect(renewed.expires_at).to.equal('2100-01-01T00:00:00.000Z');
      expect((await rotated(renewed.id, { expires_at: null })).expires_at).to.equal(null);
    });

    it('is one at a time, for the old key and the new one, until the grace is over or ended', async () => {
      const old = await create();
      const next = await rotated(old.id);
      for (const id of [old.id, next.id]) {
        const answer = await rotate(id);
        expect(answer.status).to.equal(409);
        expect(body(answer).message).to.be.a('string');
      }
      expect((await call('DELETE', `/${old.id}?confirm=Mobile+App`)).status).to.equal(204);
      const third = await rotated(next.id);
      await set(next.id, "expires_at = now() - interval '1 second'");
      expect((await rotate(third.id)).status).to.equal(201);
    });

    it('of an expired key is refused, and of a deleted one not found', async () => {
      const { id } = await create();
      await set(id, "expires_at = now() - interval '1 second'");
      expect((await rotate(id)).status).to.equal(409);
      await set(id, 'expires_at = NULL, revoked_at = now()');
      expect((await rotate(id)).status).to.equal(404);
    });

    it('stretches no grace: what is being replaced is not changed', async () => {
      const { id } = await create();
      await rotated(id, { grace_period: 60 });
      expect((await call('PATCH', `/${id}`, { expires_at: null })).status).to.equal(409);
      expect((await call('PATCH', `/${id}`, { name: 'x' })).status).to.equal(409);
    });

    it('keeps the old key from the new one', async () => {
      const old = await create({ scopes: ['keys:manage', 'posts:read'], environment: 'test' });
      const next = body(await rotate(old.id, {}, old.key)) as Key;
      expect(next.key).to.match(/^sk_test_/);
      for (const [method, path, sent] of [
        ['PATCH', `/${next.id}`, { name: 'mine' }],
        ['PATCH', `/${next.id}`, { expires_at: new Date(Date.now() + 1000).toISOString() }],
        ['DELETE', `/${next.id}`],
        ['POST', `/${next.id}/rotate`, {}],
      ] as const) {
        const answer = await call(method, path, sent, old.key);
        expect([answer.status, answer.json], path).to.deep.equal([403, { message: 'This action is unauthorized.' }]);
      }
      // The other way round it may: the new key ends the old one early.
      expect((await call('DELETE', `/${old.id}`, undefined, next.key)).status).to.equal(204);
    });

    it('gives nobody a key that may do more than they', async () => {
      const manager = await create({ scopes: ['keys:manage', 'posts:read'] });
      const strong = await create({ scopes: ['posts:read', 'posts:write'] });
      expect(errorsOf(await rotate(strong.id, {}, manager.key)).scopes).to.have.length(1);
      const equal = await create({ scopes: ['posts:read'] });
      expect((await rotate(equal.id, {}, manager.key)).status).to.equal(201);
    });

    it('keeps one bucket for the rate limit over every generation', async () => {
      await hourWithRoom();
      const first = await create();
      const second = await rotated(first.id, { grace_period: 0 });
      const third = await rotated(second.id);
      expect(await rowOf(second.id)).to.include({ bucket: String(first.id), replaces: String(first.id) });
      expect(await rowOf(third.id)).to.include({ bucket: String(first.id), replaces: String(second.id) });
      const remaining = async (key: string): Promise<number> => {
        const answer = await ask(server, '/v1/posts', { headers: { Authorization: `Bearer ${key}` } });
        return Number(answer.headers.get('x-ratelimit-remaining'));
      };
      const before = await remaining(second.key);
      expect(await remaining(third.key)).to.equal(before - 1);
      const old = await create();
      const next = await rotated(old.id);
      const left = await remaining(old.key);
      expect(await remaining(next.key)).to.equal(left - 1);
    });

    it('shows the use of the old and of the new key apart', async () => {
      const old = await create();
      const next = await rotated(old.id);
      await works(next.key);
      await server.composed.flushUsage();
      expect(body(await call('GET', `/${old.id}`)).last_used_at).to.equal(null);
      expect(body(await call('GET', `/${next.id}`)).last_used_at).to.match(TIME);
    });

    it('has the old key deleted by the sweeper when its grace is over', async () => {
      const { id } = await create();
      await rotated(id, { grace_period: 60 });
      await runSweeps(database, credentialSweeps);
      expect(await rowOf(id)).to.include({ revoked_at: null });
      await set(id, "expires_at = now() - interval '1 minute'");
      expect((await call('GET', `/${id}`)).status, 'before the sweeper came').to.equal(404);
      expect((await runSweeps(database, credentialSweeps)).credentials).to.equal(0);
      const row = await rowOf(id);
      expect(row.revoke_reason).to.equal('replaced');
      expect(row.revoked_at).to.deep.equal(row.expires_at);
    });
  });
});
