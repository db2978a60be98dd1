import { expect } from 'chai';
import pg from 'pg';
import { type FormBrowser, formBrowser, type ReadPage, tokenOf } from '../pages/support/form-browser.ts';
import { type AppUnderTest, letIn, newPerson, registerApp, verdict } from '../support/app-under-test.ts';
import { askJson, ownerToken } from '../support/ask.ts';
import { person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const HOSTILE = '<img src=x onerror=alert(1)> "Ünï" עברית 🚀';
const ESCAPED = '&lt;img src=x onerror=alert(1)&gt; &quot;Ünï&quot; עברית 🚀';
const RESPONSE_MS = 100;
const PAGE_BYTES = 60_000;
const ANOTHER = 'a quiet river in the north';

interface Somebody extends FormBrowser {
  readonly id: number;
  readonly email: string;
  readonly password: string;
}

describe('the pages of an account', function () {
  this.timeout(30_000);
  let server: TestServer;
  let database: pg.Client;
  let machine: string;
  let ada: Somebody;

  before(async () => {
    server = await startServer();
    machine = await ownerToken(server);
    database = new pg.Client({ connectionString: server.databaseUrl });
    await database.connect();
    // Signing up and in takes its time; whoever changes more than a name is somebody of their own.
    ada = await somebody();
  });
  after(async () => {
    await database.end();
    await server.stop();
  });

  async function somebody(role = 'member'): Promise<Somebody> {
    const account = await newPerson(server, machine, { role });
    return { ...account, ...(await signedIn(account)) };
  }
  async function signedIn(account: { readonly email: string; readonly password: string }): Promise<FormBrowser> {
    const browser = formBrowser(server.url);
    const { email, password } = account;
    expect((await browser.submit('/login', '/login', { email, password })).status).to.equal(303);
    return browser;
  }
  const wayOf = ({ status, headers }: ReadPage): unknown[] => [status, headers.get('location')];
  const isIn = async (browser: FormBrowser): Promise<boolean> => (await browser.get('/account')).status === 200;
  const signedInAgo = (who: Somebody, seconds: number) =>
    database.query(`UPDATE sessions SET authenticated_at = now() - $1 * interval '1 second' WHERE user_id = $2`, [
      seconds,
      who.id,
    ]);

  it('lead strangers to the sign-in and back', async () => {
    const stranger = formBrowser(server.url);
    for (const path of ['/account', '/account/access', '/apps', '/apps/x/disconnect', '/change-password']) {
      expect(wayOf(await stranger.get(path))).to.deep.equal([303, `/login?next=${encodeURIComponent(path)}`]);
    }
    expect(wayOf(await stranger.get('/login/again?next=%2Fkeys'))).to.deep.equal([303, '/login?next=%2Fkeys']);
  });

  it('refuse forms with the token of somebody else, of another site or without any', async () => {
    const token = tokenOf(await (await somebody()).get('/account'), '/account/name');
    const foreign = formBrowser(server.url, 'https://elsewhere.example');
    for (const [name, value] of ada.cookies) foreign.cookies.set(name, value);
    const own = tokenOf(await ada.get('/account'), '/account/name');
    for (const path of [
      '/account/name',
      '/account/email',
      '/account/sessions/1/end',
      '/account/sessions/end-others',
      '/apps/x/disconnect',
      '/login/again',
      '/workspace',
    ]) {
      for (const body of ['', 'name=x', `_csrf=${encodeURIComponent(token)}&name=x`]) {
        expect((await ada.post(path, body)).status, `${path} ${body}`).to.equal(403);
      }
      expect((await foreign.post(path, `_csrf=${encodeURIComponent(own)}`)).status, path).to.equal(403);
    }
    expect((await ada.get('/account')).text).to.include('value="Ada"');
  });

  describe('for name and address', () => {
    it('change the name and show it as it was typed', async () => {
      const ada = await somebody();
      const changed = await ada.submit('/account', '/account/name', { name: HOSTILE });
      expect(wayOf(changed)).to.deep.equal([303, '/account?notice=name']);
      const { text } = await ada.get('/account?notice=name');
      expect(text).to.include('Your name is changed.').and.include(ESCAPED).and.not.include('<img src=x');
      const refused = await ada.submit('/account', '/account/name', { name: 'x\u202ey' });
      expect(refused.status).to.equal(422);
      expect(refused.text).to.include('aria-describedby="name-error"');
    });

    it('change the address with the password, and say beside the field what is wrong', async () => {
      const ada = await somebody();
      const wanted = `new.${ada.email}`;
      const change = (email: string, current_password: string) =>
        ada.submit('/account', '/account/email', { email, current_password });
      for (const [email, password, sentence] of [
        [wanted, '', 'Another e-mail address needs your current password.'],
        [wanted, 'wrong', 'The password is incorrect.'],
        ['nobody', ada.password, 'This is not an e-mail address.'],
        ['', ada.password, 'Enter an e-mail address.'],
        ['admin@localhost', ada.password, 'Somebody has this e-mail address already.'],
      ] as const) {
        const refused = await change(email, password);
        expect(refused.status, sentence).to.equal(422);
        expect(refused.text).to.include(sentence).and.include('role="alert"');
        expect(refused.text, 'keeps what was typed, and no password').to.include(`value="${email}"`);
        if (password !== '') expect(refused.text).to.not.include(password);
      }
      expect(wayOf(await change(wanted, ada.password))).to.deep.equal([303, '/account?notice=email']);
      expect((await ada.get('/account?notice=email')).text).to.include(wanted);
    });

    it('change the password in the same frame, and end the other sessions', async () => {
      const ada = await somebody();
      const other = await signedIn(ada);
      const fields = { current_password: ada.password, password: ANOTHER, password_again: ANOTHER };
      expect((await ada.get('/change-password')).text).to.include('aria-label="Main"');
      expect(wayOf(await ada.submit('/change-password', '/change-password', fields))).to.deep.equal([
        303,
        '/?notice=password-changed',
      ]);
      expect([await isIn(ada), await isIn(other)]).to.deep.equal([true, false]);
    });
  });

  describe('for what acts for somebody', () => {
    it('list the browsers in words, this one first, and sign one out', async () => {
      const ada = await somebody();
      const other = await signedIn(ada);
      await database.query(`UPDATE sessions SET user_agent = $1 WHERE user_id = $2`, [
        'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0',
        ada.id,
      ]);
      const { text } = await ada.get('/account/access');
      expect(text).to.include('Firefox on Windows').and.include('this one').and.include('127.0.0.1');
      const [path = ''] = /\/account\/sessions\/\d+\/end/.exec(text) ?? [];
      expect(text.indexOf('this one')).to.be.below(text.indexOf(path));
      expect(wayOf(await ada.submit('/account/access', path, {}))).to.deep.equal([303, '/account/access?notice=ended']);
      expect([await isIn(ada), await isIn(other)]).to.deep.equal([true, false]);
      const again = await ada.get('/account/access?notice=ended');
      expect(again.text).to.include('That browser is signed out.').and.not.include('everywhere but here');
    });

    it('do not sign out somebody else', async () => {
      const bob = await somebody();
      await signedIn(bob);
      const [path = ''] = /\/account\/sessions\/\d+\/end/.exec((await bob.get('/account/access')).text) ?? [];
      const token = tokenOf(await ada.get('/account'), '/account/name');
      expect((await ada.post(path, `_csrf=${encodeURIComponent(token)}`)).status).to.equal(404);
      expect((await bob.get('/account/access')).text).to.include(path);
    });

    it('sign out everywhere but here', async () => {
      const others = [await signedIn(ada), await signedIn(ada)];
      const action = '/account/sessions/end-others';
      expect(wayOf(await ada.submit('/account/access', action, {}))).to.deep.equal([
        303,
        '/account/access?notice=others-ended',
      ]);
      for (const other of others) expect(await isIn(other)).to.equal(false);
      expect(await isIn(ada)).to.equal(true);
    });

    it('list tokens and keys with a way to end each, whatever they are called', async () => {
      const owner = await somebody('owner');
      await database.query(
        `INSERT INTO credentials (kind, workspace_id, user_id, created_by, name, scopes, token_hash, hint)
         VALUES ('personal_access_token', 1, $1, $1, $2, '{posts:read}', '\\x00', 'abcd')`,
        [owner.id, HOSTILE],
      );
      await database.query(
        `INSERT INTO credentials (kind, workspace_id, created_by, name, scopes, environment, public_id, key_hash, hint)
         SELECT 'api_key', 1, $1, $2 || n, '{posts:read}', 'test', 'made' || n, 'x', 'sk_test_abcd' FROM generate_series(1, 25) n`,
        [owner.id, HOSTILE],
      );
      const { text } = await owner.get('/account/access');
      expect(text).to.include(ESCAPED).and.not.include('<img src=x');
      expect(text).to.match(/href="\/tokens\/\d+\/revoke"/);
      expect(text.match(/href="\/keys\/\d+"/g)).to.have.length(20);
      const [, more = ''] = /href="(\/account\/access\?keys=[^"#]+)#keys"/.exec(text) ?? [];
      expect((await owner.get(more)).text.match(/href="\/keys\/\d+"/g)).to.have.length(5);
    });

    it('teach somebody who has none of it', async () => {
      const { text } = await ada.get('/account/access');
      expect(text).to.include('Apps you let in').and.include('A token lets a script').and.include('API keys you made');
      expect((await ada.get('/apps')).text).to.include('No app acts for you');
    });

    it('are there in a suspended workspace too', async () => {
      const ada = await somebody();
      const made = await askJson(server, 'POST', '/api/workspaces', machine, { name: 'Second' });
      const { id } = made.json as { id: number };
      await askJson(server, 'POST', `/api/workspaces/${id}/members`, machine, { user_id: ada.id, role: 'member' });
      await ada.submit('/account', '/workspace', { workspace_id: String(id), next: '/account' });
      await askJson(server, 'POST', `/api/workspaces/${id}/suspend`, machine);
      const { status, text } = await ada.get('/account/access');
      expect(status).to.equal(200);
      expect(text).to.include('this one').and.include('is suspended');
    });
  });

  describe('for connected apps', () => {
    let app: AppUnderTest;

    before(async () => {
      app = await registerApp(server, machine, { client_name: HOSTILE, client_uri: 'https://reader.example/' });
    });

    it('say what each may do, and end its tokens at once', async () => {
      const tokens = await letIn(app, person(server, ada), 'posts:read categories:read');
      const { text } = await ada.get('/apps');
      expect(text).to.include(ESCAPED).and.include('Read blog posts').and.include('https://reader.example/');
      expect(text).to.not.include('<img src=x');
      const path = `/apps/${app.clientId}/disconnect`;
      expect((await ada.get(path)).text).to.include('stop working at once');
      expect(await verdict(server, tokens.access_token, 'posts:read')).to.equal(200);
      expect(wayOf(await ada.submit(path, path, {}))).to.deep.equal([303, '/apps?notice=disconnected']);
      expect(await verdict(server, tokens.access_token, 'posts:read')).to.equal(401);
      expect((await ada.get('/apps?notice=disconnected')).text)
        .to.include('The app is disconnected.')
        .and.include('No app acts for you');
      expect((await ada.get(path)).status, 'a second look').to.equal(404);
    });

    it('do not disconnect the app of somebody else', async () => {
      const bob = await somebody();
      const tokens = await letIn(app, person(server, bob), 'posts:read');
      const token = tokenOf(await ada.get('/account'), '/account/name');
      for (const id of [app.clientId, 'nobody', '%00', '..%2f']) {
        const path = `/apps/${id}/disconnect`;
        expect((await ada.get(path)).status, id).to.equal(404);
        expect((await ada.post(path, `_csrf=${encodeURIComponent(token)}`)).status, id).to.equal(404);
      }
      expect(await verdict(server, tokens.access_token, 'posts:read')).to.equal(200);
    });
  });

  it('stay small and quick with thousands of everything, and lead to the rest of it', async () => {
    const owner = await somebody('owner');
    await database.query(
      `INSERT INTO oauth_clients (client_id, workspace_id, client_name, scopes, grant_types, token_endpoint_auth_method)
       SELECT 'many_' || n, 1, 'App ' || n, '{posts:*}', '{authorization_code}', 'none' FROM generate_series(1, 500) n`,
    );
    await database.query(
      `INSERT INTO oauth_grants (id, user_id, client_id, workspace_id, payload, expires_at)
       SELECT 'many_' || n, $1, 'many_' || n, 1, '{"resources":{"x":"posts:* posts:read"}}', now() + interval '1 day'
       FROM generate_series(1, 500) n`,
      [owner.id],
    );
    await database.query(
      `INSERT INTO credentials (kind, workspace_id, user_id, created_by, name, scopes, token_hash, hint)
       SELECT 'personal_access_token', 1, $1, $1, 'Token ' || n, '{posts:read}', '\\x00', 'abcd' FROM generate_series(1, 5000) n`,
      [owner.id],
    );
    await database.query(
      `INSERT INTO credentials (kind, workspace_id, created_by, name, scopes, environment, public_id, key_hash, hint)
       SELECT 'api_key', 1, $1, 'Key ' || n, '{posts:read}', 'live', 'many' || n, 'x', 'abcd' FROM generate_series(1, 5000) n`,
      [owner.id],
    );
    await database.query(
      `INSERT INTO sessions (id_hash, user_id, expires_at)
       SELECT sha256(('many' || n)::bytea), $1, now() + interval '1 day' FROM generate_series(1, 5000) n`,
      [owner.id],
    );
    await database.query('ANALYZE');
    for (const path of ['/apps', '/account/access', '/account']) {
      const times: number[] = [];
      for (let run = 0; run < 7; run += 1) {
        const started = performance.now();
        const { status, text } = await owner.get(path);
        times.push(performance.now() - started);
        expect([status, Buffer.byteLength(text) < PAGE_BYTES], path).to.deep.equal([200, true]);
      }
      expect(Math.min(...times), path).to.be.below(RESPONSE_MS);
    }
    const namesOf = (text: string): readonly string[] =>
      [...text.matchAll(/<h2><bdi>(App \d+)/g)].map(([, name = '']) => name);
    const first = (await owner.get('/apps')).text;
    const next = (await owner.get(/href="(\/apps\?after=[^"]+)"/.exec(first)?.[1] ?? '')).text;
    expect(new Set([...namesOf(first), ...namesOf(next)]).size).to.equal(50);
    expect((await owner.get('/account/access')).text)
      .to.include('All your apps')
      .and.include('All your tokens');
  });

  describe('for the workspace', () => {
    it('go on in another one at the beginning of the part one was in, and in none that is not theirs', async () => {
      const ada = await somebody();
      const made = await askJson(server, 'POST', '/api/workspaces', machine, { name: HOSTILE });
      const { id } = made.json as { id: number };
      const go = async (fields: Record<string, string>): Promise<ReadPage> => {
        const token = tokenOf(await ada.get('/account'), '/account/name');
        return ada.post('/workspace', new URLSearchParams({ _csrf: token, ...fields }).toString());
      };
      expect(wayOf(await go({ workspace_id: String(id), next: '/tokens/7' }))).to.deep.equal([
        303,
        '/account?notice=no-such-workspace',
      ]);
      await askJson(server, 'POST', `/api/workspaces/${id}/members`, machine, { user_id: ada.id, role: 'member' });
      expect((await ada.get('/account')).text).to.include(ESCAPED);
      for (const [next, expected] of [
        ['/tokens/7?x=1', '/tokens'],
        ['/account/access', '/account'],
        ['/interaction/abc', '/'],
        ['//elsewhere.example', '/'],
        ['https://elsewhere.example', '/'],
      ] as const) {
        expect(wayOf(await go({ workspace_id: String(id), next })), next).to.deep.equal([303, expected]);
      }
      expect((await ada.get('/account')).text).to.match(new RegExp(`<option value="${id}" selected>`));
      for (const strange of ['', 'x', '0', '-1', '1e3', '9'.repeat(40)]) {
        expect(wayOf(await go({ workspace_id: strange, next: '/' }))[1], strange).to.equal(
          '/account?notice=no-such-workspace',
        );
      }
    });
  });

  describe('for the password again', () => {
    const AGAIN = '/login/again?next=%2Faccount%3Fnotice%3Dname';

    it('let somebody pass who gave it lately', async () => {
      expect(wayOf(await ada.get(AGAIN))).to.deep.equal([303, '/account?notice=name']);
      expect(wayOf(await ada.get('/login/again?next=https%3A%2F%2Felsewhere.example'))).to.deep.equal([303, '/']);
    });

    it('ask for whom, take the right one alone, and go on under a new cookie', async () => {
      await signedInAgo(ada, 601);
      const copied = formBrowser(server.url);
      for (const [name, value] of ada.cookies) copied.cookies.set(name, value);
      expect((await ada.get(AGAIN)).text).to.include(`<bdi>${ada.email}</bdi>`);
      for (const [password, sentence] of [
        ['', 'Enter your password.'],
        ['wrong', 'This is not your password.'],
      ] as const) {
        const refused = await ada.submit(AGAIN, '/login/again', { password, next: '/account?notice=name' });
        expect(refused.status).to.equal(422);
        expect(refused.text).to.include(sentence).and.include('value="/account?notice=name"');
      }
      const passed = await ada.submit(AGAIN, '/login/again', { password: ada.password, next: '/account?notice=name' });
      expect(wayOf(passed)).to.deep.equal([303, '/account?notice=name']);
      expect(wayOf(await ada.get(AGAIN))[0]).to.equal(303);
      expect(await isIn(copied)).to.equal(false);
    });

    it('say in words how long to wait after too many tries, as the form for another address does', async () => {
      const ada = await somebody();
      await signedInAgo(ada, 601);
      const guess = (password: string) => ada.submit(AGAIN, '/login/again', { password, next: '/' });
      expect((await guess('wrong')).status).to.equal(422);
      await database.query('UPDATE sign_in_attempts SET attempts = 10');
      const fields = { email: `new.${ada.email}`, current_password: ada.password };
      for (const refused of [await guess(ada.password), await ada.submit('/account', '/account/email', fields)]) {
        expect(refused.status).to.equal(429);
        expect(refused.headers.get('Retry-After')).to.match(/^\d+$/);
        expect(refused.text).to.match(/Too many tries\. Try again in \d+ minutes\./);
      }
    });

    it('are where a form leads that reaches far, with the way back to it', async () => {
      const owner = await somebody('owner');
      await signedInAgo(owner, 601);
      const form = await owner.get('/tokens/new?once=account');
      const fields = new URLSearchParams({ _csrf: tokenOf(form, '/tokens'), name: 'All', scopes: '*', expiry: '30' });
      fields.set('once', /name="once" value="([^"]+)"/.exec(form.text)?.[1] ?? '');
      fields.set('workspace_id', '1');
      const Referer = `${server.url}/tokens/new`;
      const sent = await owner.post('/tokens', fields.toString(), { Referer });
      expect(sent.status).to.equal(303);
      expect(sent.headers.get('location')).to.match(/^\/login\/again\?next=%2Ftokens%2Fnew/);
    });
  });
});
