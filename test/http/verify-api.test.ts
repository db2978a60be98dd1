import { expect } from 'chai';
import { type Answer, ask, askJson, basic, ownerToken, registerMachine } from '../support/ask.ts';
import { clientToken, startServer, type TestServer } from '../support/start-server.ts';
import { hourWithRoom } from '../support/window-with-room.ts';

describe('POST /api/verify', () => {
  let server: TestServer;
  let owner: string;
  let token: string;
  let clientId: string;

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
    const machine = await registerMachine(server, owner, 'posts:read posts:write');
    clientId = machine.clientId;
    token = await clientToken(server, machine, 'posts:read');
  });
  after(() => server.stop());

  const verify = (body: unknown, authorization = `Bearer ${owner}`): Promise<Answer> =>
    ask(server, '/api/verify', {
      method: 'POST',
      headers: { Authorization: authorization, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });

  it('answers with everything a resource server needs to know', async () => {
    await hourWithRoom();
    const { status, json: body } = await verify({ credential: token, scopes: ['posts:read'] });
    expect(status).to.equal(200);
    const { rate_limit: rateLimit, credential, ...rest } = body as Record<string, Record<string, unknown>>;
    expect(rest).to.deep.equal({
      allowed: true,
      reason: 'ok',
      subject: { type: 'client', id: clientId },
      workspace_id: 1,
      scopes: ['posts:read'],
    });
    expect(credential).to.include({ type: 'oauth_client_token', environment: null });
    expect(rateLimit).to.include({ tier: 'free', limit: 1000, remaining: 999 });
    expect(rateLimit?.reset).to.equal((Math.floor(Date.now() / 3_600_000) + 1) * 3600);
  });

  it('says what is missing and which rule took it away', async () => {
    const { json: body } = await verify({ credential: token, scopes: ['posts:read', 'posts:write'] });
    expect(body).to.include({ allowed: false, reason: 'insufficient_scope' });
    expect(body).to.have.deep.property('missing', [{ scope: 'posts:write', removed_by: 'grant' }]);
  });

  it('answers a batch in order, as a bare array', async () => {
    const { status, json: body } = await verify([
      { credential: null, scopes: ['posts:read'] },
      { credential: 'nonsense', scopes: ['posts:read'] },
      { credential: `oct_${'a'.repeat(43)}`, scopes: ['posts:read'] },
      { credential: token, scopes: ['posts:read'], cost: 0 },
    ]);
    expect(status).to.equal(200);
    const verdicts = body as unknown as readonly { reason: string }[];
    expect(verdicts.map(({ reason }) => reason)).to.deep.equal(['missing', 'malformed', 'unknown', 'ok']);
  });

  it('counts the cost against the credential verified, all or nothing', async () => {
    await hourWithRoom();
    const remaining = async (cost: number): Promise<unknown> => {
      const { json: body } = await verify({ credential: token, scopes: ['posts:read'], cost });
      return (body as { rate_limit: { remaining: number } }).rate_limit.remaining;
    };
    const before = Number(await remaining(0));
    expect(await remaining(10)).to.equal(before - 10);
    const { json: body } = await verify({ credential: token, scopes: ['posts:read'], cost: 1000 });
    expect(body).to.include({ allowed: false, reason: 'rate_limited' });
    expect(await remaining(0)).to.equal(before - 10);
  });

  it('lets a client ask that is marked as a resource server, by its secret, and nobody else', async () => {
    const registered = await askJson(server, 'POST', '/api/clients', owner, {
      client_name: 'API',
      grant_types: ['client_credentials'],
      resource_server: true,
    });
    const { client_id: id, client_secret: secret } = registered.json as { client_id: string; client_secret: string };
    const question = { credential: token, scopes: ['posts:read'] };
    expect((await verify(question, basic({ clientId: id, clientSecret: secret }))).status).to.equal(200);
    expect((await verify(question, basic({ clientId: id, clientSecret: `${secret}x` }))).status).to.equal(401);
    expect((await verify(question, `Bearer ${token}`)).status).to.equal(403);
    const other = await registerMachine(server, owner, 'posts:read');
    expect((await verify(question, basic(other))).status).to.equal(401);
  });

  for (const [fault, body, field] of [
    ['no scopes', { credential: 'x' }, 'scopes'],
    ['an empty list of scopes', { credential: 'x', scopes: [] }, 'scopes'],
    ['a wildcard', { credential: 'x', scopes: ['posts:*'] }, 'scopes.0'],
    ['a negative cost', { credential: 'x', scopes: ['posts:read'], cost: -1 }, 'cost'],
    ['a field that does not exist', { credential: 'x', scopes: ['posts:read'], scope: 'x' }, 'scope'],
  ] as const) {
    it(`refuses ${fault} and names the field`, async () => {
      const answer = await verify(body);
      expect(answer.status).to.equal(422);
      expect(answer.json).to.have.nested.property('message', 'The given data was invalid.');
      expect(Object.keys((answer.json as { errors: object }).errors)).to.include(field);
    });
  }

  it('refuses more than 100 questions at once', async () => {
    const many = Array.from({ length: 101 }, () => ({ credential: token, scopes: ['posts:read'] }));
    expect((await verify(many)).status).to.equal(422);
  });
});
