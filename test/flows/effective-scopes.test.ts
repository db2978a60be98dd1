import { expect } from 'chai';
import type pg from 'pg';
import {
  type AppUnderTest,
  beginFlow,
  finishFlow,
  letIn,
  newPerson,
  redeem,
  refresh,
  registerApp,
  type Tokens,
  verdict,
} from '../support/app-under-test.ts';
import { ask, askJson, ownerToken } from '../support/ask.ts';
import type { Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

describe('what an app may do for a person', () => {
  let server: TestServer;
  let owner: string;
  let app: AppUnderTest;
  let workspaceId: number;
  let ada: Person & { readonly id: number };
  let pool: pg.Pool;

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
    pool = server.composed.installation.database.pool;
  });
  after(() => server.stop());
  beforeEach(async () => {
    app = await registerApp(server, owner);
    workspaceId = await newWorkspace();
    ada = await newPerson(server, owner, { role: 'admin', workspaceId });
  });

  async function newWorkspace(): Promise<number> {
    const answer = await askJson(server, 'POST', '/api/workspaces', owner, { name: 'Northwind' });
    expect(answer.status, answer.text).to.equal(201);
    return (answer.json as { id: number }).id;
  }

  const member = (): string => `/api/workspaces/${workspaceId}/members/${ada.id}`;
  const call = async (method: string, path: string, body?: unknown): Promise<void> => {
    const answer = await askJson(server, method, path, owner, body);
    expect(answer.status, `${method} ${path}: ${answer.text}`).to.be.oneOf([200, 204]);
  };
  const artifacts = async (): Promise<number> => {
    const { rows } = await pool.query(
      'SELECT count(*)::int AS n FROM oauth_artifacts WHERE client_id = $1 AND grant_id IS NOT NULL',
      [app.clientId],
    );
    return rows[0].n;
  };

  async function expectEnded(tokens: Tokens): Promise<void> {
    expect(await verdict(server, tokens.access_token, 'posts:read')).to.equal(401);
    const answer = await refresh(server, app, tokens.refresh_token);
    expect(answer.status, answer.text).to.be.oneOf([400, 401]);
    const info = await ask(server, '/oauth/userinfo', { headers: { Authorization: `Bearer ${tokens.access_token}` } });
    expect(info.status).to.equal(401);
    expect(await artifacts(), 'nothing is left behind').to.equal(0);
  }

  it('shrinks with the person’s role, at once, and grows with it again', async () => {
    const { access_token: token } = await letIn(app, ada, 'posts:read posts:delete');
    expect(await verdict(server, token, 'posts:delete')).to.equal(200);
    await call('PATCH', member(), { role: 'member' });
    expect(await verdict(server, token, 'posts:delete')).to.equal(403);
    expect(await verdict(server, token, 'posts:read')).to.equal(200);
    await call('PATCH', member(), { role: 'admin' });
    expect(await verdict(server, token, 'posts:delete')).to.equal(200);
  });

  it('ends when the person leaves the workspace', async () => {
    const tokens = await letIn(app, ada, 'openid posts:read');
    await call('DELETE', member());
    await expectEnded(tokens);
  });

  it('ends when the person is disabled', async () => {
    const tokens = await letIn(app, ada, 'openid posts:read');
    await call('POST', `/api/users/${ada.id}/disable`);
    await expectEnded(tokens);
  });

  it('ends when the client is deleted, the consent and the session with it included', async () => {
    const tokens = await letIn(app, ada, 'openid posts:read');
    await call('DELETE', `/api/clients/${app.clientId}`);
    await expectEnded(tokens);
    const { rows } = await pool.query('SELECT 1 FROM oauth_grants WHERE client_id = $1', [app.clientId]);
    expect(rows).to.deep.equal([]);
    expect((await ada.browser.get('/')).text).to.include(ada.email);
  });

  it('pauses while the workspace is suspended', async () => {
    const tokens = await letIn(app, ada, 'posts:read');
    await call('POST', `/api/workspaces/${workspaceId}/suspend`);
    expect(await verdict(server, tokens.access_token, 'posts:read')).to.equal(403);
    await call('POST', `/api/workspaces/${workspaceId}/resume`);
    expect(await verdict(server, tokens.access_token, 'posts:read')).to.equal(200);
  });

  it('shrinks with the client’s ceiling, at once and in what is refreshed', async () => {
    const tokens = await letIn(app, ada, 'posts:read posts:write');
    await call('PATCH', `/api/clients/${app.clientId}`, { scope: 'posts:read' });
    expect(await verdict(server, tokens.access_token, 'posts:write')).to.equal(403);
    expect(await verdict(server, tokens.access_token, 'posts:read')).to.equal(200);
    const answer = await refresh(server, app, tokens.refresh_token);
    expect(answer.json).to.include({ scope: 'posts:read' });
    await call('PATCH', `/api/clients/${app.clientId}`, { scope: '' });
    const next = await refresh(server, app, (answer.json as { refresh_token: string }).refresh_token);
    expect(next.status, next.text).to.be.oneOf([200, 400]);
    expect(await verdict(server, (next.json as { access_token: string }).access_token, 'posts:read')).to.equal(403);
  });

  it('ends before it has begun: a code is worth nothing after the person, the membership or the client is gone', async () => {
    const ends = [
      () => call('POST', `/api/users/${ada.id}/disable`),
      () => call('DELETE', member()),
      () => call('DELETE', `/api/clients/${app.clientId}`),
    ];
    for (const end of ends) {
      app = await registerApp(server, owner);
      ada = await newPerson(server, owner, { workspaceId });
      const flow = await beginFlow(app, 'posts:read');
      const at = await ada.authorize(flow.url);
      await end();
      const answer = await redeem(server, app, flow, at);
      expect(answer.status, answer.text).to.be.oneOf([400, 401]);
      expect(answer.json).to.have.property('error').that.is.oneOf(['invalid_grant', 'invalid_client']);
    }
  });

  describe('in one of several workspaces', () => {
    let second: number;
    beforeEach(async () => {
      second = await newWorkspace();
      const answer = await askJson(server, 'POST', `/api/workspaces/${second}/members`, owner, {
        user_id: ada.id,
        role: 'member',
      });
      expect(answer.status, answer.text).to.equal(201);
    });

    async function workspaceOf(token: string): Promise<string | null> {
      const answer = await ask(server, '/verify?scope=posts:read', { headers: { Authorization: `Bearer ${token}` } });
      expect(answer.status, answer.text).to.equal(200);
      return answer.headers.get('X-Auth-Workspace');
    }

    it('is the one that the person picked, with the role there', async () => {
      const texts: string[] = [];
      const onPage = ({ text }: { text: string }): number => texts.push(text);
      const tokens = await letIn(app, ada, 'posts:*', {}, { workspaceId: second, onPage });
      expect(texts.at(-1)).to.include('<select id="workspace_id"');
      expect(await workspaceOf(tokens.access_token)).to.equal(String(second));
      expect(await verdict(server, tokens.access_token, 'posts:delete')).to.equal(403);
      const refreshed = await refresh(server, app, tokens.refresh_token);
      expect(await workspaceOf((refreshed.json as { access_token: string }).access_token)).to.equal(String(second));
    });

    it('stays the one that was picked when more is asked for, unless another is picked', async () => {
      await letIn(app, ada, 'posts:read', {}, { workspaceId: second });
      const texts: string[] = [];
      const onPage = ({ text }: { text: string }): number => texts.push(text);
      const flow = await beginFlow(app, 'posts:read categories:read');
      const more = await finishFlow(app, flow, await ada.authorize(flow.url, { workspaceId: second, onPage }));
      expect(texts).to.have.length(1);
      expect(texts[0]).to.match(new RegExp(`<option value="${second}" selected`));
      expect(await workspaceOf(more.access_token)).to.equal(String(second));
    });

    it('does not reach from one into the other', async () => {
      const first = await letIn(app, ada, 'posts:read posts:delete', {}, { workspaceId });
      const other = await letIn(app, ada, 'posts:read', { prompt: 'consent' }, { workspaceId: second });
      expect(await workspaceOf(first.access_token)).to.equal(String(workspaceId));
      expect(await workspaceOf(other.access_token)).to.equal(String(second));
      await call('DELETE', `/api/workspaces/${second}/members/${ada.id}`);
      expect(await verdict(server, other.access_token, 'posts:read')).to.equal(401);
      expect(await verdict(server, first.access_token, 'posts:read')).to.equal(200);
    });

    it('is the session’s for a first-party app, and what it has elsewhere stays there', async () => {
      const ours = await registerApp(server, owner, { first_party: true });
      const one = await letIn(ours, ada, 'openid posts:read');
      const home = await workspaceOf(one.access_token);
      await pool.query('UPDATE sessions SET workspace_id = $2 WHERE user_id = $1', [
        ada.id,
        home === String(second) ? workspaceId : second,
      ]);
      const two = await letIn(ours, ada, 'openid posts:read categories:read');
      expect(await workspaceOf(two.access_token)).to.not.equal(home);
      expect(await workspaceOf(one.access_token)).to.equal(home);
    });
  });

  describe('is remembered', () => {
    async function pagesOf(scope: string, more: Record<string, string> = {}): Promise<string[]> {
      const seen: string[] = [];
      const flow = await beginFlow(app, scope, more);
      const onPage = ({ path, text }: { path: string; text: string }): void => {
        seen.push(path.endsWith('/sign-in') ? 'sign-in' : text);
      };
      await finishFlow(app, flow, await ada.authorize(flow.url, { onPage }));
      return seen;
    }

    it('with what a wildcard covers: posts:read is not asked for after posts:*', async () => {
      await letIn(app, ada, 'posts:*');
      expect(await pagesOf('posts:read')).to.deep.equal([]);
      expect(await pagesOf('posts:write posts:delete')).to.deep.equal([]);
    });

    it('but not upwards: posts:* is asked for after posts:read, and shown in words', async () => {
      await letIn(app, ada, 'posts:read');
      const [page] = await pagesOf('posts:*');
      expect(page).to.include('Everything in “posts”').and.include('Delete posts');
    });

    it('and asked again as a whole when the app says prompt=consent', async () => {
      await letIn(app, ada, 'posts:read categories:read');
      const [page] = await pagesOf('posts:read categories:read', { prompt: 'consent' });
      expect(page).to.include('Read blog posts').and.include('Read categories');
    });

    it('in families that live and die apart: two devices share the consent, not the tokens', async () => {
      const phone = await letIn(app, ada, 'posts:read');
      const laptop = await letIn(app, ada, 'posts:read');
      await refresh(server, app, phone.refresh_token);
      await pool.query(
        "UPDATE oauth_artifacts SET consumed_at = now() - interval '11 seconds' WHERE consumed_at IS NOT NULL",
      );
      expect((await refresh(server, app, phone.refresh_token)).json).to.include({ error: 'invalid_grant' });
      expect(await verdict(server, phone.access_token, 'posts:read')).to.equal(401);
      expect(await verdict(server, laptop.access_token, 'posts:read')).to.equal(200);
      expect((await refresh(server, app, laptop.refresh_token)).status).to.equal(200);
      expect(await pagesOf('posts:read')).to.deep.equal([]);
    });
  });
});
