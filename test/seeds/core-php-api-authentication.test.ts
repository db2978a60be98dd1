import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { beginFlow, callback, newPerson, registerApp } from '../support/app-under-test.ts';
import { type Answer, ask, askJson, registerMachine } from '../support/ask.ts';
import { pageProgram } from '../support/page-program.ts';
import { administrator, person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { almightyToken, letExpire, makeKey, makeToken, readsPosts, signInForToken, writesPosts } from './asking.ts';

describe('001 API Authentication (Core PHP Framework): tokens, sessions, OAuth and scopes', () => {
  let server: TestServer;
  let owner: string;

  before(async () => {
    server = await startServer();
    owner = await almightyToken(server);
    await server.composed.installation.database.pool.query("UPDATE workspaces SET rate_limit_tier = 'enterprise'");
  });
  after(() => server.stop());

  const postToken = (fields: Readonly<Record<string, string>>): Promise<Answer> =>
    ask(server, '/oauth/token', { method: 'POST', body: new URLSearchParams(fields) });

  it('001 Sanctum tokens: createToken(name, abilities), used as Bearer 1|…', async () => {
    const { id, secret } = await makeToken(server, owner, {
      name: 'mobile-app',
      abilities: ['posts:read', 'posts:write'],
    });
    expect(secret.startsWith(`${id}|`)).to.equal(true);
    expect(await readsPosts(server, secret)).to.equal(200);
    expect(await writesPosts(server, secret)).to.equal(201);
  });

  it('001 Sanctum tokens: tokenCan', async () => {
    const { secret } = await makeToken(server, owner, { name: 'x', abilities: ['posts:read'] });
    const ok = async (scope: string): Promise<unknown> => {
      const answer = await askJson(server, 'POST', '/api/verify', owner, { credential: secret, scopes: [scope] });
      return (answer.json as { allowed: unknown }).allowed;
    };
    expect([await ok('posts:read'), await ok('posts:write')]).to.deep.equal([true, false]);
  });

  it('001 Session authentication: curl logs in with -c cookies.txt and reads with -b cookies.txt', async function () {
    if (!hasCurl()) return this.skip();
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
    const jar = join(folder, 'cookies.txt');
    // Not synchronously: the server is in this process.
    const curl = async (...parameters: string[]): Promise<string> =>
      (await promisify(execFile)('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', ...parameters])).stdout;
    try {
      const json = ['-H', 'Content-Type: application/json', '-d', JSON.stringify(administrator(server))];
      expect(await curl('-X', 'POST', `${server.url}/login`, ...json, '-c', jar)).to.equal('200');
      expect(await curl(`${server.url}/v1/posts`, '-b', jar)).to.equal('200');
      expect(await curl(`${server.url}/v1/posts`)).to.equal('401');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('001 Session authentication: the session as a Cookie header', async () => {
    const page = pageProgram(server);
    await page.signIn();
    const Cookie = `latchkey_session=${page.cookies.get('latchkey_session')}`;
    expect((await ask(server, '/v1/posts', { headers: { Cookie } })).status).to.equal(200);
  });

  it('001 OAuth 2.0: authorization code grant, with the client secret in the body', async () => {
    const app = await registerApp(server, owner, { token_endpoint_auth_method: 'client_secret_post' });
    const flow = await beginFlow(app, 'posts:read posts:write');
    const at = await person(server, await newPerson(server, owner)).authorize(flow.url);
    const fields = {
      grant_type: 'authorization_code',
      client_id: app.clientId,
      client_secret: app.clientSecret,
      code: at.searchParams.get('code') ?? '',
      redirect_uri: callback,
      code_verifier: flow.verifier,
    };
    expect((await postToken({ ...fields, client_secret: 'wrong' })).status).to.equal(401);
    const answer = await postToken(fields);
    expect(answer.status, answer.text).to.equal(200);
    const tokens = answer.json as Record<string, string>;
    expect(tokens).to.include({ token_type: 'Bearer', scope: 'posts:read posts:write' });
    expect(await readsPosts(server, tokens.access_token ?? '')).to.equal(200);
    expect(await writesPosts(server, tokens.access_token ?? '')).to.equal(201);
    expect((await askJson(server, 'DELETE', '/v1/posts/1', tokens.access_token ?? '')).status).to.equal(403);
    expect((await postToken(fields)).json, 'a code works once').to.include({ error: 'invalid_grant' });
  });

  it('001 OAuth 2.0: client credentials grant, with the client secret in the body', async () => {
    const { clientId, clientSecret } = await registerMachine(server, owner, 'posts:read posts:write');
    const answer = await postToken({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope: 'posts:read',
    });
    expect(answer.status, answer.text).to.equal(200);
    const { access_token: token = '' } = answer.json as Record<string, string>;
    expect(await readsPosts(server, token)).to.equal(200);
    expect(await writesPosts(server, token)).to.equal(403);
  });

  for (const scope of [
    'posts:read',
    'posts:write',
    'posts:delete',
    'categories:read',
    'categories:write',
    'analytics:read',
    'webhooks:manage',
    'keys:manage',
    'admin:*',
  ]) {
    it(`001 Scopes: ${scope} is there to be granted and checked`, async () => {
      const { secret } = await makeKey(server, owner, { scopes: [scope] });
      const verdict = async (wanted: string): Promise<number> =>
        (await askJson(server, 'GET', `/verify?scope=${wanted}`, secret)).status;
      expect(await verdict(scope.replace('*', 'users'))).to.equal(200);
      expect(await verdict(scope === 'posts:read' ? 'posts:write' : 'posts:read')).to.equal(403);
    });
  }

  it('001 Scope enforcement: a route is protected by its scope', async () => {
    const { secret } = await makeKey(server, owner, { scopes: ['posts:write'] });
    expect(await writesPosts(server, secret)).to.equal(201);
    expect(await readsPosts(server, secret)).to.equal(403);
  });

  for (const [wildcard, covered, others] of [
    ['posts:*', ['posts:read', 'posts:write', 'posts:delete'], ['categories:read', 'analytics:read']],
    ['*:read', ['posts:read', 'categories:read', 'analytics:read'], ['posts:write', 'keys:manage']],
    ['*', ['posts:read', 'posts:delete', 'webhooks:manage', 'keys:manage', 'admin:users'], []],
  ] as const) {
    it(`001 Wildcard scopes: ${wildcard}`, async () => {
      const { secret } = await makeKey(server, owner, { scopes: [wildcard] });
      for (const [scopes, status] of [
        [covered, 200],
        [others, 403],
      ] as const) {
        for (const scope of scopes) {
          expect((await askJson(server, 'GET', `/verify?scope=${scope}`, secret)).status, scope).to.equal(status);
        }
      }
    });
  }

  it('001 Authentication errors: 401, literally, for every cause', async () => {
    const expired = await makeKey(server, owner, { scopes: ['posts:read'] });
    await letExpire(server, expired.id);
    const revoked = await makeKey(server, owner, { scopes: ['posts:read'] });
    await askJson(server, 'DELETE', `/api/keys/${revoked.id}?confirm=Mobile%20App`, owner);
    const causes: Readonly<Record<string, Record<string, string>>> = {
      'No Authorization header': {},
      'Invalid API key': { Authorization: 'Bearer sk_live_EXAMPLE_KEY_REPLACE_ME' },
      'Expired token': { Authorization: `Bearer ${expired.secret}` },
      'Revoked credentials': { Authorization: `Bearer ${revoked.secret}` },
    };
    for (const [cause, headers] of Object.entries(causes)) {
      const answer = await ask(server, '/v1/posts', { headers });
      expect(answer.status, cause).to.equal(401);
      expect(answer.text, cause).to.equal('{"message":"Unauthenticated."}');
    }
  });

  it('001 Authentication errors: 403, literally, for a missing scope', async () => {
    const { secret } = await makeKey(server, owner, { scopes: ['posts:read'] });
    const answer = await askJson(server, 'POST', '/v1/posts', secret, { title: 'x' });
    expect(answer.status).to.equal(403);
    expect(answer.json).to.deep.equal({
      message: 'This action is unauthorized.',
      required_scope: 'posts:write',
      provided_scopes: ['posts:read'],
    });
  });

  it('001 Authentication errors: 403 for a suspended workspace', async () => {
    const made = await askJson(server, 'POST', '/api/workspaces', owner, { name: 'Suspended' });
    const { id } = made.json as { id: number };
    const { secret } = await makeKey(server, owner, { workspace_id: id, scopes: ['posts:read'] });
    expect(await readsPosts(server, secret)).to.equal(200);
    expect((await askJson(server, 'POST', `/api/workspaces/${id}/suspend`, owner)).status).to.equal(200);
    const answer = await askJson(server, 'GET', '/v1/posts', secret);
    expect(answer.status).to.equal(403);
    expect(answer.json).to.deep.equal({ message: 'Workspace suspended.' });
    await askJson(server, 'POST', `/api/workspaces/${id}/resume`, owner);
    expect(await readsPosts(server, secret)).to.equal(200);
  });

  it("001 Authentication errors: access to somebody else's resource is denied without saying that it is there", async () => {
    const { id } = await makeToken(server, owner, { name: 'x' });
    const signedIn = await signInForToken(server, { scopes: ['tokens:manage'] }, await newPerson(server, owner));
    const { token } = signedIn.json as { token: string };
    expect((await askJson(server, 'DELETE', `/api/tokens/${id}`, token)).status).to.equal(404);
    expect((await askJson(server, 'DELETE', '/api/tokens/999999', token)).status).to.equal(404);
  });
});

function hasCurl(): boolean {
  return spawnSync('curl', ['--version'], { stdio: 'ignore' }).status === 0;
}
