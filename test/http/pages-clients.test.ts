import { expect } from 'chai';
import pg from 'pg';
import { type FormBrowser, formBrowser, type ReadPage } from '../pages/support/form-browser.ts';
import { newPerson } from '../support/app-under-test.ts';
import { askJson, askToken } from '../support/ask.ts';
import type { Person } from '../support/person.ts';
import { commandLineToken, startServer, type TestServer } from '../support/start-server.ts';

type Fields = Readonly<Record<string, string | readonly string[]>>;

const HOSTILE = '<img src=x> אב 🎧 & "x"';
const WEB = {
  redirect_uris: 'https://app.example/cb',
  token_endpoint_auth_method: 'client_secret_basic',
  scopes: ['posts:read'],
};
const grant = { grant_type: 'client_credentials' };

describe('the pages of developers', () => {
  let server: TestServer;
  let owner: string;
  let ada: Person & { readonly id: number };
  let browser: FormBrowser;

  before(async () => {
    server = await startServer();
    owner = await commandLineToken(server);
    ada = await newPerson(server, owner, { role: 'owner' });
    browser = await signedIn(ada);
  });
  after(() => server.stop());

  async function signedIn(somebody: Pick<Person, 'email' | 'password'>): Promise<FormBrowser> {
    const fresh = formBrowser(server.url);
    const page = await fresh.submit('/login', '/login', { email: somebody.email, password: somebody.password });
    expect(page.status).to.equal(303);
    return fresh;
  }
  async function send(page: string, path: string, fields: Fields): Promise<ReadPage> {
    const once = /name="once" value="([^"]+)"/.exec((await browser.get(page)).text)?.[1];
    return browser.submit(page, path, { ...(once !== undefined && { once }), ...fields });
  }
  const register = (type: string, fields: Fields): Promise<ReadPage> =>
    send(`/clients/new?type=${type}`, '/clients', { type, client_name: 'Reader', ...fields });
  const idIn = (page: ReadPage): string => /client_[A-Za-z0-9]{20}/.exec(page.text)?.[0] ?? '';
  const secretIn = (page: ReadPage): string => /ocs_[A-Za-z0-9]{43}/.exec(page.text)?.[0] ?? '';
  async function registered(type: string, fields: Fields): Promise<{ id: string; secret: string }> {
    const page = await register(type, fields);
    expect(page.status, page.text).to.equal(200);
    return { id: idIn(page), secret: secretIn(page) };
  }
  const machine = (fields: Fields = {}) =>
    registered('machine', { token_endpoint_auth_method: 'client_secret_basic', scopes: ['posts:read'], ...fields });
  const shown = async (id: string): Promise<Record<string, unknown>> =>
    (await askJson(server, 'GET', `/api/clients/${id}`, owner)).json as Record<string, unknown>;
  const names = async (): Promise<string> => (await browser.get('/clients')).text;

  it('teach the three kinds of apps to whoever has none', async () => {
    const kinds = await browser.get('/clients/new');
    for (const type of ['web', 'public', 'machine']) expect(kinds.text).to.include(`/clients/new?type=${type}`);
    const { json } = await askJson(server, 'GET', '/api/clients', owner);
    for (const { client_id: id } of (json as { data: { client_id: string }[] }).data) {
      await askJson(server, 'DELETE', `/api/clients/${id}`, owner);
    }
    expect((await names()).match(/\/clients\/new\?type=/g) ?? []).to.have.lengthOf(3);
  });

  it('register each kind with what its cards say, and show a secret this once', async () => {
    const web = await register('web', { ...WEB, post_logout_redirect_uris: 'https://app.example/\r\n\r\n' });
    expect(web.headers.get('Cache-Control')).to.equal('no-store');
    const secret = secretIn(web);
    expect(await shown(idIn(web))).to.deep.include({
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['https://app.example/cb'],
      post_logout_redirect_uris: ['https://app.example/'],
      token_endpoint_auth_method: 'client_secret_basic',
      application_type: 'web',
      scope: 'posts:read',
      first_party: false,
      resource_server: false,
    });
    const page = await browser.get(`/clients/${idIn(web)}`);
    expect(page.text).to.include(secret.slice(-4));
    expect(page.text).to.not.include(secret);

    const app = await registered('public', {
      native: 'yes',
      redirect_uris: 'http://127.0.0.1/cb\r\ncom.example.app:/cb',
    });
    expect(app.secret).to.equal('');
    expect(await shown(app.id)).to.deep.include({ token_endpoint_auth_method: 'none', application_type: 'native' });

    const job = await machine();
    expect(await shown(job.id)).to.deep.include({ grant_types: ['client_credentials'], redirect_uris: [] });
    const tokens = await askToken(server, { clientId: job.id, clientSecret: job.secret }, grant);
    expect(tokens.status).to.equal(200);
  });

  it('register a client that signs, by its key set or the address of it', async () => {
    const jwks = { keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }] };
    const signing = { token_endpoint_auth_method: 'private_key_jwt' };
    const one = await registered('machine', { ...signing, jwks: JSON.stringify(jwks) });
    expect(await shown(one.id)).to.deep.include({ jwks, token_endpoint_auth_method: 'private_key_jwt', secrets: [] });
    const other = await registered('machine', { ...signing, jwks_uri: 'https://app.example/jwks.json' });
    expect(await shown(other.id)).to.deep.include({ jwks: null, jwks_uri: 'https://app.example/jwks.json' });
    for (const wrong of ['no json', '{"keys":[]}', '{"keys":[{"kty":"OKP","d":"secret"}]}']) {
      const page = await register('machine', { ...signing, jwks: wrong });
      expect([page.status, page.text.includes('id="jwks-error"')], wrong).to.deep.equal([422, true]);
    }
  });

  it('say at its line what is wrong with a redirect URI, and keep what was typed', async () => {
    const redirectUris = [
      'https://app.example/cb',
      '',
      'http://app.example/cb',
      'https://app.example/#x',
      'http://localhost/cb',
    ];
    const page = await register('web', { ...WEB, redirect_uris: redirectUris.join('\r\n'), client_name: HOSTILE });
    expect(page.status).to.equal(422);
    for (const sentence of ['Line 3 must use https', 'Line 4 must not contain a fragment', 'Line 5 is a loopback']) {
      expect(page.text, sentence).to.include(sentence);
    }
    expect(page.text).to.not.match(/Line [12] /);
    expect(page.text).to.include('https://app.example/#x').and.include('&lt;img src=x&gt; אב 🎧 &amp; &quot;x&quot;');
    expect(page.text).to.match(/id="scope-\d+"[^>]*value="posts:read" checked/);
    const empty = await register('public', { redirect_uris: '' });
    expect([empty.status, empty.text.includes('at least one redirect URI')]).to.deep.equal([422, true]);
    const homeless = await register('web', { ...WEB, client_uri: 'app' });
    expect([homeless.status, homeless.text.includes('id="client_uri-error">Write a whole address')]).to.deep.equal([
      422,
      true,
    ]);
    const nameless = await register('web', { ...WEB, client_name: ' ' });
    expect([nameless.status, nameless.text.includes('Give it a name')]).to.deep.equal([422, true]);
  });

  it('escape what people typed, wherever it is shown', async () => {
    const { id } = await registered('web', { ...WEB, client_name: HOSTILE });
    const paths = ['', '/edit', '/secrets/new', '/test', '/test/answer', '/delete'].map(
      (path) => `/clients/${id}${path}`,
    );
    for (const path of ['/clients', ...paths]) {
      const { status, text } = await browser.get(path);
      expect(status, path).to.equal(200);
      expect(text.includes('<img src=x>'), path).to.equal(false);
      expect(text.includes('&lt;img src=x&gt;'), path).to.equal(true);
    }
  });

  it('change all that may change, and say so', async () => {
    const { id } = await registered('web', WEB);
    const path = `/clients/${id}/edit`;
    const changed = await send(path, path, {
      client_name: 'Writer',
      redirect_uris: 'https://app.example/cb\nhttps://app.example/other',
      post_logout_redirect_uris: 'https://app.example/bye',
      scopes: ['posts:read', 'posts:write'],
      client_uri: 'https://app.example',
      acts_for_itself: 'yes',
      first_party: 'yes',
      resource_server: 'yes',
      // How it proves itself does not change, whatever is sent.
      token_endpoint_auth_method: 'none',
    });
    expect(changed.headers.get('Location')).to.equal(`/clients/${id}?notice=changed`);
    expect(await shown(id)).to.deep.include({
      client_name: 'Writer',
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      redirect_uris: ['https://app.example/cb', 'https://app.example/other'],
      post_logout_redirect_uris: ['https://app.example/bye'],
      scope: 'posts:read posts:write',
      client_uri: 'https://app.example',
      first_party: true,
      resource_server: true,
      token_endpoint_auth_method: 'client_secret_basic',
    });
    expect((await browser.get(`/clients/${id}?notice=changed`)).text).to.include('Saved.');
    expect((await browser.get(`/clients/${id}?notice=<b>`)).text).to.not.include('role="status"');
    const form = (await browser.get(path)).text;
    expect(form).to.match(/name="first_party" value="yes" checked/);
    expect(form).to.include('https://app.example/cb\nhttps://app.example/other');
  });

  it('make nothing twice of a form that is sent twice', async () => {
    const page = '/clients/new?type=machine';
    const once = /name="once" value="([^"]+)"/.exec((await browser.get(page)).text)?.[1] ?? '';
    const fields = {
      type: 'machine',
      client_name: 'Sent twice',
      token_endpoint_auth_method: 'client_secret_basic',
      once,
    };
    const first = await browser.submit(page, '/clients', fields);
    const second = await browser.submit(page, '/clients', fields);
    expect([first.status, second.status]).to.deep.equal([200, 409]);
    expect(second.text)
      .to.include(`href="/clients/${idIn(first)}"`)
      .and.include('shown only once');
    expect((await names()).split('>Sent twice<')).to.have.lengthOf(2);

    const path = `/clients/${idIn(first)}/secrets`;
    const [a, b] = [
      await browser.submit(`${path}/new`, path, { expiry: 'never', once }),
      await browser.submit(`${path}/new`, path, { expiry: 'never', once }),
    ];
    expect([a.status, b.status]).to.deep.equal([200, 409]);
    expect((await shown(idIn(first))).secrets).to.have.lengthOf(2);
  });

  it('add a secret that may end, show when each was last used, and remove one', async () => {
    const { id, secret } = await machine();
    const path = `/clients/${id}/secrets`;
    const made = await send(`${path}/new`, path, { expiry: '30' });
    const second = secretIn(made);
    for (const clientSecret of [secret, second]) {
      expect((await askToken(server, { clientId: id, clientSecret }, grant)).status).to.equal(200);
    }
    await server.composed.flushUsage();
    const page = (await browser.get(`/clients/${id}`)).text;
    expect(page.match(/just now<\/time>/g) ?? [], page).to.have.length.above(3);
    expect(page).to.match(/in 29 days|in 30 days/);

    const first = /\/secrets\/(\d+)\/remove/.exec(page)?.[1];
    const question = await browser.get(`${path}/${first}/remove`);
    expect(question.text).to.include(secret.slice(-4)).and.include('just now');
    expect(question.text).to.not.include('the only one');
    const removed = await browser.submit(`${path}/${first}/remove`, `${path}/${first}/remove`, {});
    expect(removed.headers.get('Location')).to.equal(`/clients/${id}?notice=secret-removed`);
    expect((await askToken(server, { clientId: id, clientSecret: secret }, grant)).status).to.equal(401);
    expect((await askToken(server, { clientId: id, clientSecret: second }, grant)).status).to.equal(200);
    const left = /\/secrets\/(\d+)\/remove/.exec((await browser.get(`/clients/${id}`)).text)?.[1];
    expect((await browser.get(`${path}/${left}/remove`)).text).to.include('the only one');

    const wrong = await send(`${path}/new`, path, { expiry: 'custom', expiry_day: 'soon' });
    expect([wrong.status, secretIn(wrong)]).to.deep.equal([422, '']);
    for (let count = 1; count < 10; count += 1)
      expect((await send(`${path}/new`, path, { expiry: 'never' })).status).to.equal(200);
    const tooMany = await send(`${path}/new`, path, { expiry: 'never' });
    expect(tooMany.status).to.equal(409);
    expect(tooMany.text).to.include('at most 10 live secrets');
  });

  it('begin a real authorization, and show the answer where the app lets it come here', async () => {
    const { id } = await registered('public', {
      native: 'yes',
      redirect_uris: 'http://127.0.0.1/cb',
      scopes: ['posts:read'],
    });
    const here = `${server.issuer}/clients/${id}/test/answer`;
    const elsewhere = (await browser.get(`/clients/${id}/test`)).text;
    expect(elsewhere).to.include('the app receives it').and.include(here);
    expect(elsewhere.match(/href="\/oauth\/authorize/g)).to.have.lengthOf(1);

    const edit = `/clients/${id}/edit`;
    await send(edit, edit, {
      client_name: 'Reader',
      redirect_uris: `http://127.0.0.1/cb\n${here}`,
      scopes: ['posts:read'],
    });
    const test = (await browser.get(`/clients/${id}/test`)).text;
    const href = /href="(\/oauth\/authorize[^"]*)"/.exec(test)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(new URL(href, server.url).searchParams.get('redirect_uri')).to.equal(here);
    let answer = await browser.get(href);
    for (
      let step = 0;
      step < 8 && !(answer.status === 200 && answer.text.includes('the code has arrived'));
      step += 1
    ) {
      const location = answer.headers.get('Location');
      const consent = /action="(\/interaction\/[^"]+\/consent)"/.exec(answer.text)?.[1];
      if (location !== null) {
        const target = new URL(location, server.url);
        answer = await browser.get(target.pathname + target.search);
        continue;
      }
      if (consent === undefined) throw new Error(answer.text);
      const csrf = /name="_csrf" value="([^"]+)"/.exec(answer.text)?.[1] ?? '';
      const workspace = /name="workspace_id" value="(\d+)"/.exec(answer.text)?.[1];
      const fields = {
        _csrf: csrf,
        decision: 'allow',
        scope: 'posts:read',
        ...(workspace && { workspace_id: workspace }),
      };
      answer = await browser.post(consent, new URLSearchParams(fields).toString());
    }
    expect(answer.text, `${answer.status} ${answer.headers.get('Location')} ${href}`)
      .to.include('the code has arrived')
      .and.include('code_verifier=');
    // What the page says to do with the code does it.
    const fields = new URLSearchParams({ grant_type: 'authorization_code', client_id: id, redirect_uri: here });
    for (const name of ['code', 'code_verifier']) {
      fields.set(name, new RegExp(`${name}=([\\w-]+)`).exec(answer.text)?.[1] ?? '');
    }
    const tokens = await fetch(`${server.url}/oauth/token`, { method: 'POST', body: fields });
    expect(tokens.status, await tokens.text()).to.equal(200);
    const foreign = await browser.get(`/clients/${id}/test/answer?code=x&state=y&iss=${server.issuer}`);
    expect(foreign.text).to.include('no answer to a test of yours');
    expect(foreign.text).to.not.include('code_verifier');
  });

  it('delete an app by its name and a password given lately', async () => {
    const { id, secret } = await machine({ client_name: 'Two  words' });
    const path = `/clients/${id}/delete`;
    const wrong = await send(path, path, { confirm: 'two words' });
    expect([wrong.status, wrong.text.includes('id="confirm-error"')]).to.deep.equal([422, true]);

    const database = new pg.Client({ connectionString: server.databaseUrl });
    await database.connect();
    const signedInAgo = (minutes: number) =>
      database.query("UPDATE sessions SET authenticated_at = now() - $1 * interval '1 minute' WHERE user_id = $2", [
        minutes,
        ada.id,
      ]);
    try {
      await signedInAgo(11);
      expect((await browser.get(path)).headers.get('Location')).to.match(/^\/login\/again\?next=%2Fclients%2Fclient_/);
      await signedInAgo(0);
      const page = await browser.get(path);
      await signedInAgo(11);
      const csrf = /name="_csrf" value="([^"]+)"/.exec(page.text.split(`action="${path}"`)[1] ?? '')?.[1] ?? '';
      const stale = await browser.post(path, new URLSearchParams({ _csrf: csrf, confirm: 'Two words' }).toString());
      expect(stale.headers.get('Location')).to.match(/^\/login\/again/);
      expect((await browser.get(`/clients/${id}`)).status).to.equal(200);
    } finally {
      await signedInAgo(0);
      await database.end();
    }
    const deleted = await send(path, path, { confirm: ' Two words ' });
    expect(deleted.headers.get('Location')).to.equal('/clients?notice=deleted');
    expect((await askToken(server, { clientId: id, clientSecret: secret }, grant)).status).to.equal(401);
    for (const rest of ['', '/edit', '/delete', '/test', '/secrets/new', '/secrets/1/remove']) {
      expect((await browser.get(`/clients/${id}${rest}`)).status, rest).to.equal(404);
    }
  });

  it('keep every form from other sites', async () => {
    const { id } = await machine();
    const before = JSON.stringify(await shown(id));
    for (const path of ['', `/${id}/edit`, `/${id}/secrets`, `/${id}/secrets/1/remove`, `/${id}/delete`]) {
      for (const [token, headers] of [
        ['', {}],
        ['foreign', {}],
        ['foreign', { Origin: 'https://evil.example' }],
      ] as const) {
        const fields = { _csrf: token, type: 'machine', client_name: 'Foreign', confirm: 'Reader' };
        const page = await browser.post(`/clients${path}`, new URLSearchParams(fields).toString(), headers);
        expect(page.status, path).to.equal(403);
      }
    }
    expect(JSON.stringify(await shown(id))).to.equal(before);
    expect(await names()).to.not.include('Foreign');
  });

  it('are for administrators, say so to others, and lead strangers to the sign-in', async () => {
    const { id } = await machine();
    const member = await signedIn(await newPerson(server, owner));
    const list = await member.get('/clients');
    expect([list.status, list.text.includes('registered by administrators')]).to.deep.equal([403, true]);
    for (const path of [
      '/new?type=web',
      `/${id}`,
      `/${id}/edit`,
      `/${id}/test`,
      `/${id}/delete`,
      `/${id}/secrets/new`,
    ]) {
      expect((await member.get(`/clients${path}`)).status, path).to.equal(403);
    }
    const stranger = await formBrowser(server.url).get(`/clients/${id}`);
    expect(stranger.headers.get('Location')).to.equal(`/login?next=${encodeURIComponent(`/clients/${id}`)}`);
  });

  it('list thousands page by page, quickly and small', async () => {
    const database = new pg.Client({ connectionString: server.databaseUrl });
    await database.connect();
    await database.query(`INSERT INTO oauth_clients (client_id, workspace_id, client_name, scopes, grant_types, redirect_uris,
        post_logout_redirect_uris, token_endpoint_auth_method, application_type)
      SELECT 'client_' || lpad(n::text, 20, '0'), (SELECT min(id) FROM workspaces), 'Many ' || n, '{posts:read}', '{client_credentials}',
             '{}', '{}', 'client_secret_basic', 'web' FROM generate_series(1, 5000) AS n`);
    await database.end();
    await browser.get('/clients');
    const began = performance.now();
    const first = await browser.get('/clients');
    expect(performance.now() - began).to.be.below(1000);
    expect(Buffer.byteLength(first.text)).to.be.below(60_000);
    const more = /href="(\/clients\?cursor=[^"]+)"/.exec(first.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const second = await browser.get(more);
    const rows = (page: ReadPage): string[] => page.text.match(/href="\/clients\/client_\w+"/g) ?? [];
    expect([rows(first).length, rows(second).length]).to.deep.equal([50, 50]);
    expect(new Set([...rows(first), ...rows(second)]).size).to.equal(100);
  });
});
