import { expect } from 'chai';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose';
import * as openid from 'openid-client';
import {
  type AppUnderTest,
  askTokenAs,
  beginFlow,
  finishFlow,
  newPerson,
  refresh,
  registerApp,
  reports,
  scopesFileWithReports,
  type Tokens,
  verdict,
} from '../support/app-under-test.ts';
import { type Answer, ask, askJson, ownerToken } from '../support/ask.ts';
import type { Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

describe('a resource whose tokens are JWTs (RFC 9068)', () => {
  let server: TestServer;
  let owner: string;
  let app: AppUnderTest;
  let somebody: Person & { readonly id: number };

  before(async () => {
    server = await startServer({ SCOPES_FILE: await scopesFileWithReports() });
    owner = await ownerToken(server);
  });
  after(() => server.stop());
  beforeEach(async () => {
    app = await registerApp(server, owner);
    somebody = await newPerson(server, owner);
  });

  async function getTokens(scope = 'openid analytics:read'): Promise<Tokens> {
    const flow = await beginFlow(app, scope, { resource: reports });
    return finishFlow(app, flow, await somebody.authorize(flow.url));
  }

  async function verifyAsOthersDo(token: string): Promise<JWTPayload> {
    const keys = createRemoteJWKSet(new URL(`${server.url}/oauth/jwks`));
    const { payload } = await jwtVerify(token, keys, { issuer: server.issuer, audience: reports, typ: 'at+jwt' });
    return payload;
  }

  const atReports = (token: string) => verdict(server, token, 'analytics:read', reports);

  it('says what RFC 9068 asks for, signed with a published key, for five minutes at most', async () => {
    const { access_token: token, expires_in: lifetime, scope } = await getTokens();
    expect(lifetime).to.equal(300);
    expect(scope).to.equal('analytics:read');
    const { alg, typ, kid } = decodeProtectedHeader(token);
    expect({ alg, typ }).to.deep.equal({ alg: 'ES256', typ: 'at+jwt' });
    expect(kid).to.be.a('string');
    const payload = await verifyAsOthersDo(token);
    expect(payload).to.include({
      iss: server.issuer,
      aud: reports,
      sub: String(somebody.id),
      client_id: app.clientId,
      scope: 'analytics:read',
    });
    expect(payload.jti).to.be.a('string').with.length.above(20);
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).to.equal(300);
  });

  it('is good at its own audience and at no other', async () => {
    const { access_token: token } = await getTokens();
    expect(await atReports(token)).to.equal(200);
    expect(await verdict(server, token, 'analytics:read')).to.equal(401);
    expect(await verdict(server, token, 'analytics:read', server.issuer)).to.equal(401);
    expect((await ask(server, '/v1/posts', { headers: { Authorization: `Bearer ${token}` } })).status).to.equal(401);
    expect(await verdict(server, token, 'posts:read', reports)).to.equal(403);
  });

  it('is named by introspection, to its own client', async () => {
    const { access_token: token } = await getTokens();
    const answer = await askTokenAs(server, app, { token }, '/oauth/introspect');
    expect(answer.json).to.include({
      active: true,
      scope: 'analytics:read',
      client_id: app.clientId,
      sub: String(somebody.id),
      sub_type: 'user',
      credential_type: 'oauth_access_token',
    });
    const other = await registerApp(server, owner);
    const foreign = await askTokenAs(server, other, { token }, '/oauth/introspect');
    expect(foreign.text).to.equal('{"active":false}');
  });

  it('opens userinfo when it came with openid, and not without', async () => {
    const { access_token: token } = await getTokens('openid profile analytics:read');
    expect(await openid.fetchUserInfo(app.config, token, String(somebody.id))).to.deep.include({ name: 'Ada' });
    const bare = (await getTokens('analytics:read')).access_token;
    const refused = await ask(server, '/oauth/userinfo', { headers: { Authorization: `Bearer ${bare}` } });
    expect(refused.status, refused.text).to.equal(403);
  });

  it('is refreshed for the same resource, and for no other than was agreed to', async () => {
    const tokens = await getTokens();
    const refreshed = await openid.refreshTokenGrant(app.config, tokens.refresh_token ?? '', { resource: reports });
    expect(decodeJwt(refreshed.access_token).aud).to.equal(reports);
    const unsaid = await openid.refreshTokenGrant(app.config, refreshed.refresh_token ?? '');
    expect(decodeJwt(unsaid.access_token).aud).to.equal(reports);
    const other = await refresh(server, app, unsaid.refresh_token, { resource: 'https://other.example' });
    expect(other.json).to.include({ error: 'invalid_target' });
    const again = await refresh(server, app, unsaid.refresh_token);
    expect(again.status, `a refused refresh costs nothing: ${again.text}`).to.equal(200);
  });

  it('refuses a scope that the resource does not have', async () => {
    const { url } = await beginFlow(app, 'posts:read', { resource: reports });
    const answer = await ask(server, url.pathname + url.search);
    const location = new URL(answer.headers.get('Location') ?? '');
    expect(location.searchParams.get('error')).to.equal('invalid_scope');
  });

  it('refuses several resources in one request: a token has one audience', async () => {
    const { url } = await beginFlow(app, 'analytics:read', { resource: reports });
    url.searchParams.append('resource', server.issuer);
    const answer = await ask(server, url.pathname + url.search);
    const location = answer.headers.get('Location') ?? '';
    expect(location, answer.text).to.include('error=invalid_target');
  });

  describe('dies at once', () => {
    let tokens: Tokens;
    beforeEach(async () => {
      tokens = await getTokens();
      expect(await atReports(tokens.access_token)).to.equal(200);
    });
    afterEach(async () => {
      expect(await atReports(tokens.access_token)).to.equal(401);
      const answer = await refresh(server, app, tokens.refresh_token);
      expect(answer.status).to.be.oneOf([200, 400, 401]);
    });

    it('with the consent', async () => {
      await server.composed.installation.database.pool.query(
        'UPDATE oauth_grants SET revoked_at = now() WHERE user_id = $1',
        [somebody.id],
      );
    });
    it('with the client', async () => {
      expect((await askJson(server, 'DELETE', `/api/clients/${app.clientId}`, owner)).status).to.equal(204);
    });
    it('with the user', async () => {
      expect((await askJson(server, 'POST', `/api/users/${somebody.id}/disable`, owner)).status).to.equal(200);
    });
    it('when its client revokes it', async () => {
      await openid.tokenRevocation(app.config, tokens.access_token);
    });
    it('with its refresh token', async () => {
      await openid.tokenRevocation(app.config, tokens.refresh_token ?? '');
    });
    for (const leaked of ['access_token', 'refresh_token'] as const) {
      it(`when an administrator ends its leaked ${leaked.replace('_', ' ')}`, async () => {
        const credential = tokens[leaked];
        const ended = await askJson(server, 'POST', '/api/credentials/revoke', owner, { credential });
        expect(ended.status, ended.text).to.equal(200);
      });
    }
  });

  it('survives its revocation by another client', async () => {
    const { access_token: token } = await getTokens();
    const other = await registerApp(server, owner);
    expect((await askTokenAs(server, other, { token }, '/oauth/revoke')).status).to.equal(200);
    expect(await atReports(token)).to.equal(200);
  });

  it('shrinks with the role', async () => {
    const { access_token: token } = await getTokens();
    const { pool } = server.composed.installation.database;
    await pool.query("UPDATE memberships SET role = 'nobody' WHERE user_id = $1", [somebody.id]);
    expect(await atReports(token)).to.equal(403);
  });

  describe('for a client that acts for itself', () => {
    let machine: AppUnderTest;

    beforeEach(async () => {
      machine = await registerApp(server, owner, {
        grant_types: ['client_credentials'],
        redirect_uris: [],
        post_logout_redirect_uris: [],
      });
    });

    const ownToken = (more: Record<string, string> = {}): Promise<Answer> =>
      askTokenAs(server, machine, { grant_type: 'client_credentials', resource: reports, ...more });
    const tokenOf = async (): Promise<string> => ((await ownToken()).json as { access_token: string }).access_token;

    it('gives a JWT with the defaults or what is asked for, within what the resource has', async () => {
      const answer = await ownToken({ scope: 'analytics:read' });
      const token = (answer.json as { access_token: string }).access_token;
      const payload = await verifyAsOthersDo(token);
      expect(payload).to.include({ sub: machine.clientId, client_id: machine.clientId, scope: 'analytics:read' });
      expect(await atReports(token)).to.equal(200);
      expect((await ownToken({ scope: 'posts:read' })).json).to.include({ error: 'invalid_scope' });
    });

    it('dies with the client, and with its revocation', async () => {
      const answer = await ownToken({ scope: 'analytics:read' });
      const one = (answer.json as { access_token: string }).access_token;
      expect((await askTokenAs(server, machine, { token: one }, '/oauth/revoke')).status).to.equal(200);
      expect(await atReports(one)).to.equal(401);
      const leaked = ((await ownToken({ scope: 'analytics:read' })).json as { access_token: string }).access_token;
      await askJson(server, 'POST', '/api/credentials/revoke', owner, { credential: leaked });
      expect(await atReports(leaked)).to.equal(401);
      const two = ((await ownToken({ scope: 'analytics:read' })).json as { access_token: string }).access_token;
      expect(await atReports(two)).to.equal(200);
      await askJson(server, 'DELETE', `/api/clients/${machine.clientId}`, owner);
      expect(await atReports(two)).to.equal(401);
    });

    it('refuses a request for defaults where the resource has none of them', async () => {
      expect(await tokenOf().then(() => 'given')).to.equal('given');
      expect((await ownToken()).json).to.include({ error: 'invalid_scope' });
    });
  });
});
