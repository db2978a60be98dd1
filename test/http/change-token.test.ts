import { expect } from 'chai';
import { type Answer, ask, askJson, ownerToken } from '../support/ask.ts';
import { administrator } from '../support/person.ts';
import { type SignedIn, signedIn } from '../support/signed-in.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

interface Token {
  readonly id: number;
  readonly token: string;
  readonly name: string;
  readonly scopes: readonly string[];
}

const ACCOUNT = { email: 'ada@example.com', password: 'a quiet river in the north' };

describe('PATCH /api/tokens/{id}', () => {
  let server: TestServer;
  let owner: SignedIn;
  let ada: SignedIn;
  let adaId: number;
  let program: string;

  before(async () => {
    server = await startServer();
    program = await ownerToken(server);
    const created = await askJson(server, 'POST', '/api/users', program, { ...ACCOUNT, name: 'Ada', role: 'owner' });
    adaId = (created.json as { id: number }).id;
    owner = await signedIn(server, administrator(server));
    ada = await signedIn(server, ACCOUNT);
  });
  after(() => server.stop());

  async function make(scopes: readonly string[], by = ada): Promise<Token> {
    const answer = await by.ask('POST', '/api/tokens', { name: 'laptop', scopes });
    expect(answer.status, answer.text).to.equal(201);
    return answer.json as Token;
  }
  const change = ({ id }: Pick<Token, 'id'>, body: unknown, by = ada): Promise<Answer> =>
    by.ask('PATCH', `/api/tokens/${id}`, body);
  const may = async ({ token }: Token, scope: string): Promise<number> =>
    (await ask(server, `/verify?scope=${scope}`, { headers: { Authorization: `Bearer ${token}` } })).status;
  function faults(answer: Answer): readonly string[] {
    expect(answer.status, answer.text).to.equal(422);
    return (answer.json as { errors: { scopes: string[] } }).errors.scopes;
  }

  it('renames a token, and takes scopes from it at once', async () => {
    const token = await make(['posts:*', 'categories:read']);
    const renamed = await change(token, { name: ' desk ' });
    expect(renamed.status, renamed.text).to.equal(200);
    expect(renamed.json).to.include({ id: token.id, name: 'desk' });
    expect(renamed.json).to.not.have.property('token');
    expect(await may(token, 'posts:write')).to.equal(200);
    const narrowed = await change(token, { scopes: ['posts:read', 'posts:read'] });
    expect((narrowed.json as Token).scopes).to.deep.equal(['posts:read']);
    expect((narrowed.json as Token).name).to.equal('desk');
    expect([await may(token, 'posts:read'), await may(token, 'posts:write')]).to.deep.equal([200, 403]);
  });

  it('gives back nothing that was taken, when two take from it at the same moment', async () => {
    for (let tries = 0; tries < 10; tries += 1) {
      const token = await make(['posts:*', 'categories:read', 'analytics:read']);
      const halves = [['posts:read'], ['categories:read', 'analytics:read']];
      const answers = await Promise.all(halves.map((scopes) => change(token, { scopes })));
      const statuses = answers.map(({ status }) => status);
      // Either they were at the same moment, or the second one would have widened it.
      expect(
        statuses.filter((status) => status === 200),
        String(statuses),
      ).to.have.lengthOf(1);
      expect(statuses.find((status) => status !== 200)).to.be.oneOf([409, 422]);
      const { scopes } = (await ada.ask('GET', `/api/tokens/${token.id}`)).json as Token;
      expect(scopes).to.deep.equal(halves[statuses.indexOf(200)]);
    }
  });

  it('never widens one, whatever the person holds, and judges wildcards by their form', async () => {
    const token = await make(['posts:*', 'categories:read']);
    const wider = [['posts:read', 'analytics:read'], ['*'], ['*:read'], ['*:*'], ['categories:*']];
    for (const scopes of wider) {
      const sentences = faults(await change(token, { scopes }));
      expect(sentences, scopes.join()).to.have.length(1);
      expect(sentences[0]).to.include('make a new token for that');
    }
    expect((await change(token, { scopes: ['posts:*'] })).status).to.equal(200);
    expect(faults(await change(token, { scopes: ['categories:read'] }))).to.have.length(1);
    const plain = await make(['posts:read', 'posts:write']);
    expect(faults(await change(plain, { scopes: ['posts:*'] })), 'the same today is more tomorrow').to.have.length(1);
  });

  it('leaves at least one scope, and none that does not exist', async () => {
    const token = await make(['*']);
    expect(faults(await change(token, { scopes: [] }))).to.have.length(1);
    expect(faults(await change(token, { scopes: ['posts:invented'] }))).to.have.length(1);
    expect(faults(await change(token, { scopes: ['*', 'Not a scope'] }))).to.have.length(1);
    for (const body of [{ expires_at: null }, { workspace_id: 1 }, { user_id: 1 }, { rate_limit_tier: 'pro' }]) {
      expect((await change(token, body)).status, JSON.stringify(body)).to.equal(422);
    }
  });

  it('gives back nothing that the role of the person no longer holds', async () => {
    const token = await make(['posts:delete', 'posts:read']);
    const demote = await askJson(server, 'PATCH', `/api/workspaces/1/members/${adaId}`, program, { role: 'member' });
    expect(demote.status, demote.text).to.equal(200);
    try {
      expect(faults(await change(token, { scopes: ['posts:delete'] }))).to.have.length(1);
      expect((await change(token, { scopes: ['posts:read'] })).status).to.equal(200);
    } finally {
      await askJson(server, 'PATCH', `/api/workspaces/1/members/${adaId}`, program, { role: 'owner' });
    }
  });

  it('is nothing that somebody else, a program, or a token without tokens:manage may do', async () => {
    const token = await make(['posts:read', 'posts:write']);
    const body = { scopes: ['posts:read'] };
    expect((await change(token, body, owner)).status).to.equal(404);
    expect((await askJson(server, 'PATCH', `/api/tokens/${token.id}`, program, body)).status).to.equal(403);
    expect((await askJson(server, 'PATCH', `/api/tokens/${token.id}`, token.token, body)).status).to.equal(403);
    const manager = await make(['tokens:manage', 'posts:read']);
    expect((await askJson(server, 'PATCH', `/api/tokens/${token.id}`, manager.token, body)).status).to.equal(200);
    for (const id of ['x', '0', '999999999'])
      expect((await ada.ask('PATCH', `/api/tokens/${id}`, body)).status).to.equal(404);
  });

  it('does not touch a token that has expired or was ended', async () => {
    const token = await make(['posts:read', 'posts:write']);
    const { pool } = server.composed.installation.database;
    await pool.query("UPDATE credentials SET expires_at = now() - interval '1 minute' WHERE id = $1", [token.id]);
    expect((await change(token, { scopes: ['posts:read'] })).status).to.equal(409);
    expect((await ada.ask('DELETE', `/api/tokens/${token.id}`)).status).to.equal(204);
    expect((await change(token, { scopes: ['posts:read'] })).status).to.equal(404);
  });
});
