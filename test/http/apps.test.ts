import { expect } from 'chai';
import { type AppUnderTest, letIn, newPerson, refresh, registerApp, verdict } from '../support/app-under-test.ts';
import { askJson, ownerToken } from '../support/ask.ts';
import type { Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

describe('/api/apps', () => {
  let server: TestServer;
  let owner: string;
  let reader: AppUnderTest;
  let manager: AppUnderTest;
  let ada: Person & { readonly id: number };

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
    reader = await registerApp(server, owner, { client_name: 'Reader', client_uri: 'https://reader.example/' });
    manager = await registerApp(server, owner, { client_name: 'Manager', scope: 'tokens:manage posts:read' });
  });
  after(() => server.stop());
  beforeEach(async () => {
    ada = await newPerson(server, owner);
  });

  const session = (method: string, path: string): Promise<{ status: number; text: string }> =>
    ada.browser
      .get('/csrf-cookie')
      .then(() =>
        fetch(server.url + path, {
          method,
          headers: {
            Cookie: [...ada.browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
            Origin: server.url,
            'X-XSRF-TOKEN': decodeURIComponent(ada.cookie('XSRF-TOKEN') ?? ''),
          },
        }),
      )
      .then(async (answer) => ({ status: answer.status, text: await answer.text() }));

  it('lists what the person has let in, and nothing of anybody else', async () => {
    const { access_token: token } = await letIn(reader, ada, 'openid posts:read categories:read');
    const other = await newPerson(server, owner);
    await letIn(manager, other, 'posts:read');
    expect((await askJson(server, 'GET', '/api/apps', token)).status, 'an app learns of no other').to.equal(403);
    const { text, status } = await session('GET', '/api/apps');
    expect(status).to.equal(200);
    const { data, next } = JSON.parse(text) as { data: Record<string, unknown>[]; next: unknown };
    expect(next).to.equal(null);
    expect(data).to.have.length(1);
    expect(data[0]).to.deep.include({
      client_id: reader.clientId,
      client_name: 'Reader',
      client_uri: 'https://reader.example/',
      workspace_ids: [1],
      scopes: ['posts:read', 'categories:read'],
    });
    expect(data[0]?.created_at).to.match(/^20.*Z$/);
    expect(data[0]?.last_used_at).to.match(/^20.*Z$/);
  });

  it('does not tell an app at /api/me what the person did not agree to tell it', async () => {
    const tell = async (scope: string): Promise<unknown> => {
      const { access_token: token } = await letIn(reader, ada, scope);
      return ((await askJson(server, 'GET', '/api/me', token)).json as { user: unknown }).user;
    };
    expect(await tell('openid posts:read')).to.deep.equal({ id: ada.id });
    expect(await tell('openid email posts:read')).to.deep.equal({ id: ada.id, email: ada.email });
    const all = await tell('openid email profile posts:read');
    expect(all).to.have.all.keys('id', 'email', 'name');
  });

  it('lets an app out at once, tokens and consent with it, from a session', async () => {
    const tokens = await letIn(reader, ada, 'posts:read');
    expect((await session('GET', '/api/apps')).text).to.include(reader.clientId);
    expect((await session('DELETE', `/api/apps/${reader.clientId}`)).status).to.equal(204);
    expect(await verdict(server, tokens.access_token, 'posts:read')).to.equal(401);
    expect((await refresh(server, reader, tokens.refresh_token)).json).to.include({ error: 'invalid_grant' });
    expect((await session('GET', '/api/apps')).text).to.equal('{"data":[],"next":null}');
    const pages: string[] = [];
    await letIn(reader, ada, 'posts:read', {}, { onPage: ({ path }) => pages.push(path.split('/').at(-1) ?? '') });
    expect(pages).to.deep.equal(['consent']);
  });

  it('lets an app out for a credential that covers tokens:manage, and for no lesser one', async () => {
    const lesser = await letIn(reader, ada, 'posts:read');
    const { access_token: token } = await letIn(manager, ada, 'tokens:manage');
    const refused = await askJson(server, 'DELETE', `/api/apps/${reader.clientId}`, lesser.access_token);
    expect(refused.status).to.equal(403);
    expect((await askJson(server, 'DELETE', `/api/apps/${reader.clientId}`, token)).status).to.equal(204);
    expect(await verdict(server, lesser.access_token, 'posts:read')).to.equal(401);
  });

  it('finds nothing to let out where there is nothing, or what is there is somebody else’s', async () => {
    const { access_token: token } = await letIn(manager, ada, 'tokens:manage');
    const other = await newPerson(server, owner);
    const theirs = await letIn(reader, other, 'posts:read');
    for (const id of [reader.clientId, 'nobody', '%00', 'x'.repeat(2000), '..%2f']) {
      expect((await askJson(server, 'DELETE', `/api/apps/${id}`, token)).status, id).to.equal(404);
    }
    expect(await verdict(server, theirs.access_token, 'posts:read')).to.equal(200);
  });

  it('is for persons: a client that acts for itself has let nobody in', async () => {
    expect((await askJson(server, 'GET', '/api/apps', owner)).status).to.equal(403);
    expect((await askJson(server, 'DELETE', `/api/apps/${reader.clientId}`, owner)).status).to.equal(403);
  });
});
