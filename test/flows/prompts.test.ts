import { expect } from 'chai';
import {
  type AppUnderTest,
  beginFlow,
  callback,
  finishFlow,
  letIn,
  newPerson,
  registerApp,
} from '../support/app-under-test.ts';
import { ask, ownerToken } from '../support/ask.ts';
import type { Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

describe('how often a person is asked', () => {
  let server: TestServer;
  let owner: string;
  let app: AppUnderTest;
  let ada: Person & { readonly id: number };

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
  });
  after(() => server.stop());
  beforeEach(async () => {
    app = await registerApp(server, owner);
    ada = await newPerson(server, owner);
  });

  /** Where the browser of somebody ends, and what it showed on the way. */
  async function go(
    who: Person,
    scope: string,
    more: Record<string, string> = {},
    through: AppUnderTest = app,
  ): Promise<{ at: URL; pages: string[] }> {
    const pages: string[] = [];
    const { url } = await beginFlow(through, scope, more);
    const at = await who.authorize(url, { onPage: ({ path }) => pages.push(path.split('/').at(-1) ?? '') });
    expect(at.searchParams.get('iss')).to.equal(server.issuer);
    expect(at.searchParams.get('state')).to.equal(url.searchParams.get('state'));
    return { at, pages };
  }

  const errorOf = ({ at }: { at: URL }): string | null => at.searchParams.get('error');

  it('never with prompt=none: the app is told why instead', async () => {
    expect(errorOf(await go(ada, 'openid posts:read', { prompt: 'none' }))).to.equal('login_required');
    await ada.browser.submit('/login', '/login', { email: ada.email, password: ada.password });
    expect(errorOf(await go(ada, 'openid posts:read', { prompt: 'none' }))).to.equal('consent_required');
    await letIn(app, ada, 'openid posts:read');
    const silent = await go(ada, 'openid posts:read', { prompt: 'none' });
    expect(silent.at.searchParams.has('code')).to.equal(true);
    expect(errorOf(await go(ada, 'openid posts:write', { prompt: 'none' }))).to.equal('consent_required');
    await ada.browser.submit('/', '/logout', {});
    expect(errorOf(await go(ada, 'openid posts:read', { prompt: 'none' }))).to.equal('login_required');
  });

  it('never together with another prompt', async () => {
    expect(errorOf(await go(ada, 'openid', { prompt: 'none login' }))).to.equal('invalid_request');
  });

  it('each time for a public native client, whose place any program can take (RFC 8252 section 8.6)', async () => {
    const native = await registerApp(server, owner, {
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://127.0.0.1/back'],
      post_logout_redirect_uris: [],
    });
    const to = { redirect_uri: 'http://127.0.0.1:49152/back' };
    expect((await go(ada, 'posts:read', to, native)).pages).to.deep.equal(['sign-in', 'consent']);
    expect((await go(ada, 'posts:read', to, native)).pages).to.deep.equal(['consent']);
    expect(errorOf(await go(ada, 'posts:read', { ...to, prompt: 'none' }, native))).to.equal('consent_required');
  });

  it('not at all for a first-party client, not even the first time', async () => {
    const ours = await registerApp(server, owner, { first_party: true });
    expect((await go(ada, 'openid posts:read', {}, ours)).pages).to.deep.equal(['sign-in']);
    const silent = await go(ada, 'openid posts:write', { prompt: 'none' }, ours);
    expect(silent.at.searchParams.has('code')).to.equal(true);
  });

  it('again after max_age, and with a time of sign-in that is true', async () => {
    await letIn(app, ada, 'openid posts:read');
    const { pool } = server.composed.installation.database;
    await pool.query("UPDATE sessions SET authenticated_at = now() - interval '1 hour' WHERE user_id = $1", [ada.id]);
    await pool.query("UPDATE oauth_artifacts SET uid = uid WHERE model = 'Session'");
    const fresh = await go(ada, 'openid posts:read', { max_age: '0' });
    expect(fresh.pages).to.deep.equal(['sign-in']);
    expect((await go(ada, 'openid posts:read', { max_age: '100000' })).pages).to.deep.equal([]);
    for (const max_age of ['-1', 'soon', '1.5']) {
      expect(errorOf(await go(ada, 'openid', { max_age })), max_age).to.equal('invalid_request');
    }
  });

  it('with the address that login_hint names', async () => {
    const { url } = await beginFlow(app, 'openid', { login_hint: '"><b>ada@northwind.example' });
    const begun = await ada.browser.get(url.pathname + url.search);
    const page = await ada.browser.get(begun.headers.get('Location')?.replace(server.url, '') ?? '');
    expect(page.text).to.include('&gt;&lt;b&gt;ada@northwind.example');
  });

  it('again when the app means somebody else, until it is that person', async () => {
    const hint = (await letIn(app, ada, 'openid posts:read')).id_token ?? '';
    expect((await go(ada, 'openid posts:read', { id_token_hint: hint })).pages).to.deep.equal([]);
    const bob = await newPerson(server, owner);
    await letIn(app, bob, 'openid posts:read');
    expect(errorOf(await go(bob, 'openid posts:read', { id_token_hint: hint, prompt: 'none' }))).to.equal(
      'login_required',
    );
    const { url } = await beginFlow(app, 'openid posts:read', { id_token_hint: hint });
    const path = await followToPage(bob, url);
    const page = await bob.browser.get(path);
    expect(page.text).to.include('type="password"');
    const done = await signInAt(bob, path, ada);
    expect(done.searchParams.has('code')).to.equal(true);
    expect(errorOf(await go(ada, 'openid', { id_token_hint: 'not.a.token' }))).to.equal('invalid_request');
  });

  /** Follows redirects to the page where the browser stops. */
  async function followToPage({ browser }: Person, url: URL): Promise<string> {
    let path = url.pathname + url.search;
    for (let step = 0; step < 10; step += 1) {
      const location = (await browser.get(path)).headers.get('Location');
      if (location === null) return path;
      path = location.replace(server.url, '');
    }
    throw new Error('it goes round in circles');
  }

  /** Signs somebody in at an interaction in another's browser, and goes on to the client. */
  async function signInAt({ browser }: Person, path: string, who: Person): Promise<URL> {
    let answer = await browser.submit(path, `${path}/sign-in`, { email: who.email, password: who.password });
    for (let step = 0; step < 10; step += 1) {
      const location = answer.headers.get('Location');
      if (location === null) throw new Error(`stopped at ${answer.status} ${answer.text.slice(0, 400)}`);
      if (location.startsWith(callback)) return new URL(location);
      answer = await browser.get(location.replace(server.url, ''));
    }
    throw new Error('it goes round in circles');
  }

  it('as the person who signs in last, whoever was signed in when it began', async () => {
    await letIn(app, ada, 'openid posts:read');
    const bob = await newPerson(server, owner);
    await letIn(app, bob, 'openid posts:read');
    const { url, verifier, state } = await beginFlow(app, 'openid posts:read', { prompt: 'login' });
    const path = await followToPage(ada, url);
    const at = await signInAt(ada, path, bob);
    const tokens = await finishFlow(app, { url, verifier, state }, at);
    expect(tokens.claims()?.sub).to.equal(String(bob.id));
    expect((await ada.browser.get('/')).text).to.include(bob.email);
  });

  it('not at all in two tabs at once, each of which goes its way', async () => {
    const other = await registerApp(server, owner);
    await letIn(app, ada, 'openid posts:read');
    await letIn(other, ada, 'openid posts:read');
    const flows = await Promise.all([app, other, app, other].map((one) => beginFlow(one, 'openid posts:read')));
    const answers = await Promise.all(flows.map(({ url }) => ada.browser.get(url.pathname + url.search)));
    for (const [index, flow] of flows.entries()) {
      const at = new URL(answers[index]?.headers.get('Location') ?? '');
      expect((await finishFlow(index % 2 === 0 ? app : other, flow, at)).claims()?.sub).to.equal(String(ada.id));
    }
  });

  it('not at all by what is over: an old page says so, and nothing breaks', async () => {
    const { url } = await beginFlow(app, 'openid posts:read');
    const path = await followToPage(ada, url);
    await server.composed.installation.database.pool.query("DELETE FROM oauth_artifacts WHERE model = 'Interaction'");
    const page = await ada.browser.get(path);
    expect(page.status).to.equal(400);
    expect(page.text).to.include('This request is over');
    const resumed = await ask(server, `/oauth/authorize/${path.split('/').at(-1)}`, {
      headers: { Accept: 'text/html' },
    });
    expect(resumed.status).to.equal(400);
    expect(resumed.text).to.include('This sign-in is over');
  });
});
