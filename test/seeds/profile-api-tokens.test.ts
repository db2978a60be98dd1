import { expect } from 'chai';
import { newPerson } from '../support/app-under-test.ts';
import { type Answer, askJson } from '../support/ask.ts';
import { type PageProgram, pageProgram } from '../support/page-program.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { almightyToken, readsPosts } from './asking.ts';

describe('003 API Tokens (profile)', () => {
  let server: TestServer;
  let owner: string;
  let page: PageProgram;
  let password: string;

  before(async () => {
    server = await startServer();
    owner = await almightyToken(server);
    const somebody = await newPerson(server, owner);
    password = somebody.password;
    page = pageProgram(server);
    await page.signIn(somebody);
  });
  after(() => server.stop());

  const create = (body: unknown): Promise<Answer> => page.send('POST', '/api/tokens', body);
  const fieldsAtFault = ({ json }: Answer): string[] => Object.keys((json as { errors: object }).errors);

  it('003 API Tokens: a signed-in person creates a token with a name and abilities', async () => {
    const answer = await create({ name: 'Laptop', abilities: ['posts:read', 'posts:write'] });
    expect(answer.status).to.equal(201);
    expect(answer.json).to.deep.include({ name: 'Laptop', scopes: ['posts:read', 'posts:write'] });
    expect(await readsPosts(server, String((answer.json as { token: string }).token))).to.equal(200);
  });

  it('003 API Tokens: the name is required and has at most 255 characters', async () => {
    for (const body of [{}, { name: '' }, { name: 'x'.repeat(256) }, { name: 1 }]) {
      const answer = await create(body);
      expect(answer.status, JSON.stringify(body).slice(0, 20)).to.equal(422);
      expect(fieldsAtFault(answer)).to.deep.equal(['name']);
    }
    expect((await create({ name: 'x'.repeat(255) })).status).to.equal(201);
  });

  it('003 API Tokens: abilities are an array of strings', async () => {
    for (const [abilities, field] of [
      ['posts:read', 'abilities'],
      [[1], 'abilities.0'],
    ] as const) {
      const answer = await create({ name: 'x', abilities });
      expect(answer.status).to.equal(422);
      expect(fieldsAtFault(answer)).to.deep.equal([field]);
    }
  });

  it('003 API Tokens: without abilities a token gets the defaults, never everything', async () => {
    expect((await create({ name: 'x' })).json).to.deep.include({ scopes: ['posts:read'] });
  });

  it('003 API Tokens: the plain text is shown once and never again', async () => {
    const answer = await create({ name: 'Once' });
    expect(answer.headers.get('Cache-Control')).to.equal('no-store');
    const { token } = answer.json as { token: string };
    const list = await page.send('GET', '/api/tokens');
    expect(list.status).to.equal(200);
    expect(list.text).to.include('"Once"');
    expect(list.text).to.not.include(token.slice(token.indexOf('|') + 5));
    const { rows } = await server.composed.installation.database.pool.query('SELECT * FROM credentials');
    expect(JSON.stringify(rows)).to.not.include(token.slice(token.indexOf('|') + 1));
  });

  it('003 API Tokens: delete one by its id, only one of your own', async () => {
    const { id, token } = (await create({ name: 'x' })).json as { id: number; token: string };
    expect((await askJson(server, 'DELETE', `/api/tokens/${id}`, owner)).status, 'somebody else').to.equal(404);
    expect((await page.send('DELETE', `/api/tokens/${id}`)).status).to.equal(204);
    expect(await readsPosts(server, token)).to.equal(401);
    expect((await page.send('DELETE', `/api/tokens/${id}`)).status).to.equal(404);
  });

  it('003 API Tokens: revoke all needs the current password', async () => {
    const { token } = (await create({ name: 'x' })).json as { token: string };
    for (const body of [{}, { password: '' }, { password: 'wrong' }]) {
      const refused = await page.send('DELETE', '/api/tokens', body);
      expect(refused.status).to.equal(422);
      expect(fieldsAtFault(refused)).to.deep.equal(['password']);
    }
    expect(await readsPosts(server, token)).to.equal(200);
    expect((await page.send('DELETE', '/api/tokens', { password })).status).to.equal(204);
    expect(await readsPosts(server, token)).to.equal(401);
    expect((await page.send('GET', '/api/tokens')).json).to.deep.include({ data: [] });
    expect(await readsPosts(server, owner), "somebody else's").to.equal(200);
  });
});
