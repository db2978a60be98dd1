import { expect } from 'chai';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import {
  almightyMachine,
  clientToken,
  type MachineLogin,
  startServer,
  type TestServer,
} from '../support/start-server.ts';

describe('a server that gets in by client credentials', () => {
  let server: TestServer;
  let login: MachineLogin;

  before(async () => {
    server = await startServer();
    login = await almightyMachine(server);
  });
  after(() => server.stop());

  it('discovers the server, gets an oct_ token and is verified, with openid-client', async () => {
    const config = await openid.discovery(
      new URL(server.issuer),
      login.clientId,
      undefined,
      openid.ClientSecretBasic(login.clientSecret),
      { execute: [openid.allowInsecureRequests] },
    );
    const tokens = await openid.clientCredentialsGrant(config, { scope: 'posts:read' });
    expect(tokens.access_token).to.match(/^oct_[A-Za-z0-9_-]{43}$/);
    expect(tokens.scope).to.equal('posts:read');

    const verified = await fetch(`${server.url}/verify?scope=posts:read`, {
      headers: { Authorization: `Bearer ${tokens.access_token}` },
    });
    expect(verified.status).to.equal(200);
    expect(verified.headers.get('X-Auth-Subject')).to.equal(login.clientId);
    expect(verified.headers.get('X-Auth-Scopes')).to.equal('posts:read');
  });

  it('discovers the server by RFC 8414 and posts its secret in the body, with oauth4webapi', async () => {
    const issuer = new URL(server.issuer);
    const options = { [oauth.allowInsecureRequests]: true, algorithm: 'oauth2' as const };
    const metadata = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options));
    const client: oauth.Client = { client_id: login.clientId };
    const answer = await oauth.clientCredentialsGrantRequest(
      metadata,
      client,
      oauth.ClientSecretPost(login.clientSecret),
      { scope: 'posts:read categories:read' },
      { [oauth.allowInsecureRequests]: true },
    );
    const tokens = await oauth.processClientCredentialsResponse(metadata, client, answer);
    expect(tokens.token_type).to.equal('bearer');
    expect(tokens.scope).to.equal('posts:read categories:read');
  });

  it('reads posts, and is told what is missing when it writes without the scope', async () => {
    const token = await clientToken(server, login, 'posts:read');
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const read = await fetch(`${server.url}/v1/posts`, { headers });
    expect(read.status).to.equal(200);
    const written = await fetch(`${server.url}/v1/posts`, { method: 'POST', headers, body: '{"title":"x"}' });
    expect(written.status).to.equal(403);
    expect(await written.json()).to.deep.equal({
      message: 'This action is unauthorized.',
      required_scope: 'posts:write',
      provided_scopes: ['posts:read'],
    });
  });
});
