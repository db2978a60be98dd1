import { expect } from 'chai';
import { ask, askRaw, basic } from '../support/ask.ts';
import { almightyMachine, startServer, type TestServer } from '../support/start-server.ts';

const FORWARDED = {
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Port': '6666',
  'X-Forwarded-Server': 'evil.example',
  'X-Original-URL': 'https://evil.example/',
  'X-Rewrite-URL': '/evil',
  Forwarded: 'for=1.2.3.4;host=evil.example;proto=https',
};

describe('the host that a request claims', () => {
  let server: TestServer;

  before(async () => {
    server = await startServer();
  });
  after(() => server.stop());

  it('stands in no answer of any route: not in a body, not in a header', async () => {
    const paths = [
      '/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server',
      '/oauth/jwks',
      '/oauth/authorize?client_id=x&response_type=code&redirect_uri=https://a.example/',
      '/oauth/userinfo',
      '/oauth/logout',
      '/api/clients',
      '/api/scopes',
      '/v1/posts',
      '/verify?scope=posts:read',
      '/metrics',
      '/healthz',
      '/readyz',
      '/',
      '/login',
    ];
    for (const path of paths) {
      const { text, headers } = await ask(server, path, { headers: FORWARDED });
      expect(text, path).to.not.match(/evil|:6666/);
      expect(JSON.stringify([...headers]), path).to.not.match(/evil|:6666/);
      const own = await askRaw(server, `GET ${path} HTTP/1.1\r\nHost: evil.example:6666\r\nConnection: close\r\n\r\n`);
      expect(own.head + own.body, path).to.not.match(/evil|:6666/);
    }
  });

  it('gets no token under a foreign name, though the secret is right', async () => {
    const login = await almightyMachine(server);
    const body = 'grant_type=client_credentials&scope=posts:read';
    const { status } = await askRaw(
      server,
      `POST /oauth/token HTTP/1.1\r\nHost: evil.example\r\nAuthorization: ${basic(login)}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    expect(status).to.equal(421);
  });

  it('has no influence through an absolute request target either', async () => {
    const { head, body } = await askRaw(
      server,
      `GET http://evil.example/.well-known/openid-configuration HTTP/1.1\r\nHost: ${new URL(server.issuer).host}\r\nConnection: close\r\n\r\n`,
    );
    expect(head + body).to.not.include('evil');
  });
});
