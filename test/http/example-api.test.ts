import { expect } from 'chai';
import { type Answer, askJson, ownerToken } from '../support/ask.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

describe('the example API', () => {
  let server: TestServer;
  let owner: string;
  let live: string;
  let test: string;

  const makeKey = async (scopes: readonly string[], environment: 'live' | 'test'): Promise<string> => {
    const answer = await askJson(server, 'POST', '/api/keys', owner, { name: 'K', scopes, environment });
    expect(answer.status, answer.text).to.equal(201);
    return (answer.json as { key: string }).key;
  };
  const names = ({ json }: Answer): unknown[] =>
    (json as { data: { name?: string; title?: string }[] }).data.map(({ name, title }) => name ?? title);

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
    live = await makeKey(['*:*'], 'live');
    test = await makeKey(['*:*'], 'test');
  });
  after(() => server.stop());

  it('shows live and test data apart', async () => {
    for (const [path, ofLive, ofTest] of [
      ['/v1/posts', ['One vocabulary', 'Hello, world'], ['Hello, test']],
      ['/v1/categories', ['Guides', 'News'], ['Drafts']],
    ] as const) {
      expect(names(await askJson(server, 'GET', path, live))).to.deep.equal(ofLive);
      expect(names(await askJson(server, 'GET', path, test))).to.deep.equal(ofTest);
    }
    const day = new Date().toISOString().slice(0, 10);
    const seen = await askJson(server, 'GET', '/v1/analytics', live);
    expect(seen.json).to.deep.equal({ posts: 2, categories: 2, posts_by_day: [{ day, posts: 2 }] });
    expect((await askJson(server, 'GET', '/v1/analytics', test)).json).to.include({ posts: 1, categories: 1 });
  });

  it('lets test keys change test data only', async () => {
    const made = await askJson(server, 'POST', '/v1/posts', live, { title: 'Live', body: 'x' });
    expect(made.status).to.equal(201);
    const { id } = made.json as { id: number };
    expect((await askJson(server, 'PATCH', `/v1/posts/${id}`, test, { title: 'Mine' })).status).to.equal(404);
    expect((await askJson(server, 'DELETE', `/v1/posts/${id}`, test)).status).to.equal(404);
    const changed = await askJson(server, 'PATCH', `/v1/posts/${id}`, live, { title: 'Changed' });
    expect(changed.json).to.include({ id, title: 'Changed', body: 'x' });
    expect((await askJson(server, 'PATCH', `/v1/posts/${id}`, live, {})).json).to.include({ title: 'Changed' });
    expect((await askJson(server, 'DELETE', `/v1/posts/${id}`, live)).status).to.equal(204);
    expect((await askJson(server, 'DELETE', `/v1/posts/${id}`, live)).status).to.equal(404);

    const category = await askJson(server, 'POST', '/v1/categories', test, { name: 'Live too' });
    expect(category.status).to.equal(201);
    expect((await askJson(server, 'POST', '/v1/categories', live, { name: 'Live too' })).status).to.equal(201);
    const path = `/v1/categories/${(category.json as { id: number }).id}`;
    expect((await askJson(server, 'PATCH', path, live, { name: 'Mine' })).status).to.equal(404);
    expect((await askJson(server, 'PATCH', path, test, { name: 'Sketches' })).json).to.include({ name: 'Sketches' });
  });

  it('refuses input that is none, and says which field', async () => {
    const twice = await askJson(server, 'POST', '/v1/categories', live, { name: 'News' });
    expect(twice.status).to.equal(422);
    expect(twice.json).to.deep.equal({
      message: 'The given data was invalid.',
      errors: { name: ['There is a category of this name already.'] },
    });
    const [, guides] = ((await askJson(server, 'GET', '/v1/categories', live)).json as { data: { id: number }[] }).data;
    expect((await askJson(server, 'PATCH', `/v1/categories/${guides?.id}`, live, { name: 'News' })).status).to.equal(
      422,
    );
    for (const [path, body] of [
      ['/v1/posts', {}],
      ['/v1/posts', { title: ' ' }],
      ['/v1/posts', { title: 'a\0' }],
      ['/v1/categories', { name: 1 }],
      ['/v1/categories', { name: 'x'.repeat(101) }],
    ] as const) {
      expect((await askJson(server, 'POST', path, live, body)).status, JSON.stringify(body)).to.equal(422);
    }
    for (const id of ['0', 'x', '1e3', '99999999999999999999', '01']) {
      expect((await askJson(server, 'DELETE', `/v1/posts/${id}`, live)).status, id).to.equal(404);
    }
  });

  for (const [method, path, scope] of [
    ['GET', '/v1/posts', 'posts:read'],
    ['POST', '/v1/posts', 'posts:write'],
    ['PATCH', '/v1/posts/1', 'posts:write'],
    ['DELETE', '/v1/posts/1', 'posts:delete'],
    ['GET', '/v1/categories', 'categories:read'],
    ['POST', '/v1/categories', 'categories:write'],
    ['PATCH', '/v1/categories/1', 'categories:write'],
    ['GET', '/v1/analytics', 'analytics:read'],
  ] as const) {
    it(`needs ${scope} for ${method} ${path}, and that alone`, async () => {
      const others = [
        'posts:read',
        'posts:write',
        'posts:delete',
        'categories:read',
        'categories:write',
        'analytics:read',
      ];
      const without = await makeKey(
        others.filter((one) => one !== scope),
        'live',
      );
      const refused = await askJson(server, method, path, without);
      expect(refused.status).to.equal(403);
      expect(refused.json).to.include({ required_scope: scope });
      expect((await askJson(server, method, path, await makeKey([scope], 'live'))).status).to.not.be.oneOf([401, 403]);
    });
  }
});
