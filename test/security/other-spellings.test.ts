import { expect } from 'chai';
import { isFirstPartyOrigin } from '../../src/http/first-party.ts';
import { reports, scopesFileWithReports, verdict } from '../support/app-under-test.ts';
import { ask, askJson, askToken, registerMachine } from '../support/ask.ts';
import { commandLineToken, startServer, type TestServer } from '../support/start-server.ts';

describe('another spelling', () => {
  let server: TestServer;
  let almighty: string;

  before(async () => {
    server = await startServer({ SCOPES_FILE: await scopesFileWithReports() });
    almighty = await commandLineToken(server);
  });
  after(() => server.stop());

  it('of a path leads nowhere, so that nothing is done around what watches the path', async () => {
    const denied = await askJson(server, 'POST', '/api/keys', almighty, { name: 'x', scopes: ['posts:read'] });
    const { key } = denied.json as { key: string };
    for (const path of ['/API/audit', '/Api/audit', '/api/AUDIT', '/V1/posts', '/LOGIN', '/Auth/login']) {
      expect((await ask(server, path, { headers: { Authorization: `Bearer ${key}` } })).status, path).to.equal(404);
    }
  });

  it('of an endpoint of the protocol leads nowhere either', async () => {
    const machine = await registerMachine(server, almighty, 'posts:read');
    const authorization = `Basic ${btoa(`${machine.clientId}:${machine.clientSecret}`)}`;
    const body = 'grant_type=client_credentials&scope=posts:read';
    const headers = { Authorization: authorization, 'Content-Type': 'application/x-www-form-urlencoded' };
    expect((await ask(server, '/oauth/token', { method: 'POST', headers, body })).status).to.equal(200);
    for (const path of ['/oauth/TOKEN', '/oauth/token/', '/oauth/Introspect', '/oauth/revoke/', '/oauth/PAR']) {
      expect((await ask(server, path, { method: 'POST', headers, body })).status, path).to.equal(404);
    }
  });

  it('of an audience is no audience: nothing that can be written means all of them', async () => {
    const machine = await registerMachine(server, almighty, 'analytics:read');
    const granted = await askToken(server, machine, {
      grant_type: 'client_credentials',
      resource: reports,
      scope: 'analytics:read',
    });
    const { access_token: token = '' } = granted.json as { access_token?: string };
    expect(await verdict(server, token, 'analytics:read', reports)).to.equal(200);
    for (const audience of ['any', '*', 'Symbol(any audience)', `${reports}/`, reports.toUpperCase()]) {
      expect(await verdict(server, token, 'analytics:read', audience), audience).to.equal(401);
    }
  });

  it('of a first-party origin, in clear, is foreign to a server that speaks https', () => {
    const statefulDomains = ['app.example.com', 'localhost:5173'];
    const isOurs = (issuer: string, origin: string): boolean => isFirstPartyOrigin({ issuer, statefulDomains }, origin);
    expect(isOurs('https://login.example.com', 'https://app.example.com')).to.equal(true);
    expect(isOurs('https://login.example.com', 'http://app.example.com')).to.equal(false);
    expect(isOurs('https://login.example.com', 'http://localhost:5173')).to.equal(true);
    expect(isOurs('http://localhost:3000', 'http://app.example.com')).to.equal(true);
  });
});
