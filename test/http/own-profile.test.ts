import { expect } from 'chai';
import pg from 'pg';
import { newPerson } from '../support/app-under-test.ts';
import { type Answer, askJson, ownerToken } from '../support/ask.ts';
import { type PageProgram, pageProgram } from '../support/page-program.ts';
import type { Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

describe('PATCH /api/me', () => {
  let server: TestServer;
  let owner: string;
  let ada: Person & { readonly id: number };
  let page: PageProgram;

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
  });
  after(() => server.stop());
  beforeEach(async () => {
    ada = await newPerson(server, owner);
    page = pageProgram(server);
    await page.signIn(ada);
  });

  const change = (body: object): Promise<Answer> => page.send('PATCH', '/api/me', body);
  const me = async (): Promise<unknown> => ((await page.send('GET', '/api/me')).json as { user: unknown }).user;
  const errorsOf = ({ status, json }: Answer): readonly string[] => {
    expect(status).to.equal(422);
    return Object.keys((json as { errors: object }).errors);
  };

  it('changes the name without a password, and nothing that is not asked for', async () => {
    const answer = await change({ name: '  Ada <b>&</b> 🦉  ' });
    expect(answer.status).to.equal(200);
    const expected = { id: ada.id, email: ada.email, name: 'Ada <b>&</b> 🦉' };
    expect(answer.json).to.deep.equal({ user: expected });
    expect(await me()).to.deep.equal(expected);
    expect((await change({})).status).to.equal(200);
    expect(await me()).to.deep.equal(expected);
    expect(errorsOf(await change({ name: 'x\u202ey' }))).to.deep.equal(['name']);
    expect(errorsOf(await change({ role: 'owner' }))).to.deep.equal(['role']);
  });

  it('changes the address with the present password alone, in its normal form', async () => {
    const wanted = `New.${ada.email}`;
    expect(errorsOf(await change({ email: wanted }))).to.deep.equal(['current_password']);
    expect(errorsOf(await change({ email: wanted, current_password: 'wrong' }))).to.deep.equal(['current_password']);
    expect(await me()).to.include({ email: ada.email });
    const answer = await change({ email: ` ${wanted.toUpperCase()} `, current_password: ada.password });
    expect(answer.status).to.equal(200);
    expect(await me()).to.include({ email: wanted.toLowerCase(), name: 'Ada' });
    const again = pageProgram(server);
    expect((await again.signIn(ada)).status).to.equal(422);
    expect((await again.signIn({ email: wanted, password: ada.password })).status).to.equal(200);
  });

  it('asks for no password where the address stays the same in another spelling', async () => {
    const answer = await change({ email: ` ${ada.email.toUpperCase()}`, name: 'Ada B.' });
    expect(answer.status).to.equal(200);
    expect(await me()).to.include({ email: ada.email, name: 'Ada B.' });
  });

  it('refuses what is no address, and one that somebody else has', async () => {
    const { email: taken } = await newPerson(server, owner);
    for (const email of ['nobody', taken, taken.toUpperCase()]) {
      expect(errorsOf(await change({ email, current_password: ada.password })), email).to.deep.equal(['email']);
    }
    // Who is here is not told to somebody who has the session alone.
    expect(errorsOf(await change({ email: taken, current_password: 'wrong' }))).to.deep.equal(['current_password']);
    expect(await me()).to.include({ email: ada.email });
  });

  it('limits guesses at the password as at sign-in, and lets the right one through no sooner', async () => {
    const guess = (current_password: string) => change({ email: `x.${ada.email}`, current_password });
    expect((await guess('wrong')).status).to.equal(422);
    const database = new pg.Client({ connectionString: server.databaseUrl });
    await database.connect();
    await database.query('UPDATE sign_in_attempts SET attempts = 10');
    await database.end();
    const refused = await guess(ada.password);
    expect(refused.status).to.equal(429);
    expect(Number(refused.headers.get('Retry-After'))).to.be.within(1, 900);
    expect(await me()).to.include({ email: ada.email });
  });

  it('ends the links that went to the old address', async () => {
    const invited = await askJson(server, 'POST', `/api/users/${ada.id}/invite`, owner);
    const { pathname } = new URL((invited.json as { link: string }).link);
    const opens = async (): Promise<boolean> =>
      (await fetch(server.url + pathname, { redirect: 'manual' })).status === 200;
    expect(await opens()).to.equal(true);
    await change({ name: 'Ada B.' });
    expect(await opens(), 'a name is no address').to.equal(true);
    await change({ email: `new.${ada.email}`, current_password: ada.password });
    expect(await opens()).to.equal(false);
  });

  it('is audited with what it was before', async () => {
    await change({ email: `new.${ada.email}`, current_password: ada.password });
    const query = `action=user.changed&target_id=${ada.id}`;
    const { data } = (await askJson(server, 'GET', `/api/audit?${query}`, owner)).json as { data: object[] };
    expect(data[0]).to.deep.include({
      actor: { type: 'user', id: ada.id },
      before: { email: ada.email },
      after: { email: `new.${ada.email}` },
    });
  });

  it('is for a person in a session alone', async () => {
    const token = ((await page.send('POST', '/api/tokens', { name: 'Mine' })).json as { token: string }).token;
    expect((await askJson(server, 'PATCH', '/api/me', token, { name: 'x' })).status).to.equal(403);
  });
});

describe('GET /api/me/keys', () => {
  let server: TestServer;
  let machine: string;

  before(async () => {
    server = await startServer();
    machine = await ownerToken(server);
  });
  after(() => server.stop());

  async function somebody(role: string): Promise<{ readonly id: number; readonly page: PageProgram }> {
    const account = await newPerson(server, machine, { role });
    const page = pageProgram(server);
    await page.signIn(account);
    return { id: account.id, page };
  }
  async function list(page: PageProgram, query = ''): Promise<{ data: { id: number; name: string }[]; next: string }> {
    return (await page.send('GET', `/api/me/keys${query}`)).json as Awaited<ReturnType<typeof list>>;
  }
  async function makeKey(page: PageProgram, name: string, workspaceId = 1): Promise<number> {
    const body = { name, scopes: ['posts:read'], environment: 'test', workspace_id: workspaceId };
    const answer = await page.send('POST', '/api/keys', body);
    expect(answer.status, answer.text).to.equal(201);
    return (answer.json as { id: number }).id;
  }

  it('lists what one made oneself in every workspace, the newest first, without what is over', async () => {
    const ada = await somebody('owner');
    const bob = await somebody('owner');
    const made = await askJson(server, 'POST', '/api/workspaces', machine, { name: 'Second' });
    const second = (made.json as { id: number }).id;
    const path = `/api/workspaces/${second}/members`;
    await askJson(server, 'POST', path, machine, { user_id: ada.id, role: 'admin' });
    const [first, elsewhere, ended] = [
      await makeKey(ada.page, 'First'),
      await makeKey(ada.page, 'Elsewhere', second),
      await makeKey(ada.page, 'Ended'),
    ];
    await makeKey(bob.page, 'Of Bob');
    await ada.page.send('DELETE', `/api/keys/${ended}`);
    const { data, next } = await list(ada.page);
    expect([data.map(({ id }) => id), next]).to.deep.equal([[elsewhere, first], null]);
    expect(data[0]).to.include({ name: 'Elsewhere', workspace_id: second, environment: 'test', last_used_at: null });
    const page = await list(ada.page, '?limit=1');
    expect((await list(ada.page, `?limit=1&cursor=${page.next}`)).data.map(({ id }) => id)).to.deep.equal([first]);
    expect((await askJson(server, 'DELETE', `${path}/${ada.id}`, machine)).status).to.equal(204);
    expect(
      (await list(ada.page)).data.map(({ id }) => id),
      'of a workspace that was left',
    ).to.deep.equal([first]);
  });

  it('goes on telling somebody who may no longer manage keys', async () => {
    const ada = await somebody('owner');
    const id = await makeKey(ada.page, 'Mine');
    await askJson(server, 'PATCH', `/api/workspaces/1/members/${ada.id}`, machine, { role: 'member' });
    expect((await ada.page.send('GET', '/api/keys')).status).to.equal(403);
    expect((await list(ada.page)).data.map((key) => key.id)).to.deep.equal([id]);
  });
});
