import { expect } from 'chai';
import { type Answer, askJson, ownerToken, registerMachine } from '../support/ask.ts';
import { clientToken, startServer, type TestServer } from '../support/start-server.ts';

describe('/api/workspaces', () => {
  let server: TestServer;
  let owner: string;
  let reader: string;

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
    reader = await clientToken(server, await registerMachine(server, owner, 'posts:read'), 'posts:read');
  });
  after(() => server.stop());

  const call = (method: string, path: string, body?: unknown, token = owner): Promise<Answer> =>
    askJson(server, method, `/api/workspaces${path}`, token, body);
  const member = (answer: Answer, name: string): unknown => (answer.json as Record<string, unknown>)[name];
  const create = async (name = 'Blog'): Promise<number> => Number(member(await call('POST', '', { name }), 'id'));
  let count = 0;
  const person = async (): Promise<{ id: number; email: string }> => {
    count += 1;
    const email = `member${count}@example.com`;
    const answer = await askJson(server, 'POST', '/api/users', owner, { email });
    return { id: Number(member(answer, 'id')), email };
  };
  const errorFields = (answer: Answer): string[] => {
    expect(answer.status, answer.text).to.equal(422);
    return Object.keys((answer.json as { errors: Record<string, string[]> }).errors);
  };
  const idsOf = (answer: Answer): number[] => (answer.json as { data: { id: number }[] }).data.map(({ id }) => id);

  it('are created, shown and listed', async () => {
    const created = await call('POST', '', { name: ' Blog ' });
    expect(created.status).to.equal(201);
    const { id, created_at, ...rest } = created.json as Record<string, unknown>;
    expect(created_at).to.match(/Z$/);
    expect(rest).to.deep.equal({
      name: 'Blog',
      scopes: ['*'],
      rate_limit_tier: 'free',
      own: false,
      suspended_at: null,
    });
    expect((await call('GET', `/${id}`)).json).to.deep.equal(created.json);
    expect(idsOf(await call('GET', '?limit=200'))).to.include.members([1, id]);
    for (const body of [{}, { name: '' }, { name: '   ' }, { name: 'x'.repeat(256) }, { name: 'a\0' }]) {
      expect(errorFields(await call('POST', '', body))).to.deep.equal(['name']);
    }
    expect(errorFields(await call('POST', '', { name: 'x', own: true }))).to.deep.equal(['own']);
  });

  it('are seen by a credential only when it is bound to them', async () => {
    const id = await create();
    expect(idsOf(await call('GET', '', undefined, reader))).to.deep.equal([1]);
    expect((await call('GET', '/1', undefined, reader)).status).to.equal(200);
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { name: 'Mine' }],
      ['GET', '/members', undefined],
      ['POST', '/members', { user_id: 1 }],
      ['PATCH', '/members/1', { role: 'owner' }],
      ['DELETE', '/members/1', undefined],
    ] as const) {
      expect((await call(method, `/${id}${path}`, body, reader)).status, `${method} ${path}`).to.equal(404);
      expect((await call(method, `/1${path}`, body, reader)).status, `${method} ${path}`).to.equal(
        path === '' && method === 'GET' ? 200 : 403,
      );
    }
    for (const path of ['', `/${id}/suspend`, `/${id}/resume`]) {
      expect((await call('POST', path, { name: 'x' }, reader)).status, path).to.equal(403);
    }
  });

  it('change their name, ceiling and tier within the vocabulary', async () => {
    const id = await create();
    const changes = { name: 'News', scopes: ['posts:*', '*:read'], rate_limit_tier: 'pro' };
    const changed = await call('PATCH', `/${id}`, changes);
    expect(changed.json).to.deep.include({ id, ...changes });
    expect(errorFields(await call('PATCH', `/${id}`, { rate_limit_tier: 'gold' }))).to.deep.equal(['rate_limit_tier']);
    expect(errorFields(await call('PATCH', `/${id}`, { scopes: ['nonsense:x'] }))).to.deep.equal(['scopes']);
    expect(errorFields(await call('PATCH', `/${id}`, { suspended_at: null }))).to.deep.equal(['suspended_at']);
    expect(errorFields(await call('PATCH', '/1', { scopes: ['posts:read'] }))).to.deep.equal(['scopes']);
    const machine = await registerMachine(server, owner, 'admin:users posts:read');
    const weak = await clientToken(server, machine, 'admin:users posts:read');
    expect(errorFields(await call('PATCH', `/${id}`, { scopes: ['posts:write'] }, weak))).to.deep.equal(['scopes']);
    expect((await call('PATCH', `/${id}`, { scopes: [] })).json).to.deep.include({ scopes: [] });
  });

  it('are suspended and resumed, save the first', async () => {
    const id = await create();
    const suspended = await call('POST', `/${id}/suspend`);
    expect(suspended.status).to.equal(200);
    expect(member(suspended, 'suspended_at')).to.match(/Z$/);
    expect((await call('POST', `/${id}/suspend`)).json).to.deep.equal(suspended.json);
    expect(member(await call('POST', `/${id}/resume`), 'suspended_at')).to.equal(null);
    expect((await call('POST', '/1/suspend')).status).to.equal(409);
    expect((await call('POST', '/999/suspend')).status).to.equal(404);
  });

  it('shut out what belongs to them at once when suspended', async () => {
    const id = await create();
    const client = await askJson(server, 'POST', '/api/clients', owner, {
      client_name: 'Tenant',
      workspace_id: id,
      grant_types: ['client_credentials'],
      scope: 'posts:read',
    });
    const { client_id: clientId, client_secret: clientSecret } = client.json as Record<string, string>;
    const token = await clientToken(server, { clientId: clientId ?? '', clientSecret: clientSecret ?? '' });
    expect((await call('GET', '', undefined, token)).json).to.have.nested.property('data[0].id', id);
    await call('POST', `/${id}/suspend`);
    const answer = await call('GET', '', undefined, token);
    expect(answer.status).to.equal(403);
    expect(answer.json).to.deep.equal({ message: 'Workspace suspended.' });
  });

  describe('members', () => {
    it('are added by id or address, listed, given another role, and taken out', async () => {
      const id = await create();
      const [one, two] = [await person(), await person()];
      const added = await call('POST', `/${id}/members`, { user_id: one.id, role: 'owner' });
      expect(added.status).to.equal(201);
      expect(added.json).to.include({ user_id: one.id, email: one.email, role: 'owner', disabled_at: null });
      const second = await call('POST', `/${id}/members`, { email: two.email.toUpperCase() });
      expect(second.json).to.include({ user_id: two.id, role: 'member' });
      expect((await call('POST', `/${id}/members`, { user_id: two.id, role: 'admin' })).status).to.equal(409);
      const { data } = (await call('GET', `/${id}/members`)).json as { data: unknown[] };
      expect(data).to.deep.equal([added.json, second.json]);
      expect((await call('GET', `/${id}/members/${two.id}`)).json).to.deep.equal(second.json);
      const changed = await call('PATCH', `/${id}/members/${two.id}`, { role: 'admin' });
      expect(changed.json).to.include({ user_id: two.id, role: 'admin' });
      expect((await call('DELETE', `/${id}/members/${two.id}`)).status).to.equal(204);
      expect((await call('DELETE', `/${id}/members/${two.id}`)).status).to.equal(404);
      const shown = await askJson(server, 'GET', `/api/users/${one.id}`, owner);
      expect(member(shown, 'memberships')).to.deep.include({ workspace_id: id, workspace_name: 'Blog', role: 'owner' });
    });

    it('have roles of the vocabulary and exist', async () => {
      const id = await create();
      const { id: userId } = await person();
      expect(errorFields(await call('POST', `/${id}/members`, { user_id: userId, role: 'x' }))).to.deep.equal(['role']);
      expect(errorFields(await call('POST', `/${id}/members`, { user_id: 99999 }))).to.deep.equal(['user_id']);
      expect(errorFields(await call('POST', `/${id}/members`, { email: 'no\0@x' }))).to.deep.equal(['email']);
      expect(errorFields(await call('POST', `/${id}/members`, { user_id: 1, email: 'a@b' }))).to.deep.equal([
        'user_id',
      ]);
      expect((await call('PATCH', `/${id}/members/${userId}`, { role: 'member' })).status).to.equal(404);
      expect((await call('POST', '/999/members', { user_id: userId })).status).to.equal(404);
    });

    it('always have an owner among them, also when two owners leave at the same moment', async () => {
      const id = await create();
      const [one, two] = [await person(), await person()];
      await call('POST', `/${id}/members`, { user_id: one.id, role: 'owner' });
      expect((await call('DELETE', `/${id}/members/${one.id}`)).status).to.equal(409);
      expect((await call('PATCH', `/${id}/members/${one.id}`, { role: 'admin' })).status).to.equal(409);
      expect((await call('PATCH', `/${id}/members/${one.id}`, { role: 'owner' })).status).to.equal(200);
      await call('POST', `/${id}/members`, { user_id: two.id, role: 'owner' });
      const leaving = await Promise.all([
        call('DELETE', `/${id}/members/${one.id}`),
        call('PATCH', `/${id}/members/${two.id}`, { role: 'member' }),
      ]);
      expect(leaving.filter(({ status }) => status === 409)).to.have.length(1);
    });

    it('get no role from, and are not moved by, who holds less', async () => {
      const id = await create();
      const { id: userId } = await person();
      await call('POST', `/${id}/members`, { user_id: userId, role: 'owner' });
      const machine = await registerMachine(server, owner, 'admin:users *:read posts:write tokens:manage');
      const weak = await clientToken(server, machine, 'admin:users *:read posts:write tokens:manage');
      const other = await person();
      const add = (role: string) => call('POST', `/${id}/members`, { user_id: other.id, role }, weak);
      expect(errorFields(await add('owner'))).to.deep.equal(['role']);
      expect(errorFields(await add('admin'))).to.deep.equal(['role']);
      expect((await add('member')).status).to.equal(201);
      expect((await call('PATCH', `/${id}/members/${userId}`, { role: 'member' }, weak)).status).to.equal(403);
      expect((await call('DELETE', `/${id}/members/${userId}`, undefined, weak)).status).to.equal(403);
      expect((await call('DELETE', `/${id}/members/${other.id}`, undefined, weak)).status).to.equal(204);
    });
  });
});
