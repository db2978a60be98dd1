import bcrypt from 'bcrypt';
import { expect } from 'chai';
import { newPerson } from '../support/app-under-test.ts';
import { type Answer, ask, askJson, basic } from '../support/ask.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { hourWithRoom } from '../support/window-with-room.ts';
import { almightyToken, letExpire, type Made, makeKey, readsPosts, signInForToken, writesPosts } from './asking.ts';

const DAY_MS = 86_400_000;

describe('001 API Authentication (Core PHP Framework): API keys', () => {
  let server: TestServer;
  let owner: string;

  before(async () => {
    server = await startServer();
    owner = await almightyToken(server);
    const raised = await askJson(server, 'PATCH', '/api/workspaces/1', owner, { rate_limit_tier: 'enterprise' });
    expect(raised.status, raised.text).to.equal(200);
  });
  after(() => server.stop());

  const rotate = (id: number, body: object = {}): Promise<Answer> =>
    askJson(server, 'POST', `/api/keys/${id}/rotate`, owner, body);

  it('001 API keys: are created with name, workspace, scopes and tier, and answered as documented', async () => {
    const scopes = ['posts:read', 'posts:write', 'categories:read'];
    const { body, secret } = await makeKey(server, owner, { workspace_id: 1, scopes, rate_limit_tier: 'pro' });
    expect(body).to.deep.include({ name: 'Mobile App', scopes, rate_limit_tier: 'pro', workspace_id: 1 });
    expect(body.id).to.be.a('number');
    expect(body.created_at).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    expect(secret).to.match(/^sk_live_/);
  });

  it('001 API keys: the plain text is shown at creation only', async () => {
    const { id, secret } = await makeKey(server, owner, { scopes: ['posts:read'] });
    for (const path of ['/api/keys?limit=100', `/api/keys/${id}`]) {
      const answer = await askJson(server, 'GET', path, owner);
      expect(answer.status).to.equal(200);
      expect(answer.text).to.not.include(secret).and.not.include('"key"');
    }
  });

  it('001 API keys: are used as Bearer and by basic authentication with an empty password', async () => {
    const { secret } = await makeKey(server, owner, { scopes: ['posts:read'] });
    expect(await readsPosts(server, secret)).to.equal(200);
    const byBasic = async (clientSecret: string): Promise<number> => {
      const Authorization = basic({ clientId: secret, clientSecret });
      return (await ask(server, '/v1/posts', { headers: { Authorization } })).status;
    };
    expect(await byBasic('')).to.equal(200);
    expect(await byBasic('x')).to.equal(401);
  });

  it('001 API keys: have the format {prefix}_{environment}_{random} with 32 random characters', async () => {
    for (const environment of ['live', 'test']) {
      const { secret } = await makeKey(server, owner, { scopes: ['posts:read'], environment });
      expect(secret).to.match(new RegExp(`^sk_${environment}_[0-9A-Za-z]{32}$`));
    }
  });

  it('001 API keys: are stored as bcrypt of cost 10, never in plain text, and compared whole', async () => {
    const { id, secret } = await makeKey(server, owner, { scopes: ['posts:read'] });
    const { rows } = await server.composed.installation.database.pool.query<{ key_hash: string }>(
      'SELECT * FROM credentials WHERE id = $1',
      [id],
    );
    expect(JSON.stringify(rows)).to.not.include(secret);
    const hash = rows[0]?.key_hash ?? '';
    expect(hash).to.match(/^\$2b\$10\$/);
    expect(await bcrypt.compare(secret, hash)).to.equal(true);
    const last = secret.endsWith('a') ? 'b' : 'a';
    for (const forged of [
      secret.slice(0, -1),
      `${secret}a`,
      secret.slice(0, -1) + last,
      secret.replace('live', 'test'),
    ]) {
      expect(await readsPosts(server, forged)).to.equal(401);
    }
  });

  it('001 API keys: rotation gives a new key with the same scopes and settings; both work for 24 hours', async () => {
    const end = new Date(Date.now() + 90 * DAY_MS).toISOString();
    const old = await makeKey(server, owner, { scopes: ['posts:read'], rate_limit_tier: 'pro', expires_at: end });
    const answer = await rotate(old.id);
    expect(answer.status, answer.text).to.equal(201);
    const fresh = answer.json as Record<string, unknown> & { replaces: { id: number; expires_at: string } };
    for (const field of ['name', 'scopes', 'rate_limit_tier', 'environment', 'expires_at', 'workspace_id']) {
      expect(fresh[field], field).to.deep.equal(old.body[field]);
    }
    expect(fresh.replaces.id).to.equal(old.id);
    expect(Date.parse(fresh.replaces.expires_at) - Date.now()).to.be.closeTo(DAY_MS, 60_000);
    expect(await readsPosts(server, String(fresh.key))).to.equal(200);
    const byOld = await askJson(server, 'GET', '/v1/posts', old.secret);
    expect(byOld.status).to.equal(200);
    expect(Date.parse(byOld.headers.get('Sunset') ?? '')).to.be.closeTo(Date.parse(fresh.replaces.expires_at), 1000);
  });

  it('001 API keys: the old key is gone after the grace period, which may be none', async () => {
    const old = await makeKey(server, owner, { scopes: ['posts:read'] });
    const fresh = (await rotate(old.id)).json as { key: string };
    await letExpire(server, old.id);
    expect(await readsPosts(server, old.secret)).to.equal(401);
    expect(await readsPosts(server, fresh.key)).to.equal(200);
    const leaked = await makeKey(server, owner, { scopes: ['posts:read'] });
    expect((await rotate(leaked.id, { grace_period: 0 })).status).to.equal(201);
    expect(await readsPosts(server, leaked.secret)).to.equal(401);
  });

  it('001 API keys: a read-only key reads and does nothing else', async () => {
    const scopes = ['posts:read', 'categories:read', 'analytics:read'];
    const { secret } = await makeKey(server, owner, { name: 'Read-Only Key', scopes });
    for (const path of ['/v1/posts', '/v1/categories', '/v1/analytics']) {
      expect((await askJson(server, 'GET', path, secret)).status, path).to.equal(200);
    }
    expect(await writesPosts(server, secret)).to.equal(403);
    expect((await askJson(server, 'POST', '/v1/categories', secret, { name: 'x' })).status).to.equal(403);
  });

  it('001 API keys: scopes are named on purpose', async () => {
    const answer = await askJson(server, 'POST', '/api/keys', owner, { name: 'No scopes' });
    expect(answer.status).to.equal(422);
    expect(answer.json).to.have.nested.property('errors.scopes');
  });

  it('001 API keys: their age is told, so that they can be rotated every 90 days', async () => {
    const { id, body } = await makeKey(server, owner, { scopes: ['posts:read'] });
    const shown = (await askJson(server, 'GET', `/api/keys/${id}`, owner)).json as { created_at: string };
    expect(shown.created_at).to.equal(body.created_at);
  });

  it('001 API keys: different clients have different keys, each ended by itself', async () => {
    const [ios, android] = [
      await makeKey(server, owner, { name: 'Mobile App iOS', scopes: ['posts:read'] }),
      await makeKey(server, owner, { name: 'Mobile App Android', scopes: ['posts:read'] }),
    ];
    expect(ios.secret).to.not.equal(android.secret);
    const gone = await askJson(server, 'DELETE', `/api/keys/${ios.id}?confirm=Mobile%20App%20iOS`, owner);
    expect(gone.status).to.equal(204);
    expect(await readsPosts(server, ios.secret)).to.equal(401);
    expect(await readsPosts(server, android.secret)).to.equal(200);
  });

  it('001 API keys: usage is monitored, between two days', async () => {
    const { id, secret } = await makeKey(server, owner, { scopes: ['posts:read'] });
    for (let count = 0; count < 3; count += 1) await readsPosts(server, secret);
    await writesPosts(server, secret);
    await server.composed.flushUsage();
    const usage = async (from: number, to: number): Promise<unknown> => {
      const query = new URLSearchParams({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });
      const answer = await askJson(server, 'GET', `/api/keys/${id}/usage?${query}`, owner);
      expect(answer.status, answer.text).to.equal(200);
      return answer.json;
    };
    const now = Date.now();
    const week = (await usage(now - 7 * DAY_MS, now + 3_600_000)) as { total: number; data: unknown[] };
    expect(week.total).to.equal(4);
    expect(week.data).to.have.length(1);
    expect(week.data[0]).to.include({ allowed: 3, denied: 1 });
    expect(await usage(now - 14 * DAY_MS, now - 7 * DAY_MS)).to.include({ total: 0 });
  });

  it('001 API keys: a temporary key ends by itself', async () => {
    const end = new Date(Date.now() + 30 * DAY_MS);
    const { id, body, secret } = await makeKey(server, owner, {
      name: 'Temporary Key',
      scopes: ['posts:read'],
      expires_at: end.toISOString(),
    });
    expect(Date.parse(String(body.expires_at))).to.be.closeTo(end.getTime(), 1000);
    expect(await readsPosts(server, secret)).to.equal(200);
    await letExpire(server, id);
    expect(await readsPosts(server, secret)).to.equal(401);
  });

  describe('rate limits', () => {
    beforeEach(() => hourWithRoom());

    const limitOf = async (key: Made): Promise<Answer> => askJson(server, 'GET', '/v1/posts', key.secret);

    for (const [tier, requests] of [
      ['free', 1000],
      ['pro', 10_000],
    ] as const) {
      it(`001 Rate limiting: ${tier} has ${requests} requests per hour, and the headers say so`, async () => {
        const key = await makeKey(server, owner, { scopes: ['posts:read'], rate_limit_tier: tier });
        const { headers } = await limitOf(key);
        expect(headers.get('X-RateLimit-Limit')).to.equal(String(requests));
        expect(headers.get('X-RateLimit-Remaining')).to.equal(String(requests - 1));
        const reset = Number(headers.get('X-RateLimit-Reset'));
        expect(reset % 3600).to.equal(0);
        expect(reset * 1000 - Date.now()).to.be.within(0, 3_600_000);
        expect((await limitOf(key)).headers.get('X-RateLimit-Remaining')).to.equal(String(requests - 2));
      });
    }

    it('001 Rate limiting: enterprise is unlimited', async () => {
      const key = await makeKey(server, owner, { scopes: ['posts:read'], rate_limit_tier: 'enterprise' });
      const answer = await limitOf(key);
      expect(answer.status).to.equal(200);
      expect(answer.headers.get('X-RateLimit-Limit')).to.equal(null);
    });

    it('001 Rate limiting: counts per key, and answers 429 at the end', async () => {
      const [used, other] = [
        await makeKey(server, owner, { scopes: ['posts:read'], rate_limit_tier: 'free' }),
        await makeKey(server, owner, { scopes: ['posts:read'], rate_limit_tier: 'free' }),
      ];
      await askJson(server, 'POST', '/api/verify', owner, {
        credential: used.secret,
        scopes: ['posts:read'],
        cost: 1000,
      });
      const answer = await limitOf(used);
      expect(answer.status).to.equal(429);
      expect(answer.json).to.include({ message: 'Too many requests.' });
      expect(answer.headers.get('Retry-After')).to.match(/^\d+$/);
      expect((await limitOf(other)).status).to.equal(200);
    });
  });

  describe('test mode', () => {
    it('001 Test mode: test keys begin with sk_test_ and are marked', async () => {
      const { id, secret } = await makeKey(server, owner, { scopes: ['posts:read'], environment: 'test' });
      expect(secret).to.match(/^sk_test_/);
      expect((await askJson(server, 'GET', `/api/keys/${id}`, owner)).json).to.include({ environment: 'test' });
    });

    it('001 Test mode: test keys do not touch production data', async () => {
      const scopes = ['posts:read', 'posts:write', 'posts:delete'];
      const [live, test] = [
        await makeKey(server, owner, { scopes }),
        await makeKey(server, owner, { scopes, environment: 'test' }),
      ];
      const titles = async ({ secret }: Made): Promise<string> =>
        (await askJson(server, 'GET', '/v1/posts', secret)).text;
      const before = await titles(live);
      const made = await askJson(server, 'POST', '/v1/posts', test.secret, { title: 'Only a test' });
      expect(made.status).to.equal(201);
      expect(await titles(test)).to.include('Only a test');
      expect(await titles(live)).to.equal(before);
      const [{ id } = { id: 0 }] = (JSON.parse(before) as { data: { id: number }[] }).data;
      expect((await askJson(server, 'DELETE', `/v1/posts/${id}`, test.secret)).status).to.equal(404);
    });

    it('001 Test mode: test keys have higher rate limits', async () => {
      const key = await makeKey(server, owner, {
        scopes: ['posts:read'],
        environment: 'test',
        rate_limit_tier: 'free',
      });
      const { headers } = await askJson(server, 'GET', '/v1/posts', key.secret);
      expect(headers.get('X-RateLimit-Limit')).to.equal('10000');
    });

    it('001 Test mode: test keys are deleted without confirmation, live ones are not', async () => {
      const test = await makeKey(server, owner, { scopes: ['posts:read'], environment: 'test' });
      expect((await askJson(server, 'DELETE', `/api/keys/${test.id}`, owner)).status).to.equal(204);
      const live = await makeKey(server, owner, { scopes: ['posts:read'] });
      expect((await askJson(server, 'DELETE', `/api/keys/${live.id}`, owner)).status).to.equal(409);
      expect(await readsPosts(server, live.secret)).to.equal(200);
    });
  });

  it('001 API keys: belong to the workspace: a member without keys:manage does not see them', async () => {
    const { id } = await makeKey(server, owner, { scopes: ['posts:read'] });
    const signedIn = await signInForToken(server, { scopes: ['posts:read'] }, await newPerson(server, owner));
    const { token } = signedIn.json as { token: string };
    expect((await askJson(server, 'GET', `/api/keys/${id}`, token)).status).to.equal(403);
  });
});
