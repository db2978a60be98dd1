import { expect } from 'chai';
import { type Answer, ask, ownerToken } from '../support/ask.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const SISTER = 'http://app.example.test:8080';
const STRANGER = 'https://stranger.example';

describe('requests of pages on other origins', () => {
  let server: TestServer;
  let owner: string;

  before(async () => {
    server = await startServer({ STATEFUL_DOMAINS: 'app.example.test:8080' });
    owner = await ownerToken(server);
  });
  after(() => server.stop());

  const from = (origin: string, path: string, method = 'GET', headers: Record<string, string> = {}): Promise<Answer> =>
    ask(server, path, { method, headers: { Origin: origin, ...headers } });
  const preflight = (origin: string, path: string): Promise<Answer> =>
    from(origin, path, 'OPTIONS', {
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization,content-type',
    });
  const corsOf = ({ headers }: Answer): unknown => ({
    origin: headers.get('Access-Control-Allow-Origin'),
    credentials: headers.get('Access-Control-Allow-Credentials'),
  });
  const NONE = { origin: null, credentials: null };

  for (const path of ['/api/me', '/v1/posts']) {
    it(`reach ${path} with a bearer credential from anywhere, without cookies`, async () => {
      const answer = await from(STRANGER, path, 'GET', { Authorization: `Bearer ${owner}` });
      expect(answer.status).to.equal(200);
      expect(corsOf(answer)).to.deep.equal({ origin: '*', credentials: null });
      expect(answer.headers.get('Vary')).to.match(/\bOrigin\b/);
      const exposed = answer.headers.get('Access-Control-Expose-Headers') ?? '';
      for (const name of ['X-Request-Id', 'X-RateLimit-Remaining', 'RateLimit', 'Retry-After', 'WWW-Authenticate']) {
        expect(exposed.split(', ')).to.include(name);
      }
    });

    it(`reach ${path} with cookies from a stateful domain`, async () => {
      const cors = { origin: SISTER, credentials: 'true' };
      expect(corsOf(await from(SISTER, path))).to.deep.equal(cors);
      expect(corsOf(await preflight(SISTER, path))).to.deep.equal(cors);
    });

    it(`are told before ${path} what they may send`, async () => {
      const answer = await preflight(STRANGER, path);
      expect(answer.status).to.equal(204);
      expect(corsOf(answer)).to.deep.equal({ origin: '*', credentials: null });
      expect(answer.headers.get('Access-Control-Allow-Methods')?.split(', ')).to.include.members([
        'GET',
        'POST',
        'PUT',
        'PATCH',
        'DELETE',
      ]);
      const allowed = answer.headers.get('Access-Control-Allow-Headers')?.toLowerCase().split(', ');
      expect(allowed).to.include.members(['authorization', 'content-type', 'x-xsrf-token', 'idempotency-key']);
    });

    it(`are told of refusals at ${path} too`, async () => {
      const answer = await from(STRANGER, path);
      expect(answer.status).to.equal(401);
      expect(corsOf(answer)).to.deep.equal({ origin: '*', credentials: null });
    });
  }

  for (const path of ['/login', '/logout', '/csrf-cookie', '/auth/login']) {
    it(`reach ${path} from stateful domains only`, async () => {
      expect(corsOf(await preflight(SISTER, path))).to.deep.equal({ origin: SISTER, credentials: 'true' });
      expect(corsOf(await preflight(STRANGER, path))).to.deep.equal(NONE);
      expect(corsOf(await from('null', path))).to.deep.equal(NONE);
    });
  }

  for (const path of ['/oauth/authorize?client_id=x', '/verify?scope=posts:read', '/', '/tokens', '/healthz']) {
    it(`are told nothing at ${path}`, async () => {
      for (const origin of [SISTER, STRANGER, server.issuer, 'null']) {
        expect(corsOf(await from(origin, path)), origin).to.deep.equal(NONE);
        expect(corsOf(await preflight(origin, path)), origin).to.deep.equal(NONE);
      }
    });
  }

  it('find discovery and keys from anywhere', async () => {
    for (const path of [
      '/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server',
      '/oauth/jwks',
    ]) {
      expect((await from(STRANGER, path)).headers.get('Access-Control-Allow-Origin'), path).to.be.oneOf([
        '*',
        STRANGER,
      ]);
    }
  });

  it('are not taken for a stateful domain that they only resemble', async () => {
    for (const origin of [
      'http://app.example.test',
      'http://app.example.test:8081',
      'http://app.example.test:8080.evil.example',
      'http://evil-app.example.test:8080',
      'http://APP.example.test:8080',
      'ftp://app.example.test:8080',
    ]) {
      expect(corsOf(await from(origin, '/api/me')), origin).to.deep.equal({ origin: '*', credentials: null });
    }
  });
});
