import { expect } from 'chai';
import { type Answer, ask, askJson, askRaw, askToken, ownerToken, registerMachine } from '../support/ask.ts';
import { type DatabaseProxy, type ProxyMode, proxyDatabase } from '../support/database-proxy.ts';
import { clientToken, type MachineLogin, startServer, type TestServer, until } from '../support/start-server.ts';
import { freshDatabase } from '../support/test-database.ts';

const PROMISED_MS = 2000;
/** What the machine of a test may take on top: two cores are shared by the whole suite. */
const TOLERANCE_MS = 400;

describe('a database that goes away while the server serves (R-05)', function () {
  this.timeout(60_000);
  let proxy: DatabaseProxy;
  let server: TestServer;
  let login: MachineLogin;
  let owner: string;
  let token: string;

  before(async () => {
    proxy = await proxyDatabase(await freshDatabase());
    server = await startServer({ DATABASE_URL: proxy.databaseUrl });
    owner = await ownerToken(server);
    login = await registerMachine(server, owner, 'posts:read');
    token = await clientToken(server, login, 'posts:read');
  });
  afterEach(async () => {
    proxy.setMode('forward');
    await until(async () => (await ask(server, '/readyz')).status === 200, 10_000);
  });
  after(async () => {
    await server.stop();
    await proxy.close();
  });

  const clientCredentials = { grant_type: 'client_credentials', scope: 'posts:read' };
  const requests: readonly (readonly [string, () => Promise<Answer>])[] = [
    ['GET /verify', () => askJson(server, 'GET', '/verify?scope=posts:read', token)],
    [
      'GET /verify with an unknown token',
      () => askJson(server, 'GET', '/verify?scope=posts:read', `oct_${'x'.repeat(43)}`),
    ],
    ['POST /oauth/token', () => askToken(server, login, clientCredentials)],
    [
      'POST /oauth/token with a wrong secret',
      () => askToken(server, { ...login, clientSecret: 'x' }, clientCredentials),
    ],
    ['GET /api/clients', () => askJson(server, 'GET', '/api/clients', owner)],
    [
      'POST /api/clients',
      () => askJson(server, 'POST', '/api/clients', owner, { client_name: 'x', grant_types: ['client_credentials'] }),
    ],
    ['GET /v1/posts', () => askJson(server, 'GET', '/v1/posts', token)],
    ['GET /readyz', () => ask(server, '/readyz')],
  ];

  async function timed(request: () => Promise<Answer>): Promise<{ answer: Answer; tookMs: number }> {
    const began = performance.now();
    const answer = await request();
    return { answer, tookMs: performance.now() - began };
  }

  function expectUnavailable({ answer, tookMs }: { answer: Answer; tookMs: number }, name: string): void {
    expect(answer.status, `${name}: ${answer.text.slice(0, 200)}`).to.equal(503);
    expect(answer.headers.get('Retry-After'), name).to.match(/^[1-9]\d*$/);
    expect(tookMs, name).to.be.below(PROMISED_MS + TOLERANCE_MS);
    expect(answer.text, name).to.not.match(/ECONN|postgres|pg_|timeout| {4}at /i);
    expect(answer.json, name).to.be.an('object');
  }

  for (const mode of ['refuse', 'black-hole'] as const satisfies readonly ProxyMode[]) {
    describe(mode, () => {
      it('answers everything with 503 and Retry-After within two seconds, and as before once it is back', async () => {
        const before = await Promise.all(requests.map(([, request]) => request()));
        for (const { status } of before) expect(status).to.be.below(500);
        proxy.setMode(mode);
        for (let round = 0; round < 2; round += 1) {
          const during = await Promise.all(requests.map(([, request]) => timed(request)));
          for (const [index, result] of during.entries()) expectUnavailable(result, requests[index]?.[0] ?? '');
        }
        proxy.setMode('forward');
        for (const [index, [name, request]] of requests.entries()) {
          await until(async () => (await request()).status === before[index]?.status, 5000).catch(() => {
            throw new Error(`${name} did not recover`);
          });
        }
      });

      it('answers everything at once in time, also what arrives while others wait', async () => {
        proxy.setMode(mode);
        const running: Promise<unknown>[] = [];
        for (let wave = 0; wave < 8; wave += 1) {
          for (const [name, request] of requests) {
            for (let copy = 0; copy < 4; copy += 1) {
              running.push(timed(request).then((result) => expectUnavailable(result, `${name} in wave ${wave}`)));
            }
          }
          await new Promise((resolve) => setTimeout(resolve, 150));
        }
        await Promise.all(running);
      });

      it('answers a steady stream of /verify in time, whose later questions wait behind the first', async () => {
        // With connections at hand the first questions wait for an answer, which takes longer than not getting a connection.
        const { pool } = server.composed.installation.database;
        await Promise.all(Array.from({ length: 8 }, () => pool.query('SELECT pg_sleep(0.05)')));
        proxy.setMode(mode);
        const running: Promise<unknown>[] = [];
        for (let wave = 0; wave < 20; wave += 1) {
          const request = (): Promise<Answer> => askJson(server, 'GET', '/verify?scope=posts:read', token);
          running.push(timed(request).then((result) => expectUnavailable(result, `wave ${wave}`)));
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        await Promise.all(running);
      });

      it('says at /healthz that the process is up', async () => {
        proxy.setMode(mode);
        const { answer, tookMs } = await timed(() => ask(server, '/healthz'));
        expect(answer.status).to.equal(200);
        expect(tookMs).to.be.below(500);
        expect((await ask(server, '/metrics')).status).to.equal(200);
      });

      it('refuses as ever what needs no database', async () => {
        proxy.setMode(mode);
        expect((await ask(server, '/verify?scope=posts:read')).status).to.equal(401);
        expect((await askJson(server, 'GET', '/verify?scope=posts:read', 'malformed')).status).to.equal(401);
        expect((await ask(server, '/verify')).status).to.equal(400);
        expect((await ask(server, '/.well-known/openid-configuration')).status).to.equal(200);
      });

      it('says temporarily_unavailable in the words of OAuth, as JSON', async () => {
        proxy.setMode(mode);
        const { json, headers } = await askToken(server, login, clientCredentials);
        expect(json).to.include({ error: 'temporarily_unavailable' });
        expect(headers.get('Cache-Control')).to.equal('no-store');
      });

      it('leaves no connection behind and the server alive after coming and going', async () => {
        for (let round = 0; round < 2; round += 1) {
          proxy.setMode(mode);
          await Promise.all(requests.map(([, request]) => request()));
          proxy.setMode('forward');
          await until(async () => (await ask(server, '/readyz')).status === 200, 5000);
        }
        const { pool } = server.composed.installation.database;
        expect(pool.totalCount).to.be.at.most(10);
        expect(pool.waitingCount).to.equal(0);
        const { status } = await askRaw(
          server,
          `GET /verify?scope=posts:read HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
        );
        expect(status).to.equal(200);
      });
    });
  }

  it('never lets a revoked credential pass while it is gone', async () => {
    const gone = await registerMachine(server, owner, 'posts:read');
    const dead = await clientToken(server, gone, 'posts:read');
    expect((await askJson(server, 'DELETE', `/api/clients/${gone.clientId}`, owner)).status).to.equal(204);
    for (const mode of ['refuse', 'black-hole', 'forward'] as const) {
      proxy.setMode(mode);
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => askJson(server, 'GET', '/verify?scope=posts:read', dead)),
      );
      for (const { status } of answers) expect(status).to.be.oneOf([401, 503]);
    }
  });
});
