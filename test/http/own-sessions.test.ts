import { expect } from 'chai';
import { newPerson } from '../support/app-under-test.ts';
import { askJson, ownerToken } from '../support/ask.ts';
import { type PageProgram, pageProgram } from '../support/page-program.ts';
import type { Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

interface ShownSession {
  readonly id: number;
  readonly current: boolean;
  readonly workspace_id: number | null;
  readonly user_agent: string;
  readonly address: string;
}

describe('/api/sessions', () => {
  let server: TestServer;
  let owner: string;
  let ada: Person & { readonly id: number };

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
  });
  after(() => server.stop());
  beforeEach(async () => {
    ada = await newPerson(server, owner);
  });

  async function signedIn(account: { readonly email: string; readonly password: string } = ada): Promise<PageProgram> {
    const page = pageProgram(server);
    expect((await page.signIn(account)).status).to.equal(200);
    return page;
  }
  async function list(page: PageProgram, query = ''): Promise<{ data: ShownSession[]; next: string | null }> {
    return (await page.send('GET', `/api/sessions${query}`)).json as { data: ShownSession[]; next: string | null };
  }
  const isIn = async (page: PageProgram): Promise<boolean> => (await page.send('GET', '/api/me')).status === 200;
  async function workspace(name: string): Promise<number> {
    const made = await askJson(server, 'POST', '/api/workspaces', owner, { name });
    const { id } = made.json as { id: number };
    await askJson(server, 'POST', `/api/workspaces/${id}/members`, owner, { user_id: ada.id, role: 'owner' });
    return id;
  }

  it('lists where the person is signed in, page by page, the newest first, and nobody else', async () => {
    const [first, second] = [await signedIn(), await signedIn()];
    await signedIn(await newPerson(server, owner));
    const { data, next } = await list(first);
    expect(next).to.equal(null);
    expect(data.map(({ current }) => current)).to.deep.equal([false, true]);
    expect((await list(second)).data.map(({ current }) => current)).to.deep.equal([true, false]);
    expect(data[0]).to.include({ workspace_id: 1, address: '127.0.0.1' });
    expect(data[0]?.user_agent).to.be.a('string').and.not.equal('');
    const page = await list(first, '?limit=1');
    expect(page.data.map(({ id }) => id)).to.deep.equal([data[0]?.id]);
    const rest = await list(first, `?limit=1&cursor=${page.next}`);
    expect([rest.data.map(({ id }) => id), rest.next]).to.deep.equal([[data[1]?.id], null]);
    expect((await first.send('GET', '/api/sessions?cursor=x')).status).to.equal(422);
  });

  it('ends one of them at once, and none of somebody else', async () => {
    const [here, there] = [await signedIn(), await signedIn()];
    const stranger = await signedIn(await newPerson(server, owner));
    const other = (await list(here)).data.find(({ current }) => !current);
    expect((await stranger.send('DELETE', `/api/sessions/${other?.id}`)).status).to.equal(404);
    expect(await isIn(there)).to.equal(true);
    expect((await here.send('DELETE', `/api/sessions/${other?.id}`)).status).to.equal(204);
    expect(await isIn(there)).to.equal(false);
    expect((await here.send('DELETE', `/api/sessions/${other?.id}`)).status).to.equal(404);
    for (const id of ['0', 'x', '-1', '9'.repeat(30)])
      expect((await here.send('DELETE', `/api/sessions/${id}`)).status, id).to.equal(404);
    expect(await isIn(here)).to.equal(true);
  });

  it('ends all but the one that asks', async () => {
    const others = [await signedIn(), await signedIn()];
    const here = await signedIn();
    const stranger = await signedIn(await newPerson(server, owner));
    expect((await here.send('DELETE', '/api/sessions')).status).to.equal(204);
    for (const other of others) expect(await isIn(other)).to.equal(false);
    expect([await isIn(here), await isIn(stranger)]).to.deep.equal([true, true]);
    expect((await list(here)).data).to.have.length(1);
  });

  it('changes nothing for a page of another site', async () => {
    const [here, there] = [await signedIn(), await signedIn()];
    for (const [method, path, body] of [
      ['DELETE', '/api/sessions', undefined],
      ['PATCH', '/api/sessions/current', { workspace_id: 1 }],
      ['PATCH', '/api/me', { name: 'Mallory' }],
    ] as const) {
      expect((await here.send(method, path, body, { 'X-XSRF-TOKEN': null })).status, path).to.equal(403);
      expect((await here.send(method, path, body, { Origin: 'https://elsewhere.example' })).status, path).to.equal(403);
    }
    expect(await isIn(there)).to.equal(true);
  });

  it('goes to another workspace of the person, and to no other', async () => {
    const second = await workspace('Second');
    const page = await signedIn();
    const move = (id: unknown) => page.send('PATCH', '/api/sessions/current', { workspace_id: id });
    const moved = await move(second);
    expect(moved.status).to.equal(200);
    expect(moved.json).to.include({ workspace_id: second, current: true });
    const me = (await page.send('GET', '/api/me')).json as { credential: { workspace_id: number; scopes: string[] } };
    expect(me.credential.workspace_id).to.equal(second);
    expect(me.credential.scopes).to.include('keys:manage');
    const foreign = (await askJson(server, 'POST', '/api/workspaces', owner, { name: 'Foreign' })).json as {
      id: number;
    };
    const suspended = await workspace('Suspended');
    await askJson(server, 'POST', `/api/workspaces/${suspended}/suspend`, owner);
    for (const id of [foreign.id, suspended, 999_999_999, 0, '1', null, Number.MAX_SAFE_INTEGER + 1]) {
      const refused = await move(id);
      expect(refused.status, String(id)).to.equal(422);
      expect(refused.json).to.have.nested.property('errors.workspace_id');
    }
    expect((await list(page)).data[0]?.workspace_id).to.equal(second);
  });

  it('lets a person out of a workspace that was suspended, and do nothing else there', async () => {
    const second = await workspace('Second');
    const page = await signedIn();
    await page.send('PATCH', '/api/sessions/current', { workspace_id: second });
    await askJson(server, 'POST', `/api/workspaces/${second}/suspend`, owner);
    expect((await page.send('GET', '/api/tokens')).json).to.deep.equal({ message: 'Workspace suspended.' });
    expect((await list(page)).data).to.have.length(1);
    expect((await page.send('PATCH', '/api/sessions/current', { workspace_id: 1 })).status).to.equal(200);
    expect((await page.send('GET', '/api/tokens')).status).to.equal(200);
  });
});
