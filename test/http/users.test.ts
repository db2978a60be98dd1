import { expect } from 'chai';
import { commonPasswords } from '../../src/users/common-passwords.ts';
import { type Answer, ask, askJson, ownerToken, registerMachine } from '../support/ask.ts';
import { clientToken, startServer, type TestServer } from '../support/start-server.ts';

const PASSWORD = 'a quiet river in the north';

describe('/api/users', () => {
  let server: TestServer;
  let owner: string;

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
  });
  after(() => server.stop());

  const call = (method: string, path: string, body?: unknown, token = owner): Promise<Answer> =>
    askJson(server, method, `/api/users${path}`, token, body);
  const member = (answer: Answer, name: string): unknown => (answer.json as Record<string, unknown>)[name];
  let count = 0;
  const create = async (more: Record<string, unknown> = {}): Promise<Answer> => {
    count += 1;
    return call('POST', '', { email: `person${count}@example.com`, password: PASSWORD, ...more });
  };
  const errorFields = (answer: Answer): string[] => {
    expect(answer.status, answer.text).to.equal(422);
    return Object.keys((answer.json as { errors: Record<string, string[]> }).errors);
  };

  it('creates a member of the first workspace unless told otherwise', async () => {
    const answer = await create({ name: 'Ada Lovelace' });
    expect(answer.status).to.equal(201);
    const { id, created_at, ...rest } = answer.json as Record<string, unknown>;
    expect(id).to.be.a('number');
    expect(created_at).to.match(/^\d{4}-.*Z$/);
    expect(rest).to.deep.equal({
      email: `person${count}@example.com`,
      name: 'Ada Lovelace',
      disabled_at: null,
      must_change_password: false,
      memberships: [{ workspace_id: 1, workspace_name: 'Main', role: 'member' }],
      link: null,
      link_expires_at: null,
    });
    const { link: _, link_expires_at: __, ...shown } = answer.json as Record<string, unknown>;
    expect((await call('GET', `/${id}`)).json).to.deep.equal(shown);
  });

  it('answers with the link of an invitation when there is no password', async () => {
    const answer = await create({ password: undefined });
    expect(answer.status).to.equal(201);
    expect(member(answer, 'link')).to.match(new RegExp(`^${server.issuer}/set-password/[A-Za-z0-9_-]{43}$`));
    const invited = await call('POST', `/${member(answer, 'id')}/invite`);
    expect(invited.status).to.equal(201);
    expect(member(invited, 'link')).to.not.equal(member(answer, 'link'));
  });

  it('takes an address once, however it is written', async () => {
    await create({ email: 'straße@example.com' });
    for (const email of ['straße@example.com', 'STRAßE@EXAMPLE.COM', ' ｓｔｒａße@example.com ']) {
      expect((await create({ email })).status, email).to.equal(409);
    }
  });

  it('names every field at fault', async () => {
    expect(errorFields(await create({ email: 'nobody' }))).to.deep.equal(['email']);
    expect(errorFields(await create({ email: 'a\0b@example.com' }))).to.deep.equal(['email']);
    expect(errorFields(await create({ name: 'a\nb' }))).to.deep.equal(['name']);
    expect(errorFields(await create({ role: 'emperor' }))).to.deep.equal(['role']);
    expect(errorFields(await create({ workspace_id: 999 }))).to.deep.equal(['workspace_id']);
    expect(errorFields(await create({ disabled_at: null }))).to.deep.equal(['disabled_at']);
    expect(errorFields(await create({ password_hash: 'x' }))).to.deep.equal(['password_hash']);
  });

  it('judges passwords: length in characters, bytes, common ones, context', async () => {
    for (const password of ['kq7#vfz', 'x'.repeat(1025), 'latchkey-latchkey', 'Wanderer1']) {
      expect(
        errorFields(await create({ email: 'wanderer@example.com', password })),
        password.slice(0, 20),
      ).to.deep.equal(['password']);
    }
    const common = [...commonPasswords];
    for (let at = 0; at < common.length; at += 60) {
      expect(errorFields(await create({ password: common[at] })), common[at]).to.deep.equal(['password']);
    }
    expect((await create({ password: '🦊🐻🐼🐨🐯🦁🐮🐷' })).status).to.equal(201);
  });

  it('never shows a password or its hash', async () => {
    const answers = [await create(), await call('GET', '?limit=200')];
    for (const { text } of answers)
      expect(text)
        .to.not.match(/\$2[aby]\$|password_hash/)
        .and.not.include(PASSWORD);
  });

  it('lists users in pages, and finds one by address', async () => {
    for (let n = 0; n < 3; n += 1) await create({ password: undefined });
    const ids: unknown[] = [];
    let cursor = '';
    for (let page = 0; page < 200; page += 1) {
      const answer = await call('GET', `?limit=2${cursor}`);
      const { data, next } = answer.json as { data: { id: number }[]; next: string | null };
      ids.push(...data.map(({ id }) => id));
      if (next === null) break;
      cursor = `&cursor=${next}`;
    }
    expect(ids).to.deep.equal([...new Set(ids)].sort((a, b) => Number(a) - Number(b)));
    expect(ids.length).to.be.above(4);
    const found = await call('GET', `?email=${encodeURIComponent(`PERSON${count}@example.com`)}`);
    expect((found.json as { data: { email: string }[] }).data.map(({ email }) => email)).to.deep.equal([
      `person${count}@example.com`,
    ]);
    expect(errorFields(await call('GET', '?cursor=bm9uZQ'))).to.deep.equal(['cursor']);
  });

  it('changes name and address, and nothing else', async () => {
    const id = member(await create(), 'id');
    const changed = await call('PATCH', `/${id}`, { name: 'Grace', email: `Renamed${count}@Example.com` });
    expect(changed.json).to.deep.include({ id, name: 'Grace', email: `renamed${count}@example.com` });
    const taken = member(await create(), 'email');
    expect((await call('PATCH', `/${id}`, { email: taken })).status).to.equal(409);
    for (const field of ['id', 'password', 'must_change_password', 'disabled_at', 'memberships', 'created_at']) {
      expect(errorFields(await call('PATCH', `/${id}`, { [field]: null }))).to.deep.equal([field]);
    }
  });

  it('lets a link that went to the old address set no password after the address has changed', async () => {
    const created = await create({ password: undefined });
    await call('PATCH', `/${member(created, 'id')}`, { email: `moved${count}@example.com` });
    const { knex } = server.composed.installation.database;
    expect(await knex('one_time_links').where({ user_id: member(created, 'id'), used_at: null })).to.deep.equal([]);
  });

  it('disables a user and lets them in again', async () => {
    const id = member(await create(), 'id');
    const first = await call('POST', `/${id}/disable`);
    expect(first.status).to.equal(200);
    expect(member(first, 'disabled_at')).to.match(/Z$/);
    expect((await call('POST', `/${id}/disable`)).json).to.deep.equal(first.json);
    expect((await call('POST', `/${id}/invite`)).status).to.equal(409);
    expect(member(await call('POST', `/${id}/enable`), 'disabled_at')).to.equal(null);
    expect((await call('DELETE', `/${id}/sessions`)).status).to.equal(204);
  });

  it('keeps the last owner of the first workspace', async () => {
    expect((await call('POST', '/1/disable')).status).to.equal(409);
    const second = member(await create({ role: 'owner' }), 'id');
    const both = await Promise.all([call('POST', '/1/disable'), call('POST', `/${second}/disable`)]);
    expect(both.map(({ status }) => status).sort()).to.deep.equal([200, 409]);
    await call('POST', '/1/enable');
  });

  it('is for callers that cover admin:users', async () => {
    const machine = await registerMachine(server, owner, 'posts:read admin:clients');
    const token = await clientToken(server, machine, 'posts:read admin:clients');
    for (const [method, path] of [
      ['GET', ''],
      ['POST', ''],
      ['GET', '/1'],
      ['PATCH', '/1'],
      ['POST', '/1/disable'],
      ['POST', '/1/enable'],
      ['POST', '/1/invite'],
      ['DELETE', '/1/sessions'],
    ] as const) {
      const answer = await call(method, path, method === 'POST' || method === 'PATCH' ? {} : undefined, token);
      expect(answer.status, `${method} ${path}`).to.equal(403);
      expect((await ask(server, `/api/users${path}`, { method })).status).to.equal(401);
    }
  });

  it('gives nobody a role, and no power over a person, that holds more than the caller', async () => {
    const machine = await registerMachine(server, owner, 'admin:users posts:read');
    const token = await clientToken(server, machine, 'admin:users posts:read');
    const body = { email: 'minion@example.com', role: 'owner' };
    expect(errorFields(await call('POST', '', body, token))).to.deep.equal(['role']);
    expect((await call('PATCH', '/1', { email: 'mine@example.com' }, token)).status).to.equal(403);
    for (const path of ['/1/disable', '/1/enable', '/1/invite']) {
      expect((await call('POST', path, {}, token)).status, path).to.equal(403);
    }
    expect((await call('DELETE', '/1/sessions', undefined, token)).status).to.equal(403);
    expect((await call('GET', '/1', undefined, token)).json).to.include({ email: 'admin@localhost' });
  });

  it('does not find what is no user', async () => {
    for (const id of ['0', '999999', '-1', '1e3', '01', 'x', '9'.repeat(30)]) {
      expect((await call('GET', `/${id}`)).status, id).to.equal(404);
    }
  });
});
