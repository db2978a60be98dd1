import { expect } from 'chai';
import { type Answer, ask, askJson, basic, ownerToken, registerMachine } from '../support/ask.ts';
import { person } from '../support/person.ts';
import { clientToken, type MachineLogin, startServer, type TestServer } from '../support/start-server.ts';

describe('introspection and revocation of every kind of credential', () => {
  let server: TestServer;
  let owner: string;
  let resourceServer: MachineLogin;

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
    const { json } = await askJson(server, 'POST', '/api/clients', owner, {
      client_name: 'API',
      grant_types: ['client_credentials'],
      resource_server: true,
    });
    const { client_id: clientId, client_secret: clientSecret } = json as Record<string, string>;
    resourceServer = { clientId: clientId ?? '', clientSecret: clientSecret ?? '' };
  });
  after(() => server.stop());

  const post = (path: string, fields: Record<string, string>, authorization?: string): Promise<Answer> =>
    ask(server, path, {
      method: 'POST',
      headers: authorization === undefined ? {} : { Authorization: authorization },
      body: new URLSearchParams(fields),
    });
  const introspect = (token: string, authorization = basic(resourceServer)): Promise<Answer> =>
    post('/oauth/introspect', { token }, authorization);
  const pat = async (): Promise<{ id: number; token: string }> => {
    // Only a person has personal access tokens: the administrator signs in for one.
    const { email, password } = person(server);
    const answer = await ask(server, '/auth/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email, password, scopes: ['posts:read'] }),
    });
    const { token } = answer.json as { token: string };
    return { id: Number(token.split('|')[0]), token };
  };
  const apiKey = async (scopes: readonly string[]): Promise<{ id: number; key: string }> =>
    (await askJson(server, 'POST', '/api/keys', owner, { name: 'Key', scopes })).json as { id: number; key: string };

  it('tells what an API key is', async () => {
    const { key } = await apiKey(['posts:*']);
    const { status, json, headers } = await introspect(key);
    expect(status).to.equal(200);
    expect(headers.get('Cache-Control')).to.equal('no-store');
    expect(json).to.deep.equal({
      active: true,
      scope: 'posts:read posts:write posts:delete',
      credential_type: 'api_key',
      sub: '1',
      sub_type: 'workspace',
      iss: server.issuer,
      token_type: 'Bearer',
      workspace_id: 1,
      environment: 'live',
    });
  });

  it('tells what a personal access token and a session are', async () => {
    const { token } = await pat();
    const { json } = await introspect(token);
    expect(json).to.include({
      active: true,
      credential_type: 'personal_access_token',
      sub_type: 'user',
      scope: 'posts:read',
    });
    expect(json)
      .to.have.property('exp')
      .that.is.greaterThan(Date.now() / 1000);
    const someone = person(server);
    await someone.browser.submit('/login', '/login', { email: someone.email, password: someone.password });
    const session = await introspect(someone.cookie('latchkey_session') ?? '');
    expect(session.json).to.include({ active: true, credential_type: 'session', sub_type: 'user' });
  });

  it('asks a caller whose credential is not good for another one', async () => {
    const { key } = await apiKey(['posts:read']);
    const refused = await introspect(key, 'Bearer nonsense');
    expect(refused.status).to.equal(401);
    expect(refused.json).to.include({ error: 'invalid_token' });
    expect(refused.headers.get('www-authenticate')).to.include('error="invalid_token"');
  });

  it('answers an API key with credentials:introspect, and refuses one without', async () => {
    const { key: subject } = await apiKey(['posts:read']);
    const { key: allowed } = await apiKey(['credentials:introspect']);
    expect((await introspect(subject, `Bearer ${allowed}`)).json).to.include({ active: true });
    expect((await introspect(subject, `Basic ${btoa(`${allowed}:`)}`)).json).to.include({ active: true });
    const refused = await introspect(subject, `Bearer ${subject}`);
    expect(refused.status).to.equal(403);
  });

  it('answers a client that is no resource server about its own tokens only', async () => {
    const machine = await registerMachine(server, owner, 'posts:read');
    const own = await clientToken(server, machine, 'posts:read');
    const { key } = await apiKey(['posts:read']);
    expect((await introspect(own, basic(machine))).json).to.include({ active: true, client_id: machine.clientId });
    expect((await introspect(key, basic(machine))).text).to.equal('{"active":false}');
  });

  it('says the same, to the byte, of everything that is not active', async () => {
    const { id, key } = await apiKey(['posts:read']);
    expect((await askJson(server, 'DELETE', `/api/keys/${id}?confirm=Key`, owner)).status).to.equal(204);
    for (const token of [key, 'nonsense', `oat_${'a'.repeat(43)}`, `${key}x`, 'eyJhbGciOiJub25lIn0.e30.x', '1|lkp_x']) {
      const { status, text } = await introspect(token);
      expect(status, token).to.equal(200);
      expect(text, token).to.equal('{"active":false}');
    }
  });

  it('asks who asks', async () => {
    const { key } = await apiKey(['posts:read']);
    expect((await post('/oauth/introspect', { token: key })).status).to.equal(401);
    const wrong = await introspect(key, basic({ ...resourceServer, clientSecret: 'ocs_wrong' }));
    expect(wrong.status).to.equal(401);
    expect(wrong.json).to.include({ error: 'invalid_client' });
    expect((await ask(server, '/oauth/introspect')).status).to.equal(405);
  });

  it('lets whoever holds a key or a token in full end it, and answers 200 in any case', async () => {
    const { key } = await apiKey(['posts:read']);
    const { token } = await pat();
    for (const held of [key, token]) {
      const works = (): Promise<Answer> =>
        ask(server, '/verify?scope=posts:read', { headers: { Authorization: `Bearer ${held}` } });
      expect((await works()).status).to.equal(200);
      expect((await post('/oauth/revoke', { token: held.slice(0, -1) })).status).to.equal(200);
      expect((await works()).status, 'a part of it ends nothing').to.equal(200);
      const ended = await post('/oauth/revoke', { token: held });
      expect(ended.status).to.equal(200);
      expect(ended.text).to.equal('');
      expect((await works()).status).to.equal(401);
      expect((await post('/oauth/revoke', { token: held })).status).to.equal(200);
    }
  });

  it('leaves another client’s token alone, and says nothing about it', async () => {
    const mine = await registerMachine(server, owner, 'posts:read');
    const other = await registerMachine(server, owner, 'posts:read');
    const token = await clientToken(server, mine, 'posts:read');
    expect((await post('/oauth/revoke', { token }, basic(other))).status).to.equal(200);
    expect((await introspect(token)).json).to.include({ active: true });
    expect((await post('/oauth/revoke', { token }, basic(mine))).status).to.equal(200);
    expect((await introspect(token)).text).to.equal('{"active":false}');
    expect((await post('/oauth/revoke', { token })).status, 'without a client').to.equal(401);
  });
});
