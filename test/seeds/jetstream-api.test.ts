import { expect } from 'chai';
import { newPerson } from '../support/app-under-test.ts';
import { askJson } from '../support/ask.ts';
import { pageProgram } from '../support/page-program.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { almightyToken, makeToken, readsPosts, writesPosts } from './asking.ts';

describe('002 API (Jetstream)', () => {
  let server: TestServer;
  let owner: string;

  before(async () => {
    server = await startServer();
    owner = await almightyToken(server);
  });
  after(() => server.stop());

  it('002 API: a user generates several tokens, each with its own permissions', async () => {
    const reader = await makeToken(server, owner, { name: 'Reader', scopes: ['posts:read'] });
    const writer = await makeToken(server, owner, { name: 'Writer', scopes: ['posts:write'] });
    expect([await readsPosts(server, reader.secret), await writesPosts(server, reader.secret)]).to.deep.equal([
      200, 403,
    ]);
    expect([await readsPosts(server, writer.secret), await writesPosts(server, writer.secret)]).to.deep.equal([
      403, 201,
    ]);
  });

  it('002 API: Jetstream::permissions is one list, and nothing outside it is granted', async () => {
    const answer = await askJson(server, 'GET', '/api/scopes', owner);
    expect(answer.status).to.equal(200);
    expect(answer.text).to.include('posts:read').and.include('posts:delete');
    const strange = await askJson(server, 'POST', '/api/tokens', owner, { name: 'x', scopes: ['posts:paint'] });
    expect(strange.status).to.equal(422);
    expect(strange.json).to.have.nested.property('errors.scopes');
  });

  it('002 API: defaultApiTokenPermissions are granted where none are named', async () => {
    const { body, secret } = await makeToken(server, owner, { name: 'Default' });
    expect(body.scopes).to.deep.equal(['posts:read']);
    expect(await writesPosts(server, secret)).to.equal(403);
  });

  it('002 API: a default permission may be left out', async () => {
    const { body, secret } = await makeToken(server, owner, { name: 'Without', scopes: ['posts:write'] });
    expect(body.scopes).to.deep.equal(['posts:write']);
    expect(await readsPosts(server, secret)).to.equal(403);
    const none = await makeToken(server, owner, { name: 'Nothing', scopes: [] });
    expect(await readsPosts(server, none.secret)).to.equal(403);
  });

  it('002 API: tokenCan is asked for a token', async () => {
    const { secret } = await makeToken(server, owner, { name: 'x', scopes: ['posts:read'] });
    const verdict = async (scope: string): Promise<unknown> =>
      (await askJson(server, 'POST', '/api/verify', owner, { credential: secret, scopes: [scope] })).json;
    expect(await verdict('posts:read')).to.include({ allowed: true });
    expect(await verdict('posts:write')).to.include({ allowed: false, reason: 'insufficient_scope' });
  });

  it('002 API: a first-party request by cookie may do whatever the person may', async () => {
    const page = pageProgram(server);
    await page.signIn();
    for (const [method, path, body] of [
      ['GET', '/v1/posts', undefined],
      ['POST', '/v1/posts', { title: 'By session' }],
      ['GET', '/v1/analytics', undefined],
    ] as const) {
      expect((await page.send(method, path, body)).status, path).to.be.oneOf([200, 201]);
    }
  });

  it('002 API: and no more than that: the role bounds a session', async () => {
    const member = await newPerson(server, owner);
    const page = pageProgram(server);
    await page.signIn(member);
    expect((await page.send('DELETE', '/v1/posts/1')).status).to.equal(403);
    expect((await page.send('GET', '/v1/posts')).status).to.equal(200);
  });
});
