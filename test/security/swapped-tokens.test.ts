import { expect } from 'chai';
import {
  type AppUnderTest,
  askTokenAs,
  beginFlow,
  finishFlow,
  newPerson,
  redeem,
  registerApp,
  reports,
  scopesFileWithReports,
} from '../support/app-under-test.ts';
import { ask, ownerToken } from '../support/ask.ts';
import type { Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

/** Everything that this server hands out to somebody. */
const KINDS = [
  'authorization code',
  'access token',
  'JWT access token',
  'client token',
  'refresh token',
  'ID token',
  'request_uri',
  'session cookie',
  'protocol session cookie',
  'client secret',
  'grant id',
  'csrf token',
] as const;
type Kind = (typeof KINDS)[number];

describe('a value of one kind in the place of another', () => {
  let server: TestServer;
  let app: AppUnderTest;
  let ada: Person;
  const values = new Map<Kind, string>();

  before(async () => {
    server = await startServer({ SCOPES_FILE: await scopesFileWithReports() });
    const owner = await ownerToken(server);
    app = await registerApp(server, owner, {
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      resource_server: true,
    });
    ada = await newPerson(server, owner);
  });
  after(() => server.stop());

  /** Fresh ones for each test, because some consumers end what they are given. */
  beforeEach(async () => {
    const flow = await beginFlow(app, 'openid posts:read');
    const tokens = await finishFlow(app, flow, await ada.authorize(flow.url));
    const forReports = await beginFlow(app, 'analytics:read', { resource: reports });
    const jwt = await finishFlow(app, forReports, await ada.authorize(forReports.url));
    const unused = await beginFlow(app, 'posts:read');
    const at = await ada.authorize(unused.url);
    const pushed = await askTokenAs(server, app, Object.fromEntries(unused.url.searchParams), '/oauth/par');
    const machine = await askTokenAs(server, app, { grant_type: 'client_credentials', scope: 'posts:read' });
    const { rows } = await server.composed.installation.database.pool.query('SELECT id FROM oauth_grants LIMIT 1');
    const home = await ada.browser.get('/');
    const all: Record<Kind, string | undefined> = {
      'authorization code': at.searchParams.get('code') ?? undefined,
      'access token': tokens.access_token,
      'JWT access token': jwt.access_token,
      'client token': (machine.json as { access_token: string }).access_token,
      'refresh token': tokens.refresh_token,
      'ID token': tokens.id_token,
      request_uri: (pushed.json as { request_uri: string }).request_uri,
      'session cookie':
        ada.cookie('latchkey_session') ?? [...ada.browser.cookies].find(([name]) => /session/.test(name))?.[1],
      'protocol session cookie': ada.cookie('latchkey_op'),
      'client secret': app.clientSecret,
      'grant id': rows[0]?.id,
      'csrf token': /name="_csrf" value="([^"]+)"/.exec(home.text)?.[1],
    };
    for (const kind of KINDS) {
      expect(all[kind], kind).to.be.a('string').that.is.not.equal('');
      values.set(kind, all[kind] ?? '');
    }
  });

  /** Tries every kind but those that belong here. */
  async function tryAll(belong: readonly Kind[], attempt: (value: string, kind: Kind) => Promise<void>): Promise<void> {
    for (const kind of KINDS) if (!belong.includes(kind)) await attempt(values.get(kind) ?? '', kind);
  }

  const bearer = (value: string) => ({ headers: { Authorization: `Bearer ${value}` } });

  it('is no bearer credential at /verify, at the API, at the example API', async () => {
    await tryAll(['access token', 'client token'], async (value, kind) => {
      for (const path of ['/verify?scope=posts:read', '/api/scopes', '/v1/posts']) {
        expect((await ask(server, path, bearer(value))).status, `${kind} at ${path}`).to.equal(401);
      }
    });
  });

  it('is no bearer credential for a resource with an audience of its own', async () => {
    await tryAll(['JWT access token'], async (value, kind) => {
      const path = `/verify?scope=analytics:read&audience=${encodeURIComponent(reports)}`;
      expect((await ask(server, path, bearer(value))).status, kind).to.equal(401);
    });
  });

  it('is no access token at userinfo', async () => {
    await tryAll(['access token'], async (value, kind) => {
      const answer = await ask(server, '/oauth/userinfo', bearer(value));
      expect(answer.status, kind).to.be.oneOf([401, 403]);
      expect(answer.text, kind).to.not.include('"sub"');
    });
  });

  it('is no code', async () => {
    const flow = await beginFlow(app, 'posts:read');
    const at = await ada.authorize(flow.url);
    await tryAll([], async (value, kind) => {
      const answer = await redeem(server, app, flow, at, { code: value });
      expect(answer.status, kind).to.equal(400);
      expect(answer.json, kind).to.include({ error: 'invalid_grant' });
    });
    expect((await redeem(server, app, flow, at)).status).to.equal(200);
  });

  it('is no refresh token', async () => {
    await tryAll(['refresh token'], async (value, kind) => {
      const answer = await askTokenAs(server, app, { grant_type: 'refresh_token', refresh_token: value });
      expect(answer.status, kind).to.equal(400);
      expect(answer.json, kind).to.include({ error: 'invalid_grant' });
    });
  });

  it('is no client secret', async () => {
    await tryAll(['client secret'], async (value, kind) => {
      for (const path of ['/oauth/token', '/oauth/introspect', '/oauth/revoke', '/oauth/par']) {
        const as = { clientId: app.clientId, clientSecret: value };
        const answer = await askTokenAs(server, as, { grant_type: 'client_credentials', token: 'x' }, path);
        expect(answer.status, `${kind} at ${path}`).to.equal(401);
      }
    });
  });

  it('is no pushed request', async () => {
    await tryAll(['request_uri'], async (value, kind) => {
      for (const request_uri of [value, `urn:ietf:params:oauth:request_uri:${value}`]) {
        const query = new URLSearchParams({ client_id: app.clientId, request_uri });
        const answer = await ada.browser.get(`/oauth/authorize?${query}`);
        expect(answer.headers.get('Location') ?? '', kind).to.not.include('code=');
      }
    });
  });

  it('is no session', async () => {
    await tryAll(['session cookie'], async (value, kind) => {
      for (const name of [...ada.browser.cookies.keys()]) {
        const answer = await ask(server, '/', { headers: { Accept: 'text/html', Cookie: `${name}=${value}` } });
        expect(answer.text, `${kind} as ${name}`).to.not.include(ada.email);
      }
    });
  });

  it('is no session of the protocol: none is live without ours', async () => {
    const { url } = await beginFlow(app, 'openid posts:read', { prompt: 'none' });
    const kept = ['latchkey_op', 'latchkey_op.sig'].map((name) => `${name}=${ada.cookie(name) ?? ''}`).join('; ');
    const answer = await ask(server, url.pathname + url.search, { headers: { Cookie: kept } });
    expect(answer.headers.get('Location') ?? '').to.include('error=login_required');
  });

  it('is no client assertion, and no hint of who somebody is', async () => {
    for (const kind of ['JWT access token', 'access token', 'refresh token'] as const) {
      const value = values.get(kind) ?? '';
      const assertion = await ask(server, '/oauth/token', {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: app.clientId,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: value,
        }),
      });
      expect(assertion.status, kind).to.be.oneOf([400, 401]);
      const { url } = await beginFlow(app, 'openid', { id_token_hint: value });
      const hinted = await ada.browser.get(url.pathname + url.search);
      expect(hinted.headers.get('Location') ?? '', kind).to.include('error=invalid_request');
    }
  });

  it('is nothing that introspection knows', async () => {
    const active: string[] = [];
    for (const kind of KINDS) {
      const answer = await askTokenAs(server, app, { token: values.get(kind) }, '/oauth/introspect');
      expect(answer.status, kind).to.equal(200);
      if (answer.text === '{"active":false}') continue;
      active.push(kind);
    }
    expect(active).to.include.members(['access token', 'JWT access token', 'client token', 'refresh token']);
    expect(active).to.not.include.members(['authorization code']);
    for (const kind of ['authorization code', 'ID token', 'request_uri', 'client secret', 'grant id', 'csrf token']) {
      expect(active).to.not.include(kind);
    }
  });
});
