import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import express from 'express';
import fastify from 'fastify';
import Koa from 'koa';
import * as onExpress from '../../src/resource-server/express.ts';
import * as onFastify from '../../src/resource-server/fastify.ts';
import * as onKoa from '../../src/resource-server/koa.ts';
import { verifierOf } from '../../src/resource-server/server-to-ask.ts';
import {
  askTokenAs,
  letIn,
  newPerson,
  registerApp,
  reports,
  scopesFileWithReports,
} from '../support/app-under-test.ts';
import { type Answer, ask, askJson, basic, ownerToken, registerMachine } from '../support/ask.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { hourWithRoom } from '../support/window-with-room.ts';

/** An API on a framework, with a route for posts:write and one for either of two scopes; says what its handler saw. */
interface ProtectedApi {
  readonly url: string;
  stop(): Promise<void>;
}

interface Seen {
  readonly subject: unknown;
  readonly type: string;
  readonly mayRead: boolean;
  readonly mayDelete: boolean;
}

function seen({ subject, credential, can }: onKoa.ProtectedPrincipal): Seen {
  return { subject, type: credential.type, mayRead: can('posts:read'), mayDelete: can('posts:delete') };
}

async function listen(server: Server): Promise<ProtectedApi> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type StartApi = (verifier: onKoa.Verifier) => Promise<ProtectedApi>;

const onExpressApi: StartApi = (verifier) => {
  const app = express();
  const router = express.Router();
  router.post('/', onExpress.protect(verifier, 'posts:write'), (request, response) => {
    response.json(seen(onExpress.principalFrom(request)));
  });
  app.use('/write', router);
  app.post('/either', onExpress.protectAny(verifier, 'posts:write', 'categories:read'), (request, response) => {
    response.json(request.principal === undefined ? null : seen(request.principal));
  });
  return listen(createServer(app));
};

const frameworks: Readonly<Record<string, StartApi>> = {
  Koa: (verifier) => {
    const app = new Koa();
    app.silent = true;
    const write = onKoa.protect(verifier, 'posts:write');
    const either = onKoa.protectAny(verifier, 'posts:write', 'categories:read');
    app.use((context, next) => (context.path === '/write' ? write : either)(context, next));
    app.use((context) => {
      context.body = seen(onKoa.principalFrom(context));
    });
    return listen(createServer(app.callback() as RequestListener));
  },
  Express: onExpressApi,
  Fastify: async (verifier) => {
    const app = fastify();
    app.post('/write', { preHandler: onFastify.protect(verifier, 'posts:write') }, (request) =>
      seen(onFastify.principalFrom(request)),
    );
    const either = onFastify.protectAny(verifier, 'posts:write', 'categories:read');
    app.post('/either', { preHandler: either }, (request) =>
      'principal' in request ? seen(request.principal as onFastify.ProtectedPrincipal) : null,
    );
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    return { url, stop: () => app.close() };
  },
};

describe('an API that is protected by the published middleware', () => {
  let server: TestServer;
  let owner: string;
  let resourceServer: { client_id: string; client_secret: string };

  before(async () => {
    server = await startServer({ SCOPES_FILE: await scopesFileWithReports() });
    owner = await ownerToken(server);
    const registered = await askJson(server, 'POST', '/api/clients', owner, {
      client_name: 'API',
      grant_types: ['client_credentials'],
      resource_server: true,
    });
    const { client_id, client_secret } = registered.json as { client_id: string; client_secret: string };
    resourceServer = { client_id, client_secret };
  });
  after(() => server.stop());

  async function makeKey(scopes: readonly string[], more: object = {}): Promise<{ id: number; key: string }> {
    const answer = await askJson(server, 'POST', '/api/keys', owner, { name: 'K', scopes, ...more });
    expect(answer.status, answer.text).to.equal(201);
    return answer.json as { id: number; key: string };
  }

  const post = (api: Pick<ProtectedApi, 'url'>, credential?: string, path = '/write'): Promise<Answer> =>
    ask(api, path, {
      method: 'POST',
      ...(credential !== undefined && { headers: { Authorization: `Bearer ${credential}` } }),
    });

  for (const [framework, start] of Object.entries(frameworks)) {
    describe(`on ${framework}`, () => {
      let api: ProtectedApi;

      before(async () => {
        api = await start({ url: server.url, credentials: resourceServer });
      });
      after(() => api.stop());

      it('lets a key pass that covers the scope, and says who it is and where its limit stands', async () => {
        const { key } = await makeKey(['posts:*']);
        const answer = await post(api, key);
        expect(answer.status, answer.text).to.equal(200);
        expect(answer.json).to.deep.equal({
          subject: { type: 'workspace', id: 1 },
          type: 'api_key',
          mayRead: true,
          mayDelete: true,
        });
        expect(answer.headers.get('X-RateLimit-Limit')).to.equal('1000');
        expect(answer.headers.get('X-RateLimit-Remaining')).to.match(/^\d+$/);
        expect(Number(answer.headers.get('X-RateLimit-Reset')) % 3600).to.equal(0);
        expect(answer.headers.get('RateLimit-Policy')).to.equal('"free";q=1000');
        expect(answer.headers.get('RateLimit')).to.match(/^"free";r=\d+;t=\d+$/);
      });

      it('answers 401 without a credential and with a bad one, and tells them apart in the challenge', async () => {
        const [none, bad] = [await post(api), await post(api, `sk_live_${'0'.repeat(32)}`)];
        for (const answer of [none, bad]) {
          expect(answer.status).to.equal(401);
          expect(answer.json).to.deep.equal({ message: 'Unauthenticated.' });
        }
        expect(none.headers.get('WWW-Authenticate')).to.equal('Bearer realm="latchkey"');
        expect(bad.headers.get('WWW-Authenticate')).to.equal('Bearer realm="latchkey", error="invalid_token"');
      });

      it('answers 403 in the words of the server', async () => {
        const { key } = await makeKey(['posts:read']);
        const answer = await post(api, key);
        expect(answer.status).to.equal(403);
        expect(answer.json).to.deep.equal({
          message: 'This action is unauthorized.',
          required_scope: 'posts:write',
          provided_scopes: ['posts:read'],
        });
        expect(answer.headers.get('WWW-Authenticate')).to.equal(
          'Bearer error="insufficient_scope", scope="posts:write"',
        );
      });

      it('lets protectAny pass with one of the scopes and refuses with none', async () => {
        expect((await post(api, (await makeKey(['categories:read'])).key, '/either')).status).to.equal(200);
        expect((await post(api, (await makeKey(['posts:read'])).key, '/either')).status).to.equal(403);
      });

      it('takes an API key by Basic, and refuses a credential in the URL', async () => {
        const { key } = await makeKey(['posts:write']);
        const byBasic = await ask(api, '/write', {
          method: 'POST',
          headers: { Authorization: basic({ clientId: key, clientSecret: '' }) },
        });
        expect(byBasic.status).to.equal(200);
        expect((await ask(api, `/write?access_token=${key}`, { method: 'POST' })).status).to.equal(400);
      });

      it('refuses a revoked key with the next request', async () => {
        const { id, key } = await makeKey(['posts:write']);
        expect((await post(api, key)).status).to.equal(200);
        expect((await askJson(server, 'DELETE', `/api/keys/${id}?confirm=K`, owner)).status).to.equal(204);
        expect((await post(api, key)).status).to.equal(401);
      });

      it('answers 503 when the server can not be asked: gone, refusing, slow, or talking nonsense', async () => {
        const nonsense: readonly RequestListener[] = [
          (_request, response) => response.end('nothing'),
          (_request, response) => response.end('[]'),
          (_request, response) => response.end('[{"allowed":true}]'),
          (_request, response) => response.end('[{"allowed":true,"reason":"ok","credential":null,"subject":null}]'),
          (_request, response) => response.end(JSON.stringify([allowing(['posts:read'])])),
          (_request, response) => response.writeHead(401).end('{}'),
          (_request, response) => response.writeHead(307, { Location: `${server.url}/api/verify` }).end(),
          () => {},
        ];
        const failures: unknown[] = [];
        const onFailure = (error: unknown): number => failures.push(error);
        for (const [index, listener] of nonsense.entries()) {
          const impostor = await listen(createServer(listener));
          const own = await start({ url: impostor.url, credentials: resourceServer, timeoutMs: 200, onFailure });
          const answer = await post(own, 'sk_live_x');
          expect(answer.status, String(index)).to.equal(503);
          expect(answer.headers.get('Retry-After')).to.equal('2');
          await Promise.all([own.stop(), impostor.stop()]);
        }
        const gone = await start({ url: 'http://127.0.0.1:9', credentials: 'sk_live_x', onFailure });
        expect((await post(gone, 'sk_live_x')).status).to.equal(503);
        await gone.stop();
        expect(failures).to.have.length(nonsense.length + 1);
      });
    });
  }

  describe('asking the server', () => {
    /** Stands in front of the server and writes down what it is asked. */
    async function listeningIn(): Promise<ProtectedApi & { readonly batches: unknown[][] }> {
      const batches: unknown[][] = [];
      const between = await listen(
        createServer(async (request, response) => {
          let text = '';
          for await (const chunk of request) text += chunk;
          batches.push(JSON.parse(text));
          const answer = await fetch(server.url + request.url, {
            method: 'POST',
            headers: {
              Authorization: request.headers.authorization ?? '',
              'Content-Type': 'application/json',
            },
            body: text,
          });
          response.writeHead(answer.status).end(await answer.text());
        }),
      );
      return { ...between, batches };
    }

    const question = (verify: onKoa.Verify, credential: string | null, scope = 'posts:write') =>
      verify({ credential, requirement: { scopes: [scope], any: false }, audience: null, cost: 1 });

    it('asks once for all requests of a turn, at most 100 at a time, and gives each its own answer', async () => {
      const between = await listeningIn();
      const verify = verifierOf({ url: between.url, credentials: resourceServer });
      const [writer, reader] = [await makeKey(['posts:write']), await makeKey(['posts:read'])];
      const asked = Array.from({ length: 150 }, (_, index) => question(verify, (index % 3 ? writer : reader).key));
      const reasons = (await Promise.all(asked)).map(({ reason }) => reason);
      expect(reasons).to.deep.equal(reasons.map((_, index) => (index % 3 ? 'ok' : 'insufficient_scope')));
      expect(between.batches.map((batch) => batch.length).sort()).to.deep.equal([100, 50]);
      await between.stop();
    });

    it('does not let one strange credential spoil the answers of the others', async () => {
      const verify = verifierOf({ url: server.url, credentials: resourceServer });
      const { key } = await makeKey(['posts:write']);
      const strange = ['x'.repeat(8193), '', 'a\u0000b', '\ud800', 'é', '[]'];
      const answers = await Promise.all([...strange, key].map((credential) => question(verify, credential)));
      expect(answers.map(({ reason }) => reason)).to.deep.equal([...strange.map(() => 'malformed'), 'ok']);
      expect((await question(verify, null)).reason).to.equal('missing');
    });

    it('asks every time unless it is told to remember, and then forgets in time; refusals it never remembers', async () => {
      const between = await listeningIn();
      const { id, key } = await makeKey(['posts:write']);
      const forgetful = verifierOf({ url: between.url, credentials: resourceServer });
      for (let count = 0; count < 3; count += 1) await question(forgetful, key);
      expect(between.batches).to.have.length(3);
      const remembering = verifierOf({ url: between.url, credentials: resourceServer, cacheSeconds: 0.5 });
      for (let count = 0; count < 3; count += 1) expect((await question(remembering, key)).allowed).to.equal(true);
      expect(between.batches).to.have.length(4);
      expect((await question(remembering, key, 'posts:delete')).allowed, 'another question').to.equal(false);
      expect((await question(remembering, key, 'posts:delete')).allowed).to.equal(false);
      expect(between.batches).to.have.length(6);
      await askJson(server, 'DELETE', `/api/keys/${id}?confirm=K`, owner);
      const deadline = performance.now() + 3000;
      while ((await question(remembering, key)).allowed && performance.now() < deadline) await tick();
      expect(performance.now()).to.be.below(deadline);
      await between.stop();
    });

    it('is allowed to ask by an API key that covers credentials:introspect, and not by another', async () => {
      const [asker, other] = [await makeKey(['credentials:introspect']), await makeKey(['posts:write'])];
      expect((await question(verifierOf({ url: server.url, credentials: asker.key }), other.key)).allowed).to.equal(
        true,
      );
      let thrown: unknown = null;
      await question(verifierOf({ url: server.url, credentials: other.key }), other.key).catch((error: unknown) => {
        thrown = error;
      });
      expect(String(thrown)).to.include('403');
    });

    it('answers 429 with the time to wait when the limit of the credential is used up', async () => {
      await hourWithRoom();
      const api = await onExpressApi({ url: server.url, credentials: resourceServer });
      const machine = await registerMachine(server, owner, 'posts:write');
      const tokens = await askTokenAs(server, machine, { grant_type: 'client_credentials', scope: 'posts:write' });
      const { access_token: token } = tokens.json as { access_token: string };
      await askJson(server, 'POST', '/api/verify', owner, { credential: token, scopes: ['posts:write'], cost: 1000 });
      const answer = await post(api, token);
      expect(answer.status).to.equal(429);
      const body = answer.json as { message: string; retry_after: number };
      expect(body.message).to.equal('Too many requests.');
      expect(answer.headers.get('Retry-After')).to.equal(String(body.retry_after));
      expect(answer.headers.get('X-RateLimit-Remaining')).to.equal('0');
      await api.stop();
    });

    it('is refused at start without a scope, with a wildcard, and with an address that is none', () => {
      const good = { url: server.url, credentials: 'sk_live_x' };
      expect(() => onKoa.protect(good)).to.throw(TypeError);
      expect(() => onExpress.protect(good, 'posts:*')).to.throw(TypeError);
      expect(() => onFastify.protectAny({ ...good, url: 'auth.example.com' }, 'posts:read')).to.throw(TypeError);
      expect(() => onKoa.protect({ ...good, url: 'ftp://auth.example.com' }, 'posts:read')).to.throw(TypeError);
    });
  });

  describe('that is a resource of its own, whose tokens are JWTs', () => {
    it('verifies them by the key set, without asking', async () => {
      const somebody = await newPerson(server, owner);
      const app = await registerApp(server, owner);
      const { access_token: token } = await letIn(app, somebody, 'analytics:read', { resource: reports });
      const question = (verify: onKoa.Verify, credential: string, scope = 'analytics:read') =>
        verify({ credential, requirement: { scopes: [scope], any: false }, audience: null, cost: 1 });
      // Not allowed to ask: whatever is answered, is answered here.
      const here = verifierOf({ url: server.url, credentials: 'nothing', audience: reports });
      const verdict = await question(here, token);
      expect(verdict.reason).to.equal('ok');
      expect(verdict.principal).to.deep.include({ subject: { type: 'user', id: somebody.id }, clientId: app.clientId });
      expect((await question(here, token, 'posts:read')).reason).to.equal('insufficient_scope');
      expect((await question(here, `${token.slice(0, -4)}AAAA`)).reason).to.equal('unknown');
      const [head = '', , signature = ''] = token.split('.');
      const forged = Buffer.from(JSON.stringify({ scope: '*', sub: '1' })).toString('base64url');
      expect((await question(here, `${head}.${forged}.${signature}`)).reason).to.equal('unknown');
      const unsigned = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
      expect((await question(here, `${unsigned}.${token.split('.')[1]}.AAAA`)).reason).to.equal('unknown');
      const elsewhere = verifierOf({ url: server.url, credentials: 'nothing', audience: 'https://other.example' });
      expect((await question(elsewhere, token)).reason).to.equal('unknown');
      const unnamed = verifierOf({ url: server.url, credentials: resourceServer });
      expect((await question(unnamed, token)).reason, 'the default resource').to.equal('unknown');
    });

    it('throws when the key set can not be had, and tries again', async () => {
      const verify = verifierOf({ url: 'http://127.0.0.1:9', credentials: 'nothing', audience: reports });
      const jwt = `eyJhbGciOiJFUzI1NiJ9.e30.${'A'.repeat(86)}`;
      for (let count = 0; count < 2; count += 1) {
        let thrown: unknown = null;
        const requirement = { scopes: ['analytics:read'], any: false };
        await verify({ credential: jwt, requirement, audience: null, cost: 1 }).catch((error: unknown) => {
          thrown = error;
        });
        expect(thrown).to.be.instanceOf(Error);
      }
    });
  });
});

function allowing(scopes: readonly string[]): object {
  return {
    allowed: true,
    reason: 'ok',
    credential: { type: 'api_key', id: 1, name: 'K', environment: 'live', expires_at: null },
    subject: { type: 'workspace', id: 1 },
    workspace_id: 1,
    scopes,
    rate_limit: null,
  };
}

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
