import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import Koa from 'koa';
import { principalFrom, protect } from '../../src/resource-server/koa.ts';
import { newPerson } from '../support/app-under-test.ts';
import { ask, askJson } from '../support/ask.ts';
import { pageProgram } from '../support/page-program.ts';
import { administrator } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { almightyToken, makeKey, makeToken, readsPosts, signInForToken, writesPosts } from './asking.ts';

describe('000 API Authentication (Media Library)', () => {
  let server: TestServer;
  let owner: string;

  before(async () => {
    server = await startServer();
    owner = await almightyToken(server);
  });
  after(() => server.stop());

  it('000 API Authentication: every endpoint requires authentication', async () => {
    for (const path of ['/api/me', '/api/tokens', '/api/keys', '/api/scopes', '/v1/posts', '/v1/categories']) {
      const answer = await ask(server, path);
      expect(answer.status, path).to.equal(401);
      expect(answer.json).to.deep.equal({ message: 'Unauthenticated.' });
    }
  });

  it('000 API Authentication: createToken(name) gives a token in plain text', async () => {
    const { secret } = await makeToken(server, owner, { name: 'media-api' });
    expect(await readsPosts(server, secret)).to.equal(200);
  });

  it('000 API Authentication: a login endpoint gives the token and the user', async () => {
    const answer = await signInForToken(server, { token_name: 'media-api' });
    expect(answer.status).to.equal(200);
    const { token, user } = answer.json as { token: string; user: Record<string, unknown> };
    expect(user).to.include({ email: administrator(server).email });
    expect(await readsPosts(server, token)).to.equal(200);
  });

  it('000 API Authentication: wrong credentials are refused on the e-mail field', async () => {
    for (const account of [
      { email: administrator(server).email, password: 'wrong' },
      { email: 'nobody@example.com', password: 'wrong' },
    ]) {
      const answer = await signInForToken(server, {}, account);
      expect(answer.status).to.equal(422);
      expect(answer.json).to.have.deep.nested.property('errors.email', ['The provided credentials are incorrect.']);
    }
  });

  it('000 API Authentication: e-mail and password are required', async () => {
    const answer = await ask(server, '/auth/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{}',
    });
    expect(answer.status).to.equal(422);
    expect(Object.keys((answer.json as { errors: object }).errors).sort()).to.deep.equal(['email', 'password']);
  });

  it('000 API Authentication: Authorization: Bearer and Accept: application/json', async () => {
    const answer = await ask(server, '/v1/posts', {
      headers: { Authorization: `Bearer ${owner}`, Accept: 'application/json' },
    });
    expect(answer.status).to.equal(200);
    expect(answer.headers.get('Content-Type')).to.include('application/json');
  });

  it('000 API Authentication: abilities restrict a token to specific actions', async () => {
    const { secret } = await makeToken(server, owner, { name: 'media-api', abilities: ['posts:read'] });
    expect(await readsPosts(server, secret)).to.equal(200);
    expect(await writesPosts(server, secret)).to.equal(403);
  });

  it('000 API Authentication: tokenCan is principal.can in the handler', async () => {
    const asker = await makeKey(server, owner, { scopes: ['credentials:introspect'] });
    const app = new Koa();
    app.use(protect({ url: server.url, credentials: asker.secret }, 'posts:read'));
    app.use((context) => {
      const { can } = principalFrom(context);
      context.body = { write: can('posts:write'), delete: can('posts:delete') };
    });
    const api = createServer(app.callback());
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
    const { port } = api.address() as AddressInfo;
    const { secret } = await makeToken(server, owner, { name: 'x', abilities: ['posts:read', 'posts:write'] });
    const answer = await askJson({ url: `http://127.0.0.1:${port}` }, 'GET', '/', secret);
    expect(answer.json).to.deep.equal({ write: true, delete: false });
    api.closeAllConnections();
    await new Promise((resolve) => api.close(resolve));
  });

  it('000 API Authentication: revoke the current token', async () => {
    const { secret } = await makeToken(server, owner, { name: 'x', scopes: ['posts:read'] });
    expect((await askJson(server, 'DELETE', '/api/tokens/current', secret)).status).to.equal(204);
    expect(await readsPosts(server, secret)).to.equal(401);
  });

  it('000 API Authentication: revoke a specific token, and no other', async () => {
    const [one, other] = [await makeToken(server, owner, { name: 'x' }), await makeToken(server, owner, { name: 'y' })];
    expect((await askJson(server, 'DELETE', `/api/tokens/${one.id}`, owner)).status).to.equal(204);
    expect(await readsPosts(server, one.secret)).to.equal(401);
    expect(await readsPosts(server, other.secret)).to.equal(200);
  });

  it("000 API Authentication: revoke all of a user's tokens, and nobody else's", async () => {
    const somebody = await newPerson(server, owner);
    const signedIn = await signInForToken(server, { scopes: ['tokens:manage', 'posts:read'] }, somebody);
    const { token } = signedIn.json as { token: string };
    const { secret } = await makeToken(server, token, { name: 'x' });
    const all = await askJson(server, 'DELETE', '/api/tokens', token, { password: somebody.password });
    expect(all.status).to.equal(204);
    for (const gone of [token, secret]) expect(await readsPosts(server, gone)).to.equal(401);
    expect(await readsPosts(server, owner)).to.equal(200);
  });

  it('000 API Authentication: cookies are worth nothing to whoever reads the database, and need the CSRF token', async () => {
    const page = pageProgram(server);
    await page.signIn();
    const session = page.cookies.get('latchkey_session') ?? '';
    const { rows } = await server.composed.installation.database.pool.query('SELECT * FROM sessions');
    expect(rows).to.not.deep.equal([]);
    expect(JSON.stringify(rows)).to.not.include(session);
    const answer = await page.send('POST', '/v1/posts', { title: 'x' }, { 'X-XSRF-TOKEN': null });
    expect(answer.status).to.equal(403);
    expect(answer.json).to.deep.equal({ message: 'CSRF token mismatch.' });
  });
});
