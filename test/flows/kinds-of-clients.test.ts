import { expect } from 'chai';
import { type CryptoKey, exportJWK, generateKeyPair } from 'jose';
import * as openid from 'openid-client';
import {
  type AppUnderTest,
  beginFlow,
  finishFlow,
  letIn,
  redeem,
  refresh,
  registerApp,
  verdict,
} from '../support/app-under-test.ts';
import { ask, ownerToken } from '../support/ask.ts';
import { person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

describe('every kind of client', () => {
  let server: TestServer;
  let owner: string;

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
  });
  after(() => server.stop());

  const kinds = {
    'a public client': { token_endpoint_auth_method: 'none' },
    'a confidential client with client_secret_basic': { token_endpoint_auth_method: 'client_secret_basic' },
    'a confidential client with client_secret_post': { token_endpoint_auth_method: 'client_secret_post' },
  };
  for (const [kind, settings] of Object.entries(kinds)) {
    it(`lets ${kind} get tokens by code and PKCE, and refresh them`, async () => {
      const app = await registerApp(server, owner, settings);
      const tokens = await letIn(app, person(server), 'openid posts:read');
      expect(await verdict(server, tokens.access_token, 'posts:read')).to.equal(200);
      const refreshed = await openid.refreshTokenGrant(app.config, tokens.refresh_token ?? '');
      expect(refreshed.refresh_token).to.match(/^ort_/).and.not.equal(tokens.refresh_token);
      expect(refreshed.scope).to.equal(tokens.scope);
      expect(await verdict(server, refreshed.access_token, 'posts:read')).to.equal(200);
    });

    it(`lets ${kind} push its request`, async () => {
      const app = await registerApp(server, owner, settings);
      const flow = await beginFlow(app, 'posts:read');
      const url = await openid.buildAuthorizationUrlWithPAR(app.config, Object.fromEntries(flow.url.searchParams));
      expect([...url.searchParams.keys()].sort()).to.deep.equal(['client_id', 'request_uri']);
      const tokens = await finishFlow(app, flow, await person(server).authorize(url));
      expect(tokens.scope).to.equal('posts:read');
    });
  }

  it('repeats the nonce in the ID token', async () => {
    const app = await registerApp(server, owner);
    const flow = await beginFlow(app, 'openid', { nonce: 'n-0S6_WzA2Mj' });
    const tokens = await openid.authorizationCodeGrant(app.config, await person(server).authorize(flow.url), {
      pkceCodeVerifier: flow.verifier,
      expectedState: flow.state,
      expectedNonce: 'n-0S6_WzA2Mj',
    });
    expect(tokens.claims()).to.include({ iss: server.issuer, aud: app.clientId, nonce: 'n-0S6_WzA2Mj' });
  });

  describe('with private_key_jwt', () => {
    let app: AppUnderTest;
    let key: CryptoKey;

    before(async () => {
      const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
      key = privateKey;
      const settings = {
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'one' }] },
      };
      app = await registerApp(server, owner, settings, openid.PrivateKeyJwt({ key, kid: 'one' }));
    });

    it('lets it get tokens and refresh them', async () => {
      const tokens = await letIn(app, person(server), 'posts:read');
      const refreshed = await openid.refreshTokenGrant(app.config, tokens.refresh_token ?? '');
      expect(await verdict(server, refreshed.access_token, 'posts:read')).to.equal(200);
    });

    it('lets it push its request', async () => {
      const flow = await beginFlow(app, 'posts:read');
      const url = await openid.buildAuthorizationUrlWithPAR(app.config, Object.fromEntries(flow.url.searchParams));
      const tokens = await finishFlow(app, flow, await person(server).authorize(url));
      expect(tokens.scope).to.equal('posts:read');
    });

    it('refuses an assertion for another audience, and keeps the code good', async () => {
      const flow = await beginFlow(app, 'posts:read');
      const at = await person(server).authorize(flow.url);
      const elsewhere = new openid.Configuration(
        app.config.serverMetadata(),
        app.clientId,
        undefined,
        openid.PrivateKeyJwt(
          { key, kid: 'one' },
          {
            [openid.modifyAssertion]: (_header, payload) => {
              payload.aud = `${server.issuer}/oauth/token`;
            },
          },
        ),
      );
      openid.allowInsecureRequests(elsewhere);
      const refused = await finishFlow({ config: elsewhere }, flow, at).catch((error: unknown) => error);
      expect(refused).to.include({ error: 'invalid_client', status: 401 });
      expect((await finishFlow(app, flow, at)).access_token).to.match(/^oat_/);
    });
  });

  it('takes any port of a native client’s loopback address, and no other difference', async () => {
    const app = await registerApp(server, owner, {
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://127.0.0.1/back', 'http://[::1]/back', 'com.example.reader:/back'],
      post_logout_redirect_uris: [],
    });
    for (const redirect of ['http://127.0.0.1:49152/back', 'http://[::1]:50000/back', 'com.example.reader:/back']) {
      const flow = await beginFlow(app, 'posts:read', { redirect_uri: redirect });
      const at = await person(server).authorize(flow.url);
      expect(at.href.startsWith(redirect)).to.equal(true);
      const answer = await redeem(server, app, flow, at);
      expect(answer.status, answer.text).to.equal(200);
    }
    for (const redirect of [
      'http://127.0.0.1:49152/other',
      'http://127.0.0.2:49152/back',
      'http://localhost:49152/back',
      'https://127.0.0.1:49152/back',
      'http://127.0.0.1:49152/back?x=1',
      'http://127.0.0.1:49152/back/',
      'com.example.reader:/other',
    ]) {
      const { url } = await beginFlow(app, 'posts:read', { redirect_uri: redirect });
      const answer = await ask(server, url.pathname + url.search);
      expect(answer.status, redirect).to.equal(400);
      expect(answer.headers.get('Location'), redirect).to.equal(null);
    }
  });

  it('binds the code to the very port it was asked for with', async () => {
    const app = await registerApp(server, owner, {
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://127.0.0.1/back'],
      post_logout_redirect_uris: [],
    });
    const flow = await beginFlow(app, 'posts:read', { redirect_uri: 'http://127.0.0.1:49152/back' });
    const at = await person(server).authorize(flow.url);
    const answer = await redeem(server, app, flow, at, { redirect_uri: 'http://127.0.0.1:49153/back' });
    expect(answer.json).to.include({ error: 'invalid_grant' });
    expect((await redeem(server, app, flow, at)).status).to.equal(200);
  });

  it('gives a refresh token without offline_access and without prompt=consent, and accepts offline_access', async () => {
    const app = await registerApp(server, owner);
    const tokens = await letIn(app, person(server), 'openid offline_access posts:read');
    expect(tokens.refresh_token).to.match(/^ort_/);
    expect((await refresh(server, app, tokens.refresh_token)).status).to.equal(200);
  });
});
