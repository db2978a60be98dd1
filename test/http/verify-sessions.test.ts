import { expect } from 'chai';
import { newPerson } from '../support/app-under-test.ts';
import { type Answer, ask, askRaw, ownerToken } from '../support/ask.ts';
import { pageProgram } from '../support/page-program.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

describe('a session at /verify', () => {
  let server: TestServer;
  let cookie: string;

  before(async () => {
    server = await startServer();
    const page = pageProgram(server);
    await page.signIn(await newPerson(server, await ownerToken(server)));
    cookie = `latchkey_session=${page.cookies.get('latchkey_session')}`;
  });
  after(() => server.stop());

  const verify = (headers: Record<string, string>, scope = 'posts:write', method = 'GET'): Promise<Answer> =>
    ask(server, `/verify?scope=${scope}`, { method, headers: { Cookie: cookie, ...headers } });

  it('does not count where nobody says what the original method was', async () => {
    for (const method of ['GET', 'POST']) {
      const answer = await verify({ Origin: server.issuer }, 'posts:read', method);
      expect(answer.status).to.equal(401);
      expect(answer.headers.get('WWW-Authenticate')).to.equal('Bearer realm="latchkey"');
    }
  });

  for (const name of ['X-Forwarded-Method', 'X-Original-Method']) {
    it(`counts for a reading request by ${name}, with what the role allows`, async () => {
      const answer = await verify({ [name]: 'GET' });
      expect(answer.status).to.equal(200);
      expect(answer.headers.get('X-Auth-Subject-Type')).to.equal('user');
      expect(answer.headers.get('X-Auth-Credential-Type')).to.equal('session');
      expect(answer.headers.get('X-Auth-Scopes')?.split(' ')).to.include('posts:write').and.not.include('posts:delete');
      expect((await verify({ [name]: 'GET' }, 'posts:delete')).status).to.equal(403);
    });

    it(`counts for a changing request by ${name} only with an origin of ours`, async () => {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'post', 'PURGE']) {
        expect((await verify({ [name]: method, Origin: server.issuer })).status, method).to.equal(200);
        for (const Origin of ['https://evil.example', 'null', `${server.issuer}.evil.example`]) {
          expect((await verify({ [name]: method, Origin })).status, `${method} ${Origin}`).to.equal(401);
        }
        expect((await verify({ [name]: method })).status, `${method} without`).to.equal(401);
      }
    });

    it(`does not count for a reading request of another site by ${name}`, async () => {
      expect((await verify({ [name]: 'GET', Origin: 'https://evil.example' })).status).to.equal(401);
      expect((await verify({ [name]: 'GET', Origin: 'null' })).status).to.equal(401);
    });
  }

  it('takes the more careful of two methods that contradict each other', async () => {
    expect((await verify({ 'X-Forwarded-Method': 'GET', 'X-Original-Method': 'POST' })).status).to.equal(401);
    expect((await verify({ 'X-Forwarded-Method': 'POST', 'X-Original-Method': 'GET' })).status).to.equal(401);
    expect((await verify({ 'X-Forwarded-Method': 'GET, POST' })).status).to.equal(401);
  });

  it('gives way to an explicit credential, and never helps a bad one', async () => {
    const answer = await verify({ 'X-Forwarded-Method': 'GET', Authorization: 'Bearer nonsense' });
    expect(answer.status).to.equal(401);
    expect(answer.headers.get('WWW-Authenticate')).to.include('invalid_token');
  });

  it('is not seen by a request from another site that the proxy passes on', async () => {
    // As it stands, because the fetch of Node names a mode of its own.
    const statusIn = async (mode: string): Promise<number> => {
      const headers = `Cookie: ${cookie}\r\nX-Forwarded-Method: GET\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: ${mode}`;
      const request = `GET /verify?scope=posts:write HTTP/1.1\r\nHost: x\r\n${headers}\r\nConnection: close\r\n\r\n`;
      return (await askRaw(server, request)).status;
    };
    expect(await statusIn('cors')).to.equal(401);
    expect(await statusIn('no-cors')).to.equal(401);
    expect(await statusIn('navigate'), 'a link').to.equal(200);
  });
});
