import { expect } from 'chai';
import { type Answer, ask, askJson, askRaw, ownerToken, registerMachine } from '../support/ask.ts';
import { clientToken, startServer, type TestServer } from '../support/start-server.ts';

describe('the other routes', () => {
  let server: TestServer;
  let owner: string;
  let host: string;

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
    host = new URL(server.issuer).host;
  });
  after(() => server.stop());

  const tokenFor = async (scope: string): Promise<string> =>
    clientToken(server, await registerMachine(server, owner, scope), scope);

  describe('/v1/posts', () => {
    it('is read with posts:read and written with posts:write', async () => {
      const token = await tokenFor('posts:read posts:write');
      const written = await askJson(server, 'POST', '/v1/posts', token, { title: ' Zoë 🎧 ', body: 'x' });
      expect(written.status).to.equal(201);
      expect(written.json).to.include({ title: 'Zoë 🎧', body: 'x' });
      const list = (await askJson(server, 'GET', '/v1/posts', token)).json as { data: { id: number }[] };
      expect(list.data[0]).to.deep.equal(written.json);
    });

    it('deletes with posts:delete, once', async () => {
      const token = await tokenFor('posts:*');
      const { id } = (await askJson(server, 'POST', '/v1/posts', token, { title: 'Gone' })).json as { id: number };
      expect((await askJson(server, 'DELETE', `/v1/posts/${id}`, token)).status).to.equal(204);
      expect((await askJson(server, 'DELETE', `/v1/posts/${id}`, token)).status).to.equal(404);
      for (const strange of ['0', '-1', '%00', '1e3', '9'.repeat(40), '%ff', 'x']) {
        expect((await askJson(server, 'DELETE', `/v1/posts/${strange}`, token)).status, strange).to.equal(404);
      }
    });

    it('answers 401 and 403 in the words of the JSON API', async () => {
      const nobody = await ask(server, '/v1/posts');
      expect(nobody.status).to.equal(401);
      expect(nobody.json).to.deep.equal({ message: 'Unauthenticated.' });
      expect(nobody.headers.get('WWW-Authenticate')).to.equal('Bearer realm="latchkey"');
      const refused = await askJson(server, 'POST', '/v1/posts', await tokenFor('posts:read'), { title: 'x' });
      expect(refused.status).to.equal(403);
      expect(refused.json).to.deep.equal({
        message: 'This action is unauthorized.',
        required_scope: 'posts:write',
        provided_scopes: ['posts:read'],
      });
      expect(refused.headers.get('WWW-Authenticate')).to.equal(
        'Bearer error="insufficient_scope", scope="posts:write"',
      );
    });

    it('refuses what it can not keep with 422, what is not JSON with 415, what is too long with 413', async () => {
      const token = await tokenFor('posts:write');
      for (const body of [
        {},
        [],
        { title: '' },
        { title: 'x', extra: 1 },
        { title: 'a\0b' },
        { title: 'x', body: '\0' },
        { title: 5 },
        { title: 'x', constructor: {} },
      ]) {
        const answer = await askJson(server, 'POST', '/v1/posts', token, body);
        expect(answer.status, JSON.stringify(body)).to.equal(422);
        expect(answer.json).to.have.all.keys('message', 'errors');
      }
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'text/plain' };
      expect((await ask(server, '/v1/posts', { method: 'POST', headers, body: '{"title":"x"}' })).status).to.equal(415);
      const long = await askJson(server, 'POST', '/v1/posts', token, { title: 'x', body: 'x'.repeat(2_000_000) });
      expect(long.status).to.equal(413);
      expect((await askJson(server, 'POST', '/v1/posts', token, '{')).status).to.equal(400);
    });

    it('refuses two credentials and one in the URL with 400', async () => {
      expect((await askJson(server, 'GET', `/v1/posts?access_token=${owner}`, owner)).status).to.equal(400);
      const { status } = await askRaw(
        server,
        `GET /v1/posts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${owner}\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n`,
      );
      expect(status).to.equal(400);
    });
  });

  describe('/api/scopes', () => {
    it('shows the vocabulary to anybody with a good credential, and to nobody else', async () => {
      const { status, json } = await askJson(server, 'GET', '/api/scopes', await tokenFor('posts:read'));
      expect(status).to.equal(200);
      const answer = json as { scopes: { name: string; grantable: boolean }[]; defaults: string[]; roles: object };
      const { catalog } = server.composed.installation;
      expect(answer.scopes.map(({ name }) => name)).to.deep.equal([...catalog.names]);
      expect(answer.defaults).to.deep.equal([...catalog.defaults]);
      expect(answer.roles).to.have.keys([...catalog.roleNames]);
      expect((await ask(server, '/api/scopes')).status).to.equal(401);
      expect((await askJson(server, 'GET', '/api/scopes', 'oct_wrong')).status).to.equal(401);
    });

    it('says exactly what the caller may hand on, wildcards by form', async () => {
      const grantable = async (scope: string): Promise<string[]> =>
        ((await askJson(server, 'GET', '/api/scopes', await tokenFor(scope))).json as { grantable: string[] })
          .grantable;
      expect(await grantable('posts:read')).to.deep.equal(['posts:read']);
      expect(await grantable('posts:read posts:write posts:delete')).to.deep.equal([
        'posts:read',
        'posts:write',
        'posts:delete',
      ]);
      expect(await grantable('posts:*')).to.have.members(['posts:read', 'posts:write', 'posts:delete', 'posts:*']);
      expect(await grantable('*:*')).to.include.members(['*:*', '*:read', 'posts:read']);
      expect(await grantable('*:*')).to.not.include.members(['*']);
      expect(await grantable('*:*')).to.not.include.members(['admin:clients']);
      expect(await grantable('*')).to.include.members(['*', 'admin:*', 'ratelimit:bypass', 'keys:manage']);
    });
  });

  describe('/healthz, /readyz and /metrics', () => {
    it('answer anybody while the issuer is loopback, under any host', async () => {
      for (const [path, body] of [
        ['/healthz', { status: 'up' }],
        ['/readyz', { status: 'ready' }],
      ] as const) {
        const answer = await ask(server, path);
        expect(answer.status).to.equal(200);
        expect(answer.json).to.deep.equal(body);
      }
      const metrics = await ask(server, '/metrics');
      expect(metrics.status).to.equal(200);
      expect(metrics.headers.get('Content-Type')).to.match(/^text\/plain/);
      expect(metrics.text).to.include('latchkey_http_request_duration_seconds_count');
      for (const path of ['/healthz', '/readyz', '/metrics']) {
        const { status } = await askRaw(server, `GET ${path} HTTP/1.1\r\nHost: 10.0.0.1\r\nConnection: close\r\n\r\n`);
        expect(status, path).to.equal(200);
      }
    });

    it('lets nobody make up label values', async () => {
      await ask(server, '/made-up-by-a-stranger');
      await ask(server, '/api/made-up-by-a-stranger', { method: 'PROPFIND' });
      const { text } = await ask(server, '/metrics');
      expect(text).to.not.include('made-up');
      expect(text).to.not.include('PROPFIND');
    });

    it('counts the answers of /verify', async () => {
      const count = async (): Promise<number> =>
        Number(/latchkey_verify_total\{status="401"\} (\d+)/.exec((await ask(server, '/metrics')).text)?.[1] ?? 0);
      const before = await count();
      await ask(server, '/verify?scope=posts:read');
      expect(await count()).to.equal(before + 1);
    });

    it('answers 503 at /readyz while it drains, and goes on serving', async () => {
      const draining = await startServer();
      try {
        draining.composed.startDraining();
        const ready = await ask(draining, '/readyz');
        expect(ready.status).to.equal(503);
        expect(ready.headers.get('Retry-After')).to.match(/^\d+$/);
        expect((await ask(draining, '/healthz')).status).to.equal(200);
        expect((await ask(draining, '/verify?scope=posts:read')).status).to.equal(401);
      } finally {
        await draining.stop();
      }
    });
  });

  describe('hosts', () => {
    const hostAsked = async (path: string, name: string): Promise<number> =>
      (await askRaw(server, `GET ${path} HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`)).status;

    it('answers a foreign host with 421 at pages and protocol endpoints', async () => {
      for (const path of [
        '/',
        '/login',
        '/oauth/token',
        '/oauth/jwks',
        '/oauth/authorize',
        '/nothing',
        '/apix',
        '/v1x',
      ]) {
        for (const name of [
          'evil.example',
          `evil.example:${host.split(':')[1]}`,
          `${host}.evil.example`,
          '127.0.0.1',
        ]) {
          expect(await hostAsked(path, name), `${path} at ${name}`).to.equal(421);
        }
        expect(await hostAsked(path, host), path).to.not.equal(421);
      }
    });

    it('answers any host at /verify, /api, /v1 and the health endpoints', async () => {
      for (const path of ['/verify?scope=a', '/api/scopes', '/v1/posts', '/healthz', '/readyz', '/metrics']) {
        expect(await hostAsked(path, 'evil.example'), path).to.be.oneOf([200, 401]);
      }
    });
  });

  describe('headers of every answer', () => {
    const everyAnswer = (): Promise<readonly (readonly [string, Answer])[]> =>
      Promise.all(
        (
          [
            ['GET', '/healthz'],
            ['GET', '/readyz'],
            ['GET', '/metrics'],
            ['GET', '/.well-known/openid-configuration'],
            ['GET', '/oauth/jwks'],
            ['POST', '/oauth/token'],
            ['GET', '/oauth/nothing'],
            ['GET', '/api/clients'],
            ['GET', '/api/nothing'],
            ['PUT', '/api/clients'],
            ['GET', '/v1/posts'],
            ['PUT', '/v1/posts'],
            ['GET', '/v1/nothing'],
            ['GET', '/nothing'],
          ] as const
        ).map(async ([method, path]) => [`${method} ${path}`, await ask(server, path, { method })] as const),
      );

    it('forbid sniffing, framing, referring and every source', async () => {
      for (const [name, { headers }] of await everyAnswer()) {
        expect(headers.get('X-Content-Type-Options'), name).to.equal('nosniff');
        expect(headers.get('X-Frame-Options'), name).to.equal('DENY');
        expect(headers.get('Referrer-Policy'), name).to.equal('no-referrer');
        expect(headers.get('Content-Security-Policy'), name).to.include("default-src 'none'");
        expect(headers.get('Content-Security-Policy'), name).to.include("frame-ancestors 'none'");
        expect(headers.get('X-Powered-By'), name).to.equal(null);
        expect(headers.get('Server'), name).to.equal(null);
      }
    });

    it('carry an id of the request, the one it brought when it is sane', async () => {
      for (const [name, { headers }] of await everyAnswer()) {
        expect(headers.get('X-Request-Id'), name).to.match(/^[0-9a-f-]{36}$/);
      }
      const { headers } = await ask(server, '/healthz', { headers: { 'X-Request-Id': 'abcdefgh-1' } });
      expect(headers.get('X-Request-Id')).to.equal('abcdefgh-1');
    });

    it('say 404 and 405 as JSON, with the methods there are', async () => {
      for (const path of ['/nothing', '/api/nothing', '/v1/nothing', '/api', '/api/clients/x/y/z']) {
        const answer = await askJson(server, 'GET', path, owner);
        expect(answer.status, path).to.equal(404);
        expect(answer.json, path).to.deep.equal({ message: 'Not found.' });
      }
      for (const [method, path, allowed] of [
        ['PUT', '/api/clients', ['GET', 'HEAD', 'POST']],
        ['PATCH', '/api/scopes', ['GET', 'HEAD']],
        ['PROPFIND', '/api/clients', ['GET', 'HEAD', 'POST']],
        ['PUT', '/v1/posts', ['GET', 'HEAD', 'POST']],
        ['GET', '/v1/posts/1', ['DELETE']],
      ] as const) {
        const answer = await askJson(server, method, path, owner);
        expect(answer.status, `${method} ${path}`).to.equal(405);
        expect(answer.json, `${method} ${path}`).to.deep.equal({ message: 'Method not allowed.' });
        expect((answer.headers.get('Allow') ?? '').split(', ')).to.include.members([...allowed]);
      }
    });
  });
});
