import { expect } from 'chai';
import { newPerson } from '../support/app-under-test.ts';
import { ask, askJson } from '../support/ask.ts';
import { pageProgram } from '../support/page-program.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { minuteWithRoom } from '../support/window-with-room.ts';
import { almightyToken, letExpire, makeKey, makeToken, readsPosts, signInForToken, writesPosts } from './asking.ts';

const DAY_MS = 86_400_000;

describe('004 Authentication (AnimeThemes)', () => {
  let server: TestServer;
  let owner: string;

  before(async () => {
    server = await startServer({ STATEFUL_DOMAINS: 'localhost,example.com', TRUSTED_PROXIES: '127.0.0.0/8' });
    owner = await almightyToken(server);
  });
  after(() => server.stop());

  it('004 Authentication: SANCTUM_STATEFUL_DOMAINS is STATEFUL_DOMAINS', async () => {
    for (const [origin, status] of [
      ['https://example.com', 200],
      ['http://localhost', 200],
      ['https://evil.example', 403],
      ['https://example.com:8443', 403],
    ] as const) {
      expect((await pageProgram(server, origin).signIn()).status, origin).to.equal(status);
    }
  });

  it('004 Authentication: by default the own address is stateful, and so are its loopback names', async () => {
    const plain = await startServer();
    const { port } = new URL(plain.url);
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      expect((await pageProgram(plain, `http://${host}:${port}`).signIn()).status, host).to.equal(200);
    }
    expect((await pageProgram(plain, 'http://localhost:1').signIn()).status).to.equal(403);
    await plain.stop();
  });

  it('004 Authentication: the web guard: a session is accepted at the API', async () => {
    const page = pageProgram(server, 'https://example.com');
    await page.signIn();
    expect((await page.send('GET', '/api/me')).status).to.equal(200);
  });

  it('004 Authentication: tokens expire after one year', async () => {
    const { body } = await makeToken(server, owner, { name: 'x' });
    const days = (Date.parse(String(body.expires_at)) - Date.now()) / DAY_MS;
    expect(days).to.be.within(364.9, 366.1);
  });

  it('004 Authentication: the expiration can be customized, for one token or all, down to never', async () => {
    const end = new Date(Date.now() + 7 * DAY_MS);
    const week = await makeToken(server, owner, { name: 'x', expires_at: end.toISOString() });
    expect(Date.parse(String(week.body.expires_at))).to.be.closeTo(end.getTime(), 1000);
    expect((await makeToken(server, owner, { name: 'x', expires_at: null })).body.expires_at).to.equal(null);
    for (const [setting, days] of [
      ['P30D', 30],
      ['never', null],
    ] as const) {
      const own = await startServer({ TOKEN_EXPIRATION: setting });
      const { body } = await makeToken(own, await almightyToken(own), { name: 'x' });
      if (days === null) expect(body.expires_at).to.equal(null);
      else expect(Date.parse(String(body.expires_at)) - Date.now()).to.be.closeTo(days * DAY_MS, 60_000);
      await own.stop();
    }
  });

  it('004 Authentication: the plain text is available at creation only', async () => {
    const { id, secret } = await makeToken(server, owner, { name: 'token-name' });
    const list = await askJson(server, 'GET', '/api/tokens?limit=100', owner);
    expect((list.json as { data: { id: number }[] }).data.map((token) => token.id)).to.include(id);
    expect(list.text).to.not.include(secret.slice(-46));
  });

  it('004 Authentication: tokens have the format {token_id}|{plain_text_token}', async () => {
    const { id, secret } = await makeToken(server, owner, { name: 'x' });
    expect(secret).to.match(new RegExp(`^${id}\\|lkp_[0-9A-Za-z]{46}$`));
    expect(await readsPosts(server, secret.replace('|', '.')), 'for shells').to.equal(200);
    for (const broken of [secret.slice(secret.indexOf('|') + 1), `0|${secret}`, `${secret}x`, secret.slice(0, -1)]) {
      expect(await readsPosts(server, broken)).to.equal(401);
    }
  });

  it('004 Authentication: GET /api/me answers the authenticated user', async () => {
    const answer = await fetch(`${server.url}/api/me`, {
      headers: { Authorization: `Bearer ${owner}`, Accept: 'application/json' },
    });
    expect(answer.status).to.equal(200);
    expect(await answer.json()).to.have.nested.property('user.email', 'admin@localhost');
    expect((await ask(server, '/api/me')).status).to.equal(401);
  });

  it('004 Authentication: revoke a specific token, all tokens, the current token', async () => {
    const somebody = await newPerson(server, owner);
    const signedIn = await signInForToken(server, { scopes: ['tokens:manage', 'posts:read'] }, somebody);
    const { token } = signedIn.json as { token: string };
    const [specific, current, rest] = [
      await makeToken(server, token, { name: '1' }),
      await makeToken(server, token, { name: '2' }),
      await makeToken(server, token, { name: '3' }),
    ];
    expect((await askJson(server, 'DELETE', `/api/tokens/${specific.id}`, token)).status).to.equal(204);
    expect((await askJson(server, 'DELETE', '/api/tokens/current', current.secret)).status).to.equal(204);
    expect([await readsPosts(server, specific.secret), await readsPosts(server, current.secret)]).to.deep.equal([
      401, 401,
    ]);
    expect(await readsPosts(server, rest.secret)).to.equal(200);
    const { password } = somebody;
    expect((await askJson(server, 'DELETE', '/api/tokens', token, { password })).status).to.equal(204);
    expect(await readsPosts(server, rest.secret)).to.equal(401);
  });

  it('004 Authentication: permissions come from roles, as they are now', async () => {
    const somebody = await newPerson(server, owner, { role: 'admin' });
    const signedIn = await signInForToken(server, { scopes: ['posts:write', 'posts:delete'] }, somebody);
    const { token } = signedIn.json as { token: string };
    expect((await askJson(server, 'DELETE', '/v1/posts/999999', token)).status).to.equal(404);
    const demoted = await askJson(server, 'PATCH', `/api/workspaces/1/members/${somebody.id}`, owner, {
      role: 'member',
    });
    expect(demoted.status, demoted.text).to.equal(200);
    expect((await askJson(server, 'DELETE', '/v1/posts/999999', token)).status).to.equal(403);
    expect(await writesPosts(server, token)).to.equal(201);
  });

  it('004 Authentication: the bypass permission exempts from rate limiting', async () => {
    const bypass = await makeKey(server, owner, { scopes: ['posts:read', 'ratelimit:bypass'] });
    const plain = await makeKey(server, owner, { scopes: ['posts:read'] });
    const use = async (credential: string, cost: number): Promise<unknown> =>
      (await askJson(server, 'POST', '/api/verify', owner, { credential, scopes: ['posts:read'], cost })).json;
    expect(await use(plain.secret, 1001)).to.include({ allowed: false, reason: 'rate_limited' });
    expect(await use(bypass.secret, 1001)).to.include({ allowed: true });
    expect(await use(bypass.secret, 1001)).to.include({ allowed: true });
  });

  it('004 Authentication: anonymous requests have a limit of their own', async () => {
    const from = (headers: Record<string, string>) =>
      ask(server, '/v1/posts', { headers: { 'X-Forwarded-For': '203.0.113.9', ...headers } });
    await minuteWithRoom();
    expect((await from({})).headers.get('X-RateLimit-Limit')).to.equal(null);
    for (let count = 0; count < 12; count += 1) await Promise.all(Array.from({ length: 50 }, () => from({})));
    const limited = await from({});
    expect(limited.status).to.equal(429);
    expect(limited.headers.get('X-RateLimit-Limit')).to.equal('600');
    const { secret } = await makeToken(server, owner, { name: 'x', scopes: ['posts:read'] });
    const known = await from({ Authorization: `Bearer ${secret}` });
    expect(known.status, 'a valid credential is not refused for its address').to.equal(200);
    expect(known.headers.get('X-RateLimit-Limit')).to.equal('1000');
  }).timeout(60_000);

  it('004 Authentication: 401 for a token that is missing, of another form, revoked or expired', async () => {
    const expired = await makeToken(server, owner, { name: 'x' });
    await letExpire(server, expired.id);
    const revoked = await makeToken(server, owner, { name: 'x' });
    await askJson(server, 'DELETE', `/api/tokens/${revoked.id}`, owner);
    for (const Authorization of [
      '',
      owner,
      `Token ${owner}`,
      'Bearer 1|abcdefghijklmnopqrstuvwxyz1234567890',
      `Bearer ${expired.secret}`,
      `Bearer ${revoked.secret}`,
    ]) {
      const answer = await ask(server, '/api/me', { headers: Authorization === '' ? {} : { Authorization } });
      expect(answer.status, Authorization.slice(0, 20)).to.equal(401);
      expect(answer.json).to.deep.equal({ message: 'Unauthenticated.' });
    }
  });

  it('004 Authentication: 403 for an authenticated user without the permission', async () => {
    const { secret } = await makeToken(server, owner, { name: 'x', scopes: ['posts:read'] });
    expect(await writesPosts(server, secret)).to.equal(403);
  });
});
