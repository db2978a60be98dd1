import { expect } from 'chai';
import * as openid from 'openid-client';
import type { ReadPage } from '../pages/support/form-browser.ts';
import { type AppUnderTest, letIn, newPerson, registerApp, type Tokens, verdict } from '../support/app-under-test.ts';
import { ownerToken } from '../support/ask.ts';
import type { Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const BYE = 'https://reader.example/bye';

describe('signing out because an app asks for it (RP-initiated logout)', () => {
  let server: TestServer;
  let owner: string;
  let app: AppUnderTest;
  let ada: Person;
  let tokens: Tokens;

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
  });
  after(() => server.stop());
  beforeEach(async () => {
    app = await registerApp(server, owner);
    ada = await newPerson(server, owner);
    tokens = await letIn(app, ada, 'openid posts:read');
  });

  const ask = (parameters: Record<string, string>): Promise<ReadPage> =>
    ada.browser.get(`/oauth/logout?${new URLSearchParams(parameters)}`);
  const isSignedIn = async (): Promise<boolean> => (await ada.browser.get('/')).text.includes(ada.email);

  /** Presses the button of the page; where the browser goes then. */
  async function confirm(page: ReadPage): Promise<string | null> {
    expect(page.status, page.text).to.equal(200);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const answer = await ada.browser.post(
      '/oauth/logout/confirm',
      new URLSearchParams({ xsrf, logout: 'yes' }).toString(),
    );
    return answer.headers.get('Location');
  }

  it('asks first, whatever the app sends, and sends the browser back with its state', async () => {
    const url = openid.buildEndSessionUrl(app.config, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: BYE,
      state: 'x&y',
    });
    const page = await ada.browser.get(url.pathname + url.search);
    expect(page.text).to.include('Sign out?');
    expect(page.headers.get('Cache-Control')).to.equal('no-store');
    expect(await isSignedIn()).to.equal(true);
    expect(await confirm(page)).to.equal(`${BYE}?state=x%26y`);
    expect(await isSignedIn()).to.equal(false);
    expect(await verdict(server, tokens.access_token, 'posts:read'), 'the app keeps what it was given').to.equal(200);
  });

  it('works without a hint: the page that says so is ours', async () => {
    const next = await confirm(await ask({}));
    expect(next).to.equal(`${server.url}/oauth/logout/success`);
    expect((await ada.browser.get('/oauth/logout/success')).text).to.include('Signed out');
    expect(await isSignedIn()).to.equal(false);
  });

  it('works with client_id alone', async () => {
    expect(await confirm(await ask({ client_id: app.clientId, post_logout_redirect_uri: BYE }))).to.equal(BYE);
  });

  it('asks whoever is signed in, though no app ever did sign them in', async () => {
    const bob = await newPerson(server, owner);
    await bob.browser.submit('/login', '/login', { email: bob.email, password: bob.password });
    const page = await bob.browser.get('/oauth/logout');
    expect(page.text).to.include('Sign out?');
    expect((await bob.browser.get('/')).text).to.include(bob.email);
  });

  it('takes a hint that has expired or whose key has retired for what it still says', async () => {
    const [header, payload] = (tokens.id_token ?? '').split('.');
    const unprovable = `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`;
    const page = await ask({ id_token_hint: unprovable, post_logout_redirect_uri: BYE });
    expect(await confirm(page)).to.equal(BYE);
  });

  it('goes on without a hint that says nothing, or that names a client which is gone', async () => {
    for (const hint of ['nonsense', 'a.b.c', `${Buffer.from('{}').toString('base64url')}.e30.x`]) {
      expect((await ask({ id_token_hint: hint })).text).to.include('Sign out?');
    }
    const { pool } = server.composed.installation.database;
    await pool.query('DELETE FROM oauth_clients WHERE client_id = $1', [app.clientId]);
    const page = await ask({ id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: BYE });
    expect(await confirm(page)).to.equal(`${server.url}/oauth/logout/success`);
  });

  it('sends nobody to where the client is not registered for', async () => {
    for (const target of [
      'https://evil.example/',
      `${BYE}/`,
      `${BYE}?x=1`,
      'https://reader.example.evil.example/bye',
      '//evil.example',
      'javascript:alert(1)',
    ]) {
      for (const who of [{ client_id: app.clientId }, { id_token_hint: tokens.id_token ?? '' }]) {
        const page = await ask({ ...who, post_logout_redirect_uri: target });
        expect(page.status, target).to.equal(400);
        expect(page.headers.get('Location')).to.equal(null);
      }
      const nobody = await ask({ post_logout_redirect_uri: target });
      expect(await confirm(nobody)).to.equal(`${server.url}/oauth/logout/success`);
      tokens = await letIn(app, ada, 'openid posts:read');
    }
  }).timeout(40_000);

  it('does nothing without the value of its own form', async () => {
    await ask({});
    for (const xsrf of ['', 'x', 'undefined']) {
      const answer = await ada.browser.post(
        '/oauth/logout/confirm',
        new URLSearchParams({ xsrf, logout: 'yes' }).toString(),
      );
      expect(answer.status).to.equal(400);
    }
    expect(await isSignedIn()).to.equal(true);
  });

  it('is harmless to whoever is not signed in', async () => {
    const nobody = await newPerson(server, owner);
    const page = await nobody.browser.get(`/oauth/logout?client_id=${app.clientId}&post_logout_redirect_uri=${BYE}`);
    expect(page.status).to.equal(200);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const answer = await nobody.browser.post(
      '/oauth/logout/confirm',
      new URLSearchParams({ xsrf, logout: 'yes' }).toString(),
    );
    expect(answer.headers.get('Location')).to.equal(BYE);
  });

  it('ends the session that the app’s next silent request would have used', async () => {
    await confirm(await ask({}));
    const error = await letIn(app, ada, 'openid', { prompt: 'none' }).catch((reason: unknown) => reason);
    expect(error).to.include({ error: 'login_required' });
  });
});
