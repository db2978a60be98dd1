import { expect } from 'chai';
import * as openid from 'openid-client';
import { person } from '../support/person.ts';
import { almightyMachine, clientToken, startServer, type TestServer } from '../support/start-server.ts';

const CALLBACK = 'http://localhost:9/callback';

describe('an app that lets a person sign in', () => {
  let server: TestServer;
  let owner: string;

  before(async () => {
    server = await startServer();
    owner = await clientToken(server, await almightyMachine(server), '*');
  });
  after(() => server.stop());

  async function registerApp(settings: object = {}): Promise<openid.Configuration> {
    const answer = await fetch(`${server.url}/api/clients`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${owner}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({
        client_name: 'Reader',
        redirect_uris: [CALLBACK],
        post_logout_redirect_uris: ['http://localhost:9/bye'],
        scope: 'posts:* categories:read',
        ...settings,
      }),
    });
    const client = (await answer.json()) as { client_id: string; client_secret?: string };
    expect(answer.status, JSON.stringify(client)).to.equal(201);
    return openid.discovery(
      new URL(server.issuer),
      client.client_id,
      undefined,
      client.client_secret === undefined ? openid.None() : openid.ClientSecretBasic(client.client_secret),
      { execute: [openid.allowInsecureRequests] },
    );
  }

  interface Flow {
    readonly url: URL;
    readonly verifier: string;
    readonly state: string;
  }

  async function begin(config: openid.Configuration, scope: string, more: Record<string, string> = {}): Promise<Flow> {
    const verifier = openid.randomPKCECodeVerifier();
    const state = openid.randomState();
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope,
      state,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...more,
    });
    return { url, verifier, state };
  }

  const finish = (config: openid.Configuration, flow: Flow, at: URL) =>
    openid.authorizationCodeGrant(config, at, { pkceCodeVerifier: flow.verifier, expectedState: flow.state });

  it('goes from consent to tokens, refresh, userinfo and logout', async () => {
    const config = await registerApp();
    const someone = person(server);
    const flow = await begin(config, 'openid profile email posts:read posts:write');
    const tokens = await finish(config, flow, await someone.authorize(flow.url));
    expect(tokens.access_token).to.match(/^oat_[A-Za-z0-9_-]{43}$/);
    expect(tokens.refresh_token).to.match(/^ort_/);
    expect(tokens.scope).to.equal('posts:read posts:write');

    const verified = await fetch(`${server.url}/verify?scope=posts:write`, {
      headers: { Authorization: `Bearer ${tokens.access_token}` },
    });
    expect(verified.status).to.equal(200);
    expect(verified.headers.get('X-Auth-Subject-Type')).to.equal('user');

    const subject = tokens.claims()?.sub ?? '';
    const info = await openid.fetchUserInfo(config, tokens.access_token, subject);
    expect(info).to.deep.equal({
      sub: subject,
      name: 'Administrator',
      email: 'admin@localhost',
      email_verified: false,
    });

    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(refreshed.refresh_token).to.not.equal(tokens.refresh_token);
    const again = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(again.access_token, 'the same answer within ten seconds').to.equal(refreshed.access_token);
    expect(again.refresh_token).to.equal(refreshed.refresh_token);

    const logout = openid.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: 'http://localhost:9/bye',
    });
    const asked = await someone.browser.get(logout.pathname + logout.search);
    expect(asked.text).to.contain('Sign out?');
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(asked.text)?.[1] ?? '';
    const left = await someone.browser.post(
      '/oauth/logout/confirm',
      new URLSearchParams({ xsrf, logout: 'yes' }).toString(),
    );
    expect(left.headers.get('Location')).to.match(/^http:\/\/localhost:9\/bye/);
    expect((await someone.browser.get('/')).text).to.not.contain('admin@localhost');
    const stillGood = await openid.refreshTokenGrant(config, refreshed.refresh_token ?? '');
    expect(stillGood.access_token).to.match(/^oat_/);
  });

  it('remembers what was agreed to, and asks only for what is new', async () => {
    const config = await registerApp();
    const someone = person(server);
    const first = await begin(config, 'posts:read');
    await finish(config, first, await someone.authorize(first.url));
    const other = person(server);
    const seen: string[] = [];
    const second = await begin(config, 'posts:read');
    await finish(
      config,
      second,
      await other.authorize(second.url, { onPage: ({ path }) => seen.push(path.split('/').at(-1) ?? '') }),
    );
    expect(seen).to.deep.equal(['sign-in']);
    const third = await begin(config, 'posts:read categories:read');
    const texts: string[] = [];
    await finish(config, third, await other.authorize(third.url, { onPage: ({ text }) => texts.push(text) }));
    expect(texts).to.have.length(1);
    expect(texts[0]).to.contain('Read categories');
  });

  it('grants what stays ticked, and no more', async () => {
    const config = await registerApp();
    const flow = await begin(config, 'posts:read posts:write');
    const tokens = await finish(config, flow, await person(server).authorize(flow.url, { untick: ['posts:write'] }));
    expect(tokens.scope).to.equal('posts:read');
    const refused = await fetch(`${server.url}/verify?scope=posts:write`, {
      headers: { Authorization: `Bearer ${tokens.access_token}` },
    });
    expect(refused.status).to.equal(403);
  });

  it('is told when the person denies', async () => {
    const config = await registerApp();
    const flow = await begin(config, 'posts:read');
    const at = await person(server).authorize(flow.url, { deny: true });
    expect(at.searchParams.get('error')).to.equal('access_denied');
    expect(at.searchParams.get('iss')).to.equal(server.issuer);
  });

  it('gets the defaults when it names no scope', async () => {
    const config = await registerApp();
    const flow = await begin(config, '');
    flow.url.searchParams.delete('scope');
    const tokens = await finish(config, flow, await person(server).authorize(flow.url));
    expect(tokens.scope).to.equal('posts:read');
  });

  it('is signed in at once where it is first-party and the person is signed in already', async () => {
    const config = await registerApp({ first_party: true });
    const someone = person(server);
    await someone.browser.submit('/login', '/login', { email: someone.email, password: someone.password });
    const seen: string[] = [];
    const flow = await begin(config, 'openid posts:read');
    const tokens = await finish(
      config,
      flow,
      await someone.authorize(flow.url, { onPage: ({ path }) => seen.push(path) }),
    );
    expect(seen).to.deep.equal([]);
    expect(tokens.scope).to.equal('posts:read');
  });

  it('asks again after prompt=login and an old max_age, and tells when it was', async () => {
    const config = await registerApp();
    const someone = person(server);
    const first = await begin(config, 'openid posts:read');
    await finish(config, first, await someone.authorize(first.url));
    const seen: string[] = [];
    const again = await begin(config, 'openid posts:read', { prompt: 'login' });
    const tokens = await finish(
      config,
      again,
      await someone.authorize(again.url, { onPage: ({ path }) => seen.push(path.split('/').at(-1) ?? '') }),
    );
    expect(seen).to.deep.equal(['sign-in']);
    expect(tokens.claims()?.auth_time ?? 0).to.be.closeTo(Date.now() / 1000, 5);
    const none = await begin(config, 'openid posts:read', { prompt: 'none' });
    const silent = await finish(config, none, await someone.authorize(none.url));
    expect(silent.access_token).to.match(/^oat_/);
  });

  it('pushes its request first (RFC 9126), and redeems it once', async () => {
    const config = await registerApp();
    const flow = await begin(config, 'posts:read');
    const url = await openid.buildAuthorizationUrlWithPAR(config, Object.fromEntries(flow.url.searchParams));
    const someone = person(server);
    const tokens = await finish(config, flow, await someone.authorize(url));
    expect(tokens.scope).to.equal('posts:read');
    const twice = await someone.browser.get(url.pathname + url.search);
    expect(twice.status).to.be.oneOf([400, 303]);
    expect(twice.headers.get('Location') ?? '').to.not.contain('code=');
  });
});
