import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type Answer, ask, askJson, ownerToken } from '../support/ask.ts';
import { type DatabaseProxy, proxyDatabase } from '../support/database-proxy.ts';
import { administrator } from '../support/person.ts';
import { hasProxy, type ProxyName, type ReverseProxy, startProxy } from '../support/reverse-proxy.ts';
import { startServer, type TestServer, until } from '../support/start-server.ts';
import { freshDatabase } from '../support/test-database.ts';
import { hourWithRoom } from '../support/window-with-room.ts';

/** Which statuses each of them can say. */
const expected: Readonly<
  Record<ProxyName, { readonly limited: number; readonly down: number; readonly gone: number }>
> = {
  nginx: { limited: 403, down: 500, gone: 500 },
  caddy: { limited: 429, down: 503, gone: 502 },
};

for (const name of ['nginx', 'caddy'] as const) {
  describe(`${name} in front of an API, configured as documented`, function () {
    this.timeout(60_000);
    let database: DatabaseProxy;
    let server: TestServer;
    let owner: string;
    let api: Server;
    let proxy: ReverseProxy;
    const arrived: { method: string; headers: IncomingHttpHeaders; body: string }[] = [];

    before(async function () {
      if (!hasProxy(name)) return this.skip();
      database = await proxyDatabase(await freshDatabase());
      server = await startServer({ DATABASE_URL: database.databaseUrl });
      owner = await ownerToken(server);
      api = createServer(async (request, response) => {
        let body = '';
        for await (const chunk of request) body += chunk;
        arrived.push({ method: request.method ?? '', headers: request.headers, body });
        response.end('from the API');
      });
      await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
      const { port } = api.address() as AddressInfo;
      proxy = await startProxy(name, {
        latchkey: new URL(server.url).host.replace('localhost', '127.0.0.1'),
        api: `127.0.0.1:${port}`,
      });
    });
    after(async () => {
      await proxy?.stop();
      api?.closeAllConnections();
      api?.close();
      await server?.stop();
      await database?.close();
    });
    beforeEach(() => {
      arrived.length = 0;
    });

    async function makeKey(scopes: readonly string[]): Promise<{ id: number; key: string }> {
      const answer = await askJson(server, 'POST', '/api/keys', owner, { name: 'Straße', scopes });
      expect(answer.status, answer.text).to.equal(201);
      return answer.json as { id: number; key: string };
    }

    const write = (headers: Record<string, string>, method = 'POST'): Promise<Answer> =>
      ask(proxy, '/posts/1?scope=posts:read', { method, headers, ...(method === 'POST' && { body: 'the body' }) });
    const bearer = (credential: string): Record<string, string> => ({ Authorization: `Bearer ${credential}` });

    it('passes on what is allowed, body and method included, and says who it is instead of the credential', async () => {
      const { id, key } = await makeKey(['posts:write', 'posts:read']);
      const answer = await write(bearer(key));
      expect(answer.status).to.equal(200);
      expect(answer.text).to.equal('from the API');
      expect(arrived).to.have.length(1);
      const [{ method, headers, body } = { method: '', headers: {}, body: '' }] = arrived;
      expect({ method, body }).to.deep.equal({ method: 'POST', body: 'the body' });
      expect(headers).to.include({
        'x-auth-subject-type': 'workspace',
        'x-auth-subject': '1',
        'x-auth-credential-type': 'api_key',
        'x-auth-credential-id': String(id),
        'x-auth-workspace': '1',
        'x-auth-environment': 'live',
        'x-auth-scopes': 'posts:read posts:write',
      });
      expect(headers.authorization).to.equal(undefined);
    });

    it('lets nothing through that the caller says about itself, where the answer is empty either', async () => {
      const { key } = await makeKey(['posts:write']);
      const forged = Object.fromEntries(
        [
          'Subject-Type',
          'Subject',
          'Credential-Type',
          'Credential-Id',
          'Workspace',
          'Client',
          'Environment',
          'Scopes',
        ].map((header) => [`X-Auth-${header}`, 'forged']),
      );
      expect((await write({ ...bearer(key), ...forged })).status).to.equal(200);
      expect(JSON.stringify(arrived[0]?.headers)).to.not.include('forged');
      expect((await write(forged)).status).to.equal(401);
    });

    it('answers 401 and 403 itself, and the API sees nothing of it', async () => {
      const none = await write({});
      expect(none.status).to.equal(401);
      expect(none.headers.get('WWW-Authenticate')).to.equal('Bearer realm="latchkey"');
      expect((await write(bearer('nonsense'))).status).to.equal(401);
      expect((await write(bearer((await makeKey(['posts:read'])).key))).status).to.equal(403);
      expect(arrived).to.deep.equal([]);
    });

    it('refuses a revoked key with the next request', async () => {
      const { id, key } = await makeKey(['posts:write']);
      expect((await write(bearer(key))).status).to.equal(200);
      const path = `/api/keys/${id}?confirm=${encodeURIComponent('Straße')}`;
      expect((await askJson(server, 'DELETE', path, owner)).status).to.equal(204);
      expect((await write(bearer(key))).status).to.equal(401);
    });

    it(`answers ${expected[name].limited} when the limit of the credential is used up`, async () => {
      await hourWithRoom();
      const { key } = await makeKey(['posts:write']);
      const used = await askJson(server, 'POST', '/api/verify', owner, {
        credential: key,
        scopes: ['posts:write'],
        cost: 1000,
      });
      expect(used.json).to.include({ allowed: true });
      const answer = await write(bearer(key));
      expect(answer.status).to.equal(expected[name].limited);
      expect(answer.headers.get('X-RateLimit-Remaining')).to.equal('0');
      if (name === 'caddy') expect(answer.headers.get('Retry-After')).to.match(/^\d+$/);
      expect(arrived).to.deep.equal([]);
    });

    it('lets a session pass for pages of ours only', async () => {
      const signedIn = await ask(server, '/login', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Origin: server.url },
        body: JSON.stringify(administrator(server)),
      });
      expect(signedIn.status, signedIn.text).to.equal(200);
      const cookie = signedIn.headers.getSetCookie().map((line) => line.split(';')[0]);
      const Cookie = cookie.join('; ');
      expect((await write({ Cookie }, 'GET')).status).to.equal(200);
      expect(arrived[0]?.headers).to.include({ 'x-auth-subject-type': 'user', 'x-auth-credential-type': 'session' });
      expect(arrived[0]?.headers.cookie).to.equal(undefined);
      expect((await write({ Cookie, Origin: server.url })).status).to.equal(200);
      expect((await write({ Cookie })).status, 'no origin').to.equal(401);
      expect((await write({ Cookie, Origin: 'https://evil.example' })).status).to.equal(401);
      expect((await write({ Cookie, Origin: 'https://evil.example' }, 'GET')).status).to.equal(401);
      for (const header of ['X-Forwarded-Method', 'X-Original-Method']) {
        expect((await write({ Cookie, [header]: 'GET' })).status, header).to.equal(401);
      }
      expect((await write({ Cookie, ...bearer('nonsense'), Origin: server.url })).status).to.equal(401);
      expect(arrived).to.have.length(2);
    });

    it('lets nothing pass while the database is down, nor when the server is gone', async () => {
      const { key } = await makeKey(['posts:write']);
      database.setMode('refuse');
      expect((await write(bearer(key))).status).to.equal(expected[name].down);
      database.setMode('forward');
      await until(async () => (await write(bearer(key))).status === 200, 10_000);
      arrived.length = 0;
      await server.stop();
      expect((await write(bearer(key))).status).to.equal(expected[name].gone);
      expect(arrived).to.deep.equal([]);
    });
  });
}
