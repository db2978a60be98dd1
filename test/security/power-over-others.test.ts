import { expect } from 'chai';
import { type Answer, ask, askJson, basic } from '../support/ask.ts';
import { commandLineToken, startServer, type TestServer } from '../support/start-server.ts';

interface Made extends Record<string, unknown> {
  readonly id: number;
  readonly key: string;
  readonly client_id: string;
  readonly client_secret: string;
}

const SOON = '2099-01-01T00:00:00Z';
const LATER = '2099-06-01T00:00:00Z';

describe('who manages what belongs to others', () => {
  let server: TestServer;
  let almighty: string;

  before(async () => {
    server = await startServer();
    almighty = await commandLineToken(server);
  });
  after(() => server.stop());

  async function make(path: string, body: Record<string, unknown>, by = almighty): Promise<Made> {
    const answer = await askJson(server, 'POST', path, by, body);
    expect(answer.status, answer.text).to.equal(201);
    return answer.json as Made;
  }
  const keyWith = async (...scopes: string[]): Promise<string> =>
    (await make('/api/keys', { name: 'Under test', scopes })).key;
  const machine = { client_name: 'Gateway', grant_types: ['client_credentials'] };

  function expectRefusedOn(field: string, answer: Answer): void {
    expect(answer.status, answer.text).to.equal(422);
    expect((answer.json as { errors: object }).errors).to.have.all.keys(field);
  }

  it('by an admin’s role in a workspace does not shut its owner out of what only owners hold', async () => {
    const { id } = await make('/api/workspaces', { name: 'Tenant' });
    const admin = { email: 'admin@tenant.example', password: 'a narrow lane behind it' };
    await make('/api/users', { ...admin, role: 'admin', workspace_id: id });
    const scopes = ['*:*', 'keys:manage', 'tokens:manage', 'webhooks:manage'];
    const signedIn = await ask(server, '/auth/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...admin, scopes, workspace_id: id }),
    });
    const { token } = signedIn.json as { token: string };
    const change = (body: unknown): Promise<Answer> => askJson(server, 'PATCH', `/api/workspaces/${id}`, token, body);
    expect((await change({ name: 'Tenant and sons' })).status).to.equal(200);
    for (const ceiling of [[], ['posts:read'], ['*:*']]) {
      expect((await change({ scopes: ceiling })).status, ceiling.join()).to.equal(403);
    }
  });

  describe('by registering clients, and without credentials:introspect, learns nothing of other credentials:', () => {
    let registrar: string;
    let resourceServer: Made;
    let plain: Made;

    before(async () => {
      registrar = await keyWith('admin:clients');
      resourceServer = await make('/api/clients', { ...machine, resource_server: true });
      plain = await make('/api/clients', machine, registrar);
    });

    const asRegistrar = (method: string, path: string, body: unknown): Promise<Answer> =>
      askJson(server, method, `/api/clients${path}`, registrar, body);

    it('makes no resource server', async () => {
      expectRefusedOn('resource_server', await asRegistrar('POST', '', { ...machine, resource_server: true }));
    });

    it('turns no client into one', async () => {
      expectRefusedOn('resource_server', await asRegistrar('PATCH', `/${plain.client_id}`, { resource_server: true }));
      const asked = await ask(server, '/api/verify', {
        method: 'POST',
        headers: {
          Authorization: basic({ clientId: plain.client_id, clientSecret: plain.client_secret }),
          'Content-Type': 'application/json',
        },
        body: JSON.stringify({ credential: almighty, scopes: ['posts:read'] }),
      });
      expect(asked.status).to.equal(401);
    });

    it('takes none over by a secret of its own or by moving it', async () => {
      const path = `/${resourceServer.client_id}`;
      expectRefusedOn('resource_server', await asRegistrar('POST', `${path}/secrets`, {}));
      expectRefusedOn('resource_server', await asRegistrar('PATCH', path, { client_name: 'Mine' }));
      expectRefusedOn('resource_server', await asRegistrar('PATCH', path, { scope: '' }));
    });

    it('may take the mark away, which gives nobody anything', async () => {
      const { client_id: id } = await make('/api/clients', { ...machine, resource_server: true });
      const answer = await asRegistrar('PATCH', `/${id}`, { resource_server: false });
      expect(answer.status, answer.text).to.equal(200);
    });

    it('makes one when it holds the scope as well', async () => {
      const both = await keyWith('admin:clients', 'credentials:introspect');
      await make('/api/clients', { ...machine, resource_server: true }, both);
    });
  });

  describe('by keys:manage gives no more to a key that may do what they may not:', () => {
    let manager: string;
    let strong: Made;

    before(async () => {
      manager = await keyWith('keys:manage', 'posts:read');
    });
    beforeEach(async () => {
      strong = await make('/api/keys', { name: 'Strong', scopes: ['posts:*'], expires_at: SOON });
    });

    const change = (body: unknown): Promise<Answer> =>
      askJson(server, 'PATCH', `/api/keys/${strong.id}`, manager, body);

    it('no longer life', async () => {
      expectRefusedOn('scopes', await change({ expires_at: LATER }));
      expectRefusedOn('scopes', await change({ expires_at: null }));
    });

    it('no tier of its own', async () => {
      expectRefusedOn('scopes', await change({ rate_limit_tier: 'free' }));
    });

    it('but shortens its life, renames it, and prolongs it with no more than they hold', async () => {
      for (const body of [
        { expires_at: '2098-01-01T00:00:00Z' },
        { name: 'Weak' },
        { expires_at: LATER, scopes: ['posts:read'] },
        { expires_at: null },
      ]) {
        const answer = await change(body);
        expect(answer.status, answer.text).to.equal(200);
      }
    });
  });
});
