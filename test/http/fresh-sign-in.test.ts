import { expect } from 'chai';
import pg from 'pg';
import { requireFreshSession } from '../../src/api/require-fresh-session.ts';
import type { AnyRoute } from '../../src/api/route.ts';
import { type AppUnderTest, beginFlow, letIn, newPerson, registerApp } from '../support/app-under-test.ts';
import { type Answer, askJson, ownerToken } from '../support/ask.ts';
import { type PageProgram, pageProgram } from '../support/page-program.ts';
import { type Person, person } from '../support/person.ts';
import { commandLineToken, startServer, type TestServer } from '../support/start-server.ts';

type Call = readonly [method: string, path: string, body?: object];

describe('a far-reaching call by a session', () => {
  let server: TestServer;
  let database: pg.Client;
  let machine: string;
  let owner: Person & { readonly id: number };
  let page: PageProgram;

  before(async () => {
    server = await startServer();
    machine = await ownerToken(server);
    database = new pg.Client({ connectionString: server.databaseUrl });
    await database.connect();
    owner = await newPerson(server, machine, { role: 'owner' });
    page = pageProgram(server);
    await page.signIn(owner);
  });
  after(async () => {
    await database.end();
    await server.stop();
  });
  beforeEach(() => signedInAgo(0));

  const signedInAgo = (seconds: number) =>
    database.query(`UPDATE sessions SET authenticated_at = now() - $1 * interval '1 second' WHERE user_id = $2`, [
      seconds,
      owner.id,
    ]);
  const accountOf = ({ email, password }: Person) => ({ email, password });
  /** What an owner is asked on the way of an app to its code. */
  async function pagesOnTheWay(who: Person, app: AppUnderTest, scope: string, more = {}): Promise<readonly string[]> {
    const pages: string[] = [];
    const { url } = await beginFlow(app, scope, more);
    const at = await who.authorize(url, { onPage: ({ path }) => pages.push(path.split('/').at(-1) ?? '') });
    expect(at.searchParams.get('code')).to.be.a('string');
    return pages;
  }
  const ask = ([method, path, body]: Call): Promise<Answer> => page.send(method, path, body);
  async function made(path: string, body: object): Promise<Record<string, unknown>> {
    const answer = await askJson(server, 'POST', path, machine, body);
    expect(answer.status, answer.text).to.equal(201);
    return answer.json as Record<string, unknown>;
  }
  const key = async (scopes: readonly string[]) =>
    `/api/keys/${(await made('/api/keys', { name: 'Key', scopes, environment: 'test' })).id}`;
  const client = async (scope: string) =>
    `/api/clients/${(await made('/api/clients', { client_name: 'App', grant_types: ['client_credentials'], scope })).client_id}`;
  const user = async (role: string) => (await newPerson(server, machine, { role })).id;
  const NEW_CLIENT = { client_name: 'App', grant_types: ['client_credentials'] };

  /** Calls that take a fresh sign-in, each on things of its own. */
  const farReaching: Readonly<Record<string, () => Promise<Call>>> = {
    'grants * by a token': async () => ['POST', '/api/tokens', { name: 'All', scopes: ['*'] }],
    'grants it by its other name': async () => ['POST', '/api/tokens', { name: 'All', abilities: ['posts:read', '*'] }],
    'grants admin:* by a token': async () => ['POST', '/api/tokens', { name: 'Admin', scopes: ['admin:*'] }],
    'grants one scope of admin': async () => ['POST', '/api/tokens', { name: 'Admin', scopes: ['admin:users'] }],
    'grants * by a key': async () => ['POST', '/api/keys', { name: 'All', scopes: ['*'] }],
    'widens a key to admin:*': async () => ['PATCH', await key(['posts:read']), { scopes: ['admin:*'] }],
    'widens a key of one scope of admin to *': async () => ['PATCH', await key(['admin:metrics']), { scopes: ['*'] }],
    'replaces a key with *': async () => ['POST', `${await key(['*'])}/rotate`, {}],
    'registers a client with *': async () => ['POST', '/api/clients', { ...NEW_CLIENT, scope: 'posts:read *' }],
    'widens a client to admin:*': async () => ['PATCH', await client('posts:read'), { scope: 'admin:*' }],
    'changes a client that has *': async () => ['PATCH', await client('*'), { client_name: 'Other' }],
    'gives a client that has * a secret': async () => ['POST', `${await client('*')}/secrets`, {}],
    'deletes a client, whatever it may do': async () => ['DELETE', await client('posts:read')],
    'creates an owner': async () => ['POST', '/api/users', { email: 'grace@example.com', role: 'owner' }],
    'makes a member an owner': async () => [
      'PATCH',
      `/api/workspaces/1/members/${await user('member')}`,
      { role: 'owner' },
    ],
    'lets an owner into another workspace': async () => [
      'POST',
      `/api/workspaces/${(await made('/api/workspaces', { name: 'Other' })).id}/members`,
      { user_id: await user('member'), role: 'owner' },
    ],
    'makes a link to the password of an owner': async () => ['POST', `/api/users/${await user('owner')}/invite`],
    'changes the address of an owner': async () => [
      'PATCH',
      `/api/users/${await user('owner')}`,
      { email: `moved-${Math.random()}@example.com` },
    ],
    'replaces the signing key': async () => ['POST', '/api/signing-keys/rotate', {}],
  };
  for (const [what, build] of Object.entries(farReaching)) {
    it(`is refused after ten minutes where it ${what}, and done with a password given lately`, async () => {
      const call = await build();
      await signedInAgo(10 * 60 + 5);
      const refused = await ask(call);
      expect(refused.status, refused.text).to.equal(403);
      expect(refused.json).to.deep.equal({
        message: 'Sign in again to do this: you gave your password more than ten minutes ago.',
        reauthenticate: true,
      });
      await signedInAgo(10 * 60 - 30);
      const done = await ask(call);
      expect(done.status, done.text).to.be.oneOf([200, 201, 204]);
    });
  }

  const everyday: Readonly<Record<string, () => Promise<Call>>> = {
    'a token for less': async () => ['POST', '/api/tokens', { name: 'Some', scopes: ['posts:*', '*:read'] }],
    'a token with the defaults': async () => ['POST', '/api/tokens', { name: 'Some' }],
    'a key for less': async () => ['POST', '/api/keys', { name: 'Some', scopes: ['*:*'] }],
    'the name of a key with *': async () => ['PATCH', await key(['*']), { name: 'Renamed' }],
    'narrowing a key from *': async () => ['PATCH', await key(['*']), { scopes: ['admin:users', 'posts:read'] }],
    'the end of a key with *': async () => ['DELETE', await key(['*'])],
    'the replacement of a lesser key': async () => ['POST', `${await key(['posts:read'])}/rotate`, {}],
    'narrowing a client from *': async () => ['PATCH', await client('*'), { scope: 'posts:read' }],
    'a secret of a lesser client': async () => ['POST', `${await client('posts:read')}/secrets`, {}],
    'a new member': async () => ['POST', '/api/users', { email: 'hedy@example.com', role: 'member' }],
    'a link for a member': async () => ['POST', `/api/users/${await user('member')}/invite`],
    'the name of an owner': async () => ['PATCH', `/api/users/${await user('owner')}`, { name: 'Renamed' }],
    'what is not there': async () => ['POST', '/api/keys/999999999/rotate', {}],
  };
  for (const [what, build] of Object.entries(everyday)) {
    it(`is none, and is not held up: ${what}`, async () => {
      const call = await build();
      await signedInAgo(86_400);
      const { status, text } = await ask(call);
      expect(status, text).to.be.oneOf([200, 201, 204, 404]);
    });
  }

  it('is not refused to tokens and clients, which have no sign-in to be fresh', async () => {
    await signedInAgo(86_400);
    for (const credential of [machine, await commandLineToken(server)]) {
      const answer = await askJson(server, 'POST', '/api/keys', credential, { name: 'All', scopes: ['*'] });
      expect(answer.status, answer.text).to.equal(201);
    }
  });

  it('is allowed again once the password was given again, and is refused to who copied the cookie before', async () => {
    await signedInAgo(3600);
    const copied = pageProgram(server);
    for (const [name, value] of page.cookies) copied.cookies.set(name, value);
    expect((await ask(['POST', '/api/signing-keys/rotate', {}])).status).to.equal(403);
    expect((await page.signIn(owner)).status).to.equal(200);
    expect((await ask(['POST', '/api/tokens', { name: 'All', scopes: ['*'] }])).status).to.equal(201);
    expect((await copied.send('POST', '/api/tokens', { name: 'All', scopes: ['*'] })).status).to.equal(401);
  });

  it('is asked for before an app is given *, and no app gets it from a browser that was left open', async () => {
    const app = await registerApp(server, machine, { scope: '*' });
    const browser = person(server, owner);
    await letIn(app, browser, 'openid posts:read');
    await signedInAgo(11 * 60);
    expect(await pagesOnTheWay(browser, app, 'posts:*'), 'anything less is not held up').to.deep.equal(['consent']);
    expect(await pagesOnTheWay(browser, app, '*')).to.deep.equal(['sign-in', 'consent']);
    await signedInAgo(9 * 60);
    expect(await pagesOnTheWay(browser, app, 'admin:audit', { prompt: 'consent' })).to.deep.equal(['consent']);
  });

  it('takes the password too where the page that asks was left open', async () => {
    const app = await registerApp(server, machine, { scope: '*' });
    const browser = person(server, accountOf(owner));
    await letIn(app, browser, 'openid posts:read');
    const { url } = await beginFlow(app, '*');
    const page = await browser.browser.get(url.pathname + url.search);
    const consent = new URL(page.headers.get('Location') ?? '', server.url).pathname;
    await signedInAgo(11 * 60);
    const fields = { decision: 'allow', workspace_id: '1', scope: '*' };
    const left = await browser.browser.submit(consent, `${consent}/consent`, fields);
    expect(left.headers.get('Location')).to.equal(`/login/again?next=${encodeURIComponent(consent)}`);
  });

  for (const settings of [
    { token_endpoint_auth_method: 'none' },
    { token_endpoint_auth_method: 'none', first_party: true },
    { first_party: true },
    {},
  ]) {
    it(`is asked for where nothing else is, of an app with ${JSON.stringify(settings)} that was let in before`, async () => {
      const app = await registerApp(server, machine, { ...settings, scope: 'admin:* posts:read' });
      const browser = person(server, owner);
      await letIn(app, browser, 'openid admin:users posts:read');
      expect(await pagesOnTheWay(browser, app, 'admin:users')).to.deep.equal([]);
      await signedInAgo(11 * 60);
      expect(await pagesOnTheWay(browser, app, 'posts:read')).to.deep.equal([]);
      const silent = await browser.authorize((await beginFlow(app, 'admin:users', { prompt: 'none' })).url);
      expect(silent.searchParams.get('error')).to.equal('login_required');
      expect(await pagesOnTheWay(browser, app, 'admin:users')).to.deep.equal(['sign-in']);
    });
  }

  it('leaves no grant of a first-party app behind where nobody gave it', async () => {
    const app = await registerApp(server, machine, { first_party: true, scope: 'admin:*' });
    const browser = person(server, accountOf(owner));
    await browser.browser.submit('/login', '/login', accountOf(owner));
    await signedInAgo(11 * 60);
    await browser.authorize((await beginFlow(app, 'admin:users', { prompt: 'none' })).url);
    const { rowCount } = await database.query('SELECT 1 FROM oauth_grants WHERE client_id = $1', [app.clientId]);
    expect(rowCount).to.equal(0);
  });

  it('leaves an event where it was refused', async () => {
    await signedInAgo(3600);
    await ask(['DELETE', await client('posts:read')]);
    const query = `action=administration.refused&actor_id=${owner.id}`;
    const { json } = await askJson(server, 'GET', `/api/audit?${query}`, machine);
    const targets = (json as { data: { target: { id: string } }[] }).data.map(({ target }) => target.id);
    expect(targets).to.include('DELETE /api/clients/:client_id');
  });

  describe('at the routes of the server', () => {
    const guard = requireFreshSession({} as Parameters<typeof requireFreshSession>[0]);
    /** Routes by which something is given, and why nothing far-reaching comes of it. */
    const HARMLESS: Readonly<Record<string, string>> = {
      'PATCH /api/tokens/:id': 'takes scopes away only',
      'PATCH /api/workspaces/:id': 'a ceiling gives nobody anything by itself',
      'POST /api/verify': 'a question',
    };
    const nameOf = ({ method, path }: AnyRoute): string => `${method} ${path}`;
    const membersOf = ({ body }: AnyRoute): readonly string[] =>
      body !== undefined && 'shape' in body ? Object.keys(body.shape as object) : [];

    it('is weighed wherever scopes or roles are given', () => {
      const routes = server.composed.apiRoutes;
      const weighed = guard(routes)
        .filter((one) => !routes.includes(one))
        .map(nameOf);
      const giving = routes.filter((one) =>
        membersOf(one).some((name) => ['scopes', 'abilities', 'scope', 'role'].includes(name)),
      );
      expect(giving.map(nameOf)).to.include.members([
        'POST /api/tokens',
        'POST /api/users',
        'PATCH /api/workspaces/:id',
      ]);
      for (const one of giving) {
        expect(weighed.includes(nameOf(one)) !== nameOf(one) in HARMLESS, nameOf(one)).to.equal(true);
      }
    });

    it('is not forgotten where a route has another name by now: the server does not start', () => {
      const routes = server.composed.apiRoutes;
      expect(() => guard(routes)).to.not.throw();
      expect(() => guard(routes.filter(({ path }) => path !== '/api/signing-keys/rotate'))).to.throw(
        'POST /api/signing-keys/rotate',
      );
    });
  });
});
