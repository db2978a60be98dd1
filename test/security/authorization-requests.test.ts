import { expect } from 'chai';
import type pg from 'pg';
import {
  type AppUnderTest,
  askTokenAs,
  beginFlow,
  callback,
  type Flow,
  finishFlow,
  letIn,
  newPerson,
  redeem,
  registerApp,
  verdict,
} from '../support/app-under-test.ts';
import { type Answer, ask, ownerToken } from '../support/ask.ts';
import type { Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const HTML = { headers: { Accept: 'text/html,application/xhtml+xml' } };

/** The pages' own script. */
const OWN_SCRIPT = /<script type="module" src="\/assets\/page\.[0-9a-f]{16}\.js"><\/script>/;

describe('an authorization request', () => {
  let server: TestServer;
  let owner: string;
  let app: AppUnderTest;
  let ada: Person;
  let pool: pg.Pool;

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
    pool = server.composed.installation.database.pool;
    app = await registerApp(server, owner);
    ada = await newPerson(server, owner);
    await letIn(app, ada, 'openid posts:read');
  });
  after(() => server.stop());

  /** A request like the good one with some parameters changed; null leaves one out. */
  async function changed(changes: Readonly<Record<string, string | null>>): Promise<{ flow: Flow; answer: Answer }> {
    const flow = await beginFlow(app, 'posts:read');
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) flow.url.searchParams.delete(name);
      else flow.url.searchParams.set(name, value);
    }
    return { flow, answer: await ask(server, flow.url.pathname + flow.url.search, HTML) };
  }

  function expectPage(answer: Answer, what: string): void {
    expect(answer.status, what).to.equal(400);
    expect(answer.headers.get('Location'), what).to.equal(null);
    expect(answer.headers.get('Content-Type'), what).to.include('text/html');
    expect(answer.headers.get('Cache-Control'), what).to.include('no-store');
    expect(answer.headers.get('Content-Security-Policy'), what).to.include("frame-ancestors 'none'");
    expect(answer.text.replace(OWN_SCRIPT, ''), what).to.not.match(/evil\.example|<script/);
  }

  function expectSentBack({ flow, answer }: { flow: Flow; answer: Answer }, error: string, what = error): void {
    expect(answer.status, what).to.equal(303);
    const at = new URL(answer.headers.get('Location') ?? '');
    expect(at.origin + at.pathname, what).to.equal(callback);
    expect(at.searchParams.get('error'), what).to.equal(error);
    expect(at.searchParams.get('iss'), what).to.equal(server.issuer);
    expect(at.searchParams.get('state'), what).to.equal(flow.url.searchParams.get('state'));
    expect(answer.headers.get('Cache-Control'), what).to.include('no-store');
  }

  it('of an unknown client, or to another redirect URI, ends at a page of ours and redirects nowhere (B2)', async () => {
    for (const client_id of [null, '', 'nobody', `${app.clientId}x`, app.clientId.toUpperCase(), '\0']) {
      expectPage((await changed({ client_id })).answer, `client_id ${client_id}`);
    }
    for (const redirect_uri of [
      null,
      '',
      'https://evil.example/callback',
      `${callback}/`,
      `${callback}?x=1`,
      `${callback}#x`,
      callback.replace('https', 'http'),
      callback.replace('reader', 'Reader'),
      callback.replace('reader', 'reader.evil.example'),
      `${callback}/../callback`,
      callback.replace('/callback', '/%63allback'),
      callback.replace('https://', 'https://evil.example@'),
      callback.replace('.example', '.example:443'),
      `${callback} `,
      `${callback}\0`,
      'javascript:alert(1)',
      '//evil.example',
    ]) {
      expectPage((await changed({ redirect_uri })).answer, `redirect_uri ${redirect_uri}`);
    }
  });

  it('without PKCE, with plain, or with a challenge of another form is sent back (10.4.6, B5)', async () => {
    expectSentBack(await changed({ code_challenge: null, code_challenge_method: null }), 'invalid_request', 'none');
    expectSentBack(await changed({ code_challenge_method: 'plain' }), 'invalid_request', 'plain');
    expectSentBack(await changed({ code_challenge_method: null }), 'invalid_request', 'plain by default');
    expectSentBack(await changed({ code_challenge: 'short' }), 'invalid_request', 'short');
    expectSentBack(await changed({ code_challenge: null }), 'invalid_request', 'method alone');
  });

  it('for another response type or mode than a code in the query gets none (10.4.12, 10.6.1)', async () => {
    for (const type of ['token', 'id_token', 'code id_token', 'code token', 'none', 'CODE', 'password']) {
      const { flow, answer } = await changed({ response_type: type });
      const location = answer.headers.get('Location') ?? '';
      expect(location, type).to.match(/error=(?:unsupported_response_type|invalid_request)/);
      expect(location.startsWith(callback), type).to.equal(true);
      expect(location, type).to.include(`state=${flow.state}`);
    }
    for (const mode of ['web_message', 'jwt', 'query.jwt', 'nonsense']) {
      const { answer } = await changed({ response_mode: mode });
      expect(answer.headers.get('Location') ?? '', mode).to.include('error=');
    }
  });

  it('for more than the client may ask for is sent back with invalid_scope, saying nothing of whom', async () => {
    for (const scope of ['admin:users', 'posts:read admin:users', '*', '*:*', 'nonsense', 'POSTS:READ', 'posts:']) {
      expectSentBack(await changed({ scope }), 'invalid_scope', scope);
    }
  });

  it('for a resource that is not registered is sent back with invalid_target', async () => {
    expectSentBack(await changed({ resource: 'https://other.example' }), 'invalid_target');
  });

  it('with a parameter twice is refused, whichever it is (B27)', async () => {
    for (const name of ['scope', 'state', 'code_challenge', 'prompt', 'nonce']) {
      const { url } = await beginFlow(app, 'posts:read');
      url.searchParams.append(name, 'x');
      url.searchParams.append(name, 'y');
      const answer = await ask(server, url.pathname + url.search, HTML);
      expect(answer.headers.get('Location') ?? '', name).to.not.include('code=');
      expect(answer.status, name).to.be.oneOf([303, 400]);
    }
    for (const name of ['client_id', 'redirect_uri']) {
      const { url } = await beginFlow(app, 'posts:read');
      url.searchParams.append(name, 'https://evil.example/');
      expectPage(await ask(server, url.pathname + url.search, HTML), name);
    }
  });

  it('with a request object, or one to be fetched, is refused: nothing is fetched', async () => {
    for (const [name, value] of [
      ['request', 'eyJhbGciOiJub25lIn0.e30.'],
      ['request_uri', 'https://evil.example/request'],
      ['request_uri', 'urn:ietf:params:oauth:request_uri:nonsense'],
      ['registration', '{}'],
    ] as const) {
      const { answer } = await changed({ [name]: value });
      expect(answer.headers.get('Location') ?? '', value).to.not.include('code=');
      expect(answer.status, value).to.be.oneOf([303, 400]);
    }
  });

  it('with NUL bytes, broken escapes or a state of 4 KiB breaks nothing', async () => {
    for (const name of ['scope', 'state', 'nonce', 'login_hint', 'ui_locales']) {
      const { answer } = await changed({ [name]: 'a\0b' });
      expect(answer.status, name).to.be.below(500);
    }
    const { url } = await beginFlow(app, 'posts:read');
    for (const raw of ['%', '%zz', '%ff%fe', '%ud800', '%F0%9F']) {
      const answer = await ask(server, `${url.pathname}${url.search}&ui_locales=${raw}`, HTML);
      expect(answer.status, raw).to.be.below(500);
    }
    const state = 'ß'.repeat(2048);
    const flow = await beginFlow(app, 'posts:read', { state });
    const at = await ada.authorize(flow.url);
    expect(at.searchParams.get('state')).to.equal(state);
  });

  it('is made by GET: POST is not there (B41)', async () => {
    const { url } = await beginFlow(app, 'posts:read');
    const answer = await ask(server, '/oauth/authorize', { method: 'POST', body: url.searchParams });
    expect(answer.status).to.be.oneOf([404, 405]);
  });

  it('sends no page of another origin anything (B20)', async () => {
    const { url } = await beginFlow(app, 'posts:read');
    const answer = await ask(server, url.pathname + url.search, { headers: { Origin: new URL(callback).origin } });
    expect(answer.headers.get('Access-Control-Allow-Origin')).to.equal(null);
  });

  it('is answered by 303 at every step, with iss and without a cache (B4, B26)', async () => {
    const { url } = await beginFlow(app, 'openid posts:read');
    const answer = await ada.browser.get(url.pathname + url.search);
    expect(answer.status).to.equal(303);
    const at = new URL(answer.headers.get('Location') ?? '');
    expect(at.searchParams.getAll('iss')).to.deep.equal([server.issuer]);
    expect(answer.headers.get('Cache-Control')).to.include('no-store');
    expect(answer.headers.get('Referrer-Policy')).to.equal('no-referrer');
  });

  describe('brings a code that', () => {
    let flow: Flow;
    let at: URL;
    beforeEach(async () => {
      flow = await beginFlow(app, 'posts:read');
      at = await ada.authorize(flow.url);
    });

    const refused = async (what: string, answer: Answer): Promise<void> => {
      expect(answer.status, what).to.equal(400);
      expect(answer.json, what).to.have.property('error').that.is.oneOf(['invalid_grant', 'invalid_request']);
      expect(answer.headers.get('Cache-Control'), what).to.include('no-store');
    };

    it('needs its verifier, its redirect URI and its client; a failed try costs nothing', async () => {
      await refused('no verifier', await redeem(server, app, flow, at, { code_verifier: undefined }));
      await refused('another', await redeem(server, app, flow, at, { code_verifier: 'x'.repeat(43) }));
      const challenge = flow.url.searchParams.get('code_challenge') ?? '';
      await refused('the challenge', await redeem(server, app, flow, at, { code_verifier: challenge }));
      await refused('no URI', await redeem(server, app, flow, at, { redirect_uri: undefined }));
      await refused('another URI', await redeem(server, app, flow, at, { redirect_uri: `${callback}/` }));
      await refused('another client', await redeem(server, await registerApp(server, owner), flow, at));
      expect((await redeem(server, app, flow, at)).status).to.equal(200);
    });

    it('is good once: trying it again ends what it brought, and nothing that came by another', async () => {
      const other = await letIn(app, ada, 'posts:read');
      const { access_token: token } = (await redeem(server, app, flow, at)).json as { access_token: string };
      await refused('again', await redeem(server, app, flow, at));
      expect(await verdict(server, token, 'posts:read')).to.equal(401);
      expect(await verdict(server, other.access_token, 'posts:read')).to.equal(200);
    });

    it('is not what kills the tokens when whoever tries it again does not know the verifier (B9)', async () => {
      const { access_token: token } = (await redeem(server, app, flow, at)).json as { access_token: string };
      await refused('again', await redeem(server, app, flow, at, { code_verifier: 'x'.repeat(43) }));
      expect(await verdict(server, token, 'posts:read')).to.equal(200);
    });

    it('lasts a minute (10.4.3)', async () => {
      const { rows } = await pool.query(
        `UPDATE oauth_artifacts SET payload = jsonb_set(payload, '{exp}', to_jsonb(extract(epoch FROM now())::int - 1))
          WHERE model = 'AuthorizationCode' AND consumed_at IS NULL
          RETURNING extract(epoch FROM expires_at - created_at)::int AS lifetime`,
      );
      expect(Math.max(...rows.map(({ lifetime }) => lifetime))).to.be.at.most(60);
      await refused('late', await redeem(server, app, flow, at));
    });
  });

  describe('pushed first', () => {
    const push = async (changes: Record<string, string | undefined> = {}, as = app): Promise<Answer> => {
      const { url } = await beginFlow(app, 'posts:read');
      return askTokenAs(server, as, { ...Object.fromEntries(url.searchParams), ...changes }, '/oauth/par');
    };

    it('is refused at the door for what would be refused later', async () => {
      expect((await push()).status).to.equal(201);
      expect((await push({ redirect_uri: 'https://evil.example/' })).status).to.equal(400);
      expect((await push({ scope: 'admin:users' })).json).to.include({ error: 'invalid_scope' });
      expect((await push({ code_challenge: undefined })).status).to.equal(400);
      expect((await push({ request_uri: 'urn:x' })).status).to.equal(400);
      expect((await push({ client_id: 'nobody' })).status).to.be.oneOf([400, 401]);
      const stranger = await ask(server, '/oauth/par', { method: 'POST', body: new URLSearchParams({ scope: 'x' }) });
      expect(stranger.status).to.be.oneOf([400, 401]);
    });

    it('is nothing to another client, and can not be changed in the browser', async () => {
      const flow = await beginFlow(app, 'posts:read');
      const pushed = await askTokenAs(server, app, Object.fromEntries(flow.url.searchParams), '/oauth/par');
      const { request_uri, expires_in } = pushed.json as { request_uri: string; expires_in: number };
      expect(pushed.headers.get('Cache-Control')).to.include('no-store');
      expect(expires_in).to.be.at.most(60);
      const other = await registerApp(server, owner);
      const stolen = new URLSearchParams({ client_id: other.clientId, request_uri });
      const answer = await ask(server, `/oauth/authorize?${stolen}`, HTML);
      expect(answer.headers.get('Location')).to.equal(null);
      const url = new URL(`${server.url}/oauth/authorize`);
      url.search = new URLSearchParams({
        client_id: app.clientId,
        request_uri,
        scope: 'posts:write',
        redirect_uri: 'https://evil.example/',
        state: 'evil',
      }).toString();
      const at = await ada.authorize(url);
      expect(at.href.startsWith(callback)).to.equal(true);
      expect((await finishFlow(app, flow, at)).scope).to.equal('posts:read');
    });
  });

  it('lets pages of the app’s own origin, and of no other, read the answers of its token endpoints', async () => {
    const spa = await registerApp(server, owner, { token_endpoint_auth_method: 'none' });
    const schemed = await registerApp(server, owner, {
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['com.example.reader:/back'],
      post_logout_redirect_uris: [],
    });
    const allowed = async (client: AppUnderTest, origin: string): Promise<string | null> => {
      const answer = await ask(server, '/oauth/token', {
        method: 'POST',
        headers: { Origin: origin },
        body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'ort_x', client_id: client.clientId }),
      });
      return answer.headers.get('Access-Control-Allow-Origin');
    };
    expect(await allowed(spa, 'https://reader.example')).to.equal('https://reader.example');
    for (const origin of [
      'https://evil.example',
      'http://reader.example',
      'https://reader.example:444',
      'null',
      server.url,
    ]) {
      expect(await allowed(spa, origin), origin).to.equal(null);
    }
    expect(await allowed(schemed, 'null')).to.equal(null);
    const flow = await beginFlow(spa, 'openid');
    const tokens = await finishFlow(spa, flow, await ada.authorize(flow.url));
    for (const [origin, expected] of [
      ['https://reader.example', 'https://reader.example'],
      ['https://evil.example', null],
      ['null', null],
    ] as const) {
      const answer = await ask(server, '/oauth/userinfo', {
        headers: { Origin: origin, Authorization: `Bearer ${tokens.access_token}` },
      });
      expect(answer.headers.get('Access-Control-Allow-Origin'), origin).to.equal(expected);
      expect(answer.headers.get('Cache-Control')).to.include('no-store');
    }
  });
});
