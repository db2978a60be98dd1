import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { newPerson } from '../support/app-under-test.ts';
import { type Answer, askRaw, ownerToken } from '../support/ask.ts';
import { type PageProgram, pageProgram } from '../support/page-program.ts';
import { administrator } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const MISMATCH = { message: 'CSRF token mismatch.' };
const UNAUTHENTICATED = { message: 'Unauthenticated.' };
const SISTER = 'http://app.example.test:8080';

describe('sessions for first-party pages', () => {
  let server: TestServer;
  let owner: string;
  let page: PageProgram;

  before(async () => {
    server = await startServer({ STATEFUL_DOMAINS: 'app.example.test:8080' });
    owner = await ownerToken(server);
  });
  after(() => server.stop());
  beforeEach(async () => {
    page = pageProgram(server, SISTER);
    expect((await page.signIn()).status).to.equal(200);
  });

  const refused = (answer: Answer, why: string): void => {
    expect(answer.status, why).to.equal(403);
    expect(answer.json, why).to.deep.equal(MISMATCH);
  };

  it('begin with POST /login, which answers the user and sets both cookies', async () => {
    const fresh = pageProgram(server, SISTER);
    const answer = await fresh.signIn();
    expect(answer.status).to.equal(200);
    const { user } = answer.json as { user: Record<string, unknown> };
    expect(user).to.include({ email: 'admin@localhost', name: 'Administrator' });
    expect(JSON.stringify(user)).to.not.match(/password_hash|\$2/);
    expect(answer.headers.get('Cache-Control')).to.equal('no-store');
    const [session = '', xsrf = ''] = ['latchkey_session', 'XSRF-TOKEN'].map((name) =>
      fresh.lastCookies().find((line) => line.startsWith(`${name}=`)),
    );
    expect(session).to.match(/^latchkey_session=[\w-]{43}; path=\/; expires=[^;]+; samesite=lax; httponly$/i);
    expect(xsrf).to.match(/^XSRF-TOKEN=[^;]+; path=\/; samesite=lax$/i);
  });

  it('refuse a wrong password and an unknown address in the same words, and set no cookie', async () => {
    for (const account of [
      { email: 'admin@localhost', password: 'wrong' },
      { email: 'nobody@localhost', password: 'wrong' },
    ]) {
      const fresh = pageProgram(server, SISTER);
      const answer = await fresh.signIn(account);
      expect(answer.status).to.equal(422);
      const sentence = 'The provided credentials are incorrect.';
      expect(answer.json).to.deep.equal({ message: sentence, errors: { email: [sentence] } });
      expect(fresh.cookies.has('latchkey_session')).to.equal(false);
    }
  });

  it('read with the cookie alone, and change with the token and the origin', async () => {
    const me = await page.send('GET', '/api/me', undefined, { Origin: null });
    expect(me.status).to.equal(200);
    expect(me.json).to.have.nested.property('credential.type', 'session');
    expect((await page.send('POST', '/v1/posts', { title: 'By session' })).status).to.equal(201);
    expect((await page.send('POST', '/api/tokens', { name: 'By session' })).status).to.equal(201);
  });

  it('do not change anything without the token, with another one, and from another origin', async () => {
    const stranger = pageProgram(server, SISTER);
    await stranger.signIn();
    const another = decodeURIComponent(stranger.cookies.get('XSRF-TOKEN') ?? '');
    await stranger.send('POST', '/logout');
    await stranger.send('GET', '/csrf-cookie');
    const ofNobody = decodeURIComponent(stranger.cookies.get('XSRF-TOKEN') ?? '');
    for (const path of ['/v1/posts', '/api/tokens'] as const) {
      const post = (headers: Record<string, string | null>): Promise<Answer> =>
        page.send('POST', path, { title: 'x', name: 'x' }, headers);
      refused(await post({ 'X-XSRF-TOKEN': null }), 'no token');
      refused(await post({ 'X-XSRF-TOKEN': '' }), 'an empty token');
      refused(await post({ 'X-XSRF-TOKEN': another }), "another session's token, and one's own in the cookie");
      const session = page.cookies.get('latchkey_session');
      for (const planted of [another, ofNobody]) {
        const Cookie = `latchkey_session=${session}; XSRF-TOKEN=${encodeURIComponent(planted)}`;
        refused(await post({ 'X-XSRF-TOKEN': planted, Cookie }), 'a planted cookie');
      }
      refused(await post({ Cookie: `latchkey_session=${session}` }), 'the token in the header only');
      for (const origin of [
        null,
        'null',
        'https://evil.example',
        'https://app.example.test:8080.evil.example',
        'http://app.example.test',
        'http://evil-app.example.test:8080',
        'http://app.example.test:8080/',
      ]) {
        refused(await post({ Origin: origin }), `origin ${origin}`);
      }
    }
  });

  it('are not seen on a reading request of a page of another site', async () => {
    for (const headers of [
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { Origin: null, 'Sec-Fetch-Site': 'cross-site' },
    ]) {
      const answer = await page.send('GET', '/api/me', undefined, headers);
      expect(answer.status).to.equal(401);
      expect(answer.json).to.deep.equal(UNAUTHENTICATED);
    }
  });

  it('give way to an explicit credential, good or bad', async () => {
    const bad = await page.send('GET', '/api/me', undefined, { Authorization: 'Bearer nonsense' });
    expect(bad.status).to.equal(401);
    expect(bad.headers.get('WWW-Authenticate')).to.include('error="invalid_token"');
    for (const Authorization of ['Bearer', 'Bearer ', 'Basic Og==', 'Digest x', '']) {
      expect((await page.send('GET', '/api/me', undefined, { Authorization })).status, Authorization).to.equal(401);
    }
    const made = await page.send('POST', '/api/tokens', { name: 'Explicit', scopes: ['posts:read'] });
    const { token } = made.json as { token: string };
    const Authorization = `Bearer ${token}`;
    const me = await page.send('GET', '/api/me', undefined, { Authorization });
    expect(me.json).to.have.nested.property('credential.type', 'personal_access_token');
    expect((await page.send('POST', '/v1/posts', { title: 'x' }, { Authorization })).status).to.equal(403);
  });

  it('do not save a request with two credentials', async () => {
    const { status } = await askRaw(
      server,
      `GET /v1/posts HTTP/1.1\r\nHost: localhost\r\nCookie: latchkey_session=${page.cookies.get('latchkey_session')}\r\n` +
        'Authorization: Bearer a\r\nAuthorization: Bearer b\r\nConnection: close\r\n\r\n',
    );
    expect(status).to.equal(400);
  });

  it('end with POST /logout, at once and on the server', async () => {
    const session = page.cookies.get('latchkey_session');
    const answer = await page.send('POST', '/logout');
    expect(answer.status).to.equal(204);
    expect(page.cookies.has('latchkey_session')).to.equal(false);
    const copied = await page.send('GET', '/api/me', undefined, { Cookie: `latchkey_session=${session}` });
    expect(copied.status).to.equal(401);
  });

  it('are not ended by a page of another site', async () => {
    refused(await page.send('POST', '/logout', undefined, { Origin: 'https://evil.example' }), 'logout');
    expect((await page.send('GET', '/api/me')).status).to.equal(200);
  });

  it('are not begun by a page of another site', async () => {
    const evil = pageProgram(server, 'https://evil.example');
    refused(await evil.signIn(), 'login');
    expect(evil.cookies.size).to.equal(0);
  });

  it('hand out the token at GET /csrf-cookie, before and after signing in, bound to the session', async () => {
    const fresh = pageProgram(server, SISTER);
    const answer = await fresh.send('GET', '/csrf-cookie');
    expect(answer.status).to.equal(204);
    expect(answer.headers.get('Cache-Control')).to.equal('no-store');
    const before = fresh.cookies.get('XSRF-TOKEN');
    await fresh.signIn();
    expect(fresh.cookies.get('XSRF-TOKEN')).to.not.equal(before);
    await fresh.send('GET', '/csrf-cookie');
    expect((await fresh.send('POST', '/v1/posts', { title: 'x' })).status).to.equal(201);
  });

  describe('and PUT /api/me/password', () => {
    it('changes the password, keeps this session and ends the others', async () => {
      const somebody = await newPerson(server, owner);
      const here = pageProgram(server, SISTER);
      const there = pageProgram(server, SISTER);
      await here.signIn(somebody);
      await there.signIn(somebody);
      const password = 'a longer way over the bridge';
      const answer = await here.send('PUT', '/api/me/password', { current_password: somebody.password, password });
      expect(answer.status, answer.text).to.equal(204);
      expect((await here.send('GET', '/api/me')).status).to.equal(200);
      expect((await there.send('GET', '/api/me')).status).to.equal(401);
      expect((await there.signIn(somebody)).status).to.equal(422);
      expect((await there.signIn({ email: somebody.email, password })).status).to.equal(200);
    });

    it('refuses a wrong current password, a weak new one and missing fields, by name', async () => {
      const somebody = await newPerson(server, owner);
      const here = pageProgram(server, SISTER);
      await here.signIn(somebody);
      const put = (body: object): Promise<Answer> => here.send('PUT', '/api/me/password', body);
      const wrong = await put({ current_password: 'wrong', password: 'a longer way over the bridge' });
      expect(wrong.status).to.equal(422);
      expect(wrong.json).to.deep.equal({
        message: 'The given data was invalid.',
        errors: { current_password: ['The password is incorrect.'] },
      });
      const weak = await put({ current_password: somebody.password, password: 'password' });
      expect(weak.status).to.equal(422);
      expect(Object.keys((weak.json as { errors: object }).errors)).to.deep.equal(['password']);
      const none = await put({});
      expect(none.status).to.equal(422);
      expect(Object.keys((none.json as { errors: object }).errors).sort()).to.deep.equal([
        'current_password',
        'password',
      ]);
      expect((await here.send('GET', '/api/me')).status).to.equal(200);
    });

    it('is for a session only', async () => {
      const { password } = administrator(server);
      const body = { current_password: password, password: 'a longer way over the bridge' };
      const made = await page.send('POST', '/api/tokens', { name: 'All', scopes: ['*'] });
      const Authorization = `Bearer ${(made.json as { token: string }).token}`;
      expect((await page.send('PUT', '/api/me/password', body, { Authorization })).status).to.equal(403);
      refused(await page.send('PUT', '/api/me/password', body, { 'X-XSRF-TOKEN': null }), 'no token');
    });
  });
});

describe('the cookies of a session on https', () => {
  /** A first start makes nothing where the issuer is https; so there was one before. */
  async function start(environment: NodeJS.ProcessEnv): Promise<TestServer> {
    const SECRET_KEYS = randomBytes(32).toString('base64');
    const first = await startServer({ SECRET_KEYS, SEED_EXAMPLES: 'false' });
    await first.stop();
    const { databaseUrl: DATABASE_URL, welcome } = first;
    return { ...(await startServer({ SECRET_KEYS, DATABASE_URL, ...environment })), welcome };
  }

  it('are host-only and named so', async () => {
    const server = await start({ ISSUER: 'https://auth.example.test' });
    try {
      const page = pageProgram(server);
      expect(await signInBehindTls(server, page)).to.equal(200);
      const [session = '', xsrf = ''] = cookieLines(page);
      expect(session).to.match(
        /^__Host-latchkey_session=[\w-]{43}; path=\/; expires=[^;]+; samesite=lax; secure; httponly$/i,
      );
      expect(xsrf).to.match(/^XSRF-TOKEN=[^;]+; path=\/; samesite=lax; secure$/i);
    } finally {
      await server.stop();
    }
  });

  it('are shared with sister hosts where COOKIE_DOMAIN says so, and named so', async () => {
    const server = await start({ ISSUER: 'https://auth.example.test', COOKIE_DOMAIN: 'example.test' });
    try {
      const page = pageProgram(server);
      expect(await signInBehindTls(server, page)).to.equal(200);
      const [session = '', xsrf = ''] = cookieLines(page);
      expect(session).to.match(
        /^__Secure-latchkey_session=[\w-]{43}; path=\/; expires=[^;]+; domain=example\.test; samesite=lax; secure; httponly$/i,
      );
      expect(xsrf).to.match(/^XSRF-TOKEN=[^;]+; path=\/; domain=example\.test; samesite=lax; secure$/i);
    } finally {
      await server.stop();
    }
  });

  /** `fetch` names the host of its URL; a proxy that ends TLS sends the public one. */
  async function signInBehindTls(server: TestServer, page: PageProgram): Promise<number> {
    const body = JSON.stringify(administrator(server));
    const { status, head } = await askRaw(
      server,
      `POST /login HTTP/1.1\r\nHost: auth.example.test\r\nOrigin: https://auth.example.test\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
    for (const [, name = '', value = ''] of head.matchAll(/^set-cookie: ([^=]+)=(.*)\r?$/gim)) {
      page.cookies.set(name, value);
    }
    return status;
  }

  function cookieLines(page: PageProgram): readonly string[] {
    const lines = [...page.cookies].map(([name, value]) => `${name}=${value.trim()}`);
    return ['latchkey_session', 'XSRF-TOKEN'].map((name) => lines.find((line) => line.includes(name)) ?? '');
  }
});
