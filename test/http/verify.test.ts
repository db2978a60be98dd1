import { expect } from 'chai';
import { type Answer, ask, askRaw, ownerToken, registerMachine } from '../support/ask.ts';
import { clientToken, type MachineLogin, startServer, type TestServer } from '../support/start-server.ts';

const UNAUTHENTICATED = { message: 'Unauthenticated.' };

describe('/verify, the question of reverse proxies', () => {
  let server: TestServer;
  let machine: MachineLogin;
  let token: string;

  before(async () => {
    server = await startServer();
    const owner = await ownerToken(server);
    machine = await registerMachine(server, owner, 'posts:* categories:read');
    token = await clientToken(server, machine, 'posts:* categories:read');
    // More questions are asked here than the free tier allows in an hour.
    await server.composed.installation.database.pool.query("UPDATE workspaces SET rate_limit_tier = 'enterprise'");
  });
  after(() => server.stop());

  const verify = (query: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
    ask(server, `/verify${query}`, { method, headers });
  const withToken = (query: string, method = 'GET'): Promise<Answer> =>
    verify(query, { Authorization: `Bearer ${token}` }, method);

  describe('200', () => {
    it('names the caller in eight headers, literally, and has no body', async () => {
      const answer = await withToken('?scope=posts:read');
      expect(answer.status).to.equal(200);
      expect(answer.text).to.equal('');
      const { rows } = await server.composed.installation.database.pool.query<{ id: number }>(
        "SELECT id::int FROM oauth_artifacts WHERE model = 'ClientCredentials' AND client_id = $1",
        [machine.clientId],
      );
      const own = await server.composed.installation.database.pool.query<{ id: number }>(
        'SELECT id::int FROM workspaces WHERE own',
      );
      const expected: Record<string, string> = {
        'X-Auth-Subject-Type': 'client',
        'X-Auth-Subject': machine.clientId,
        'X-Auth-Credential-Type': 'oauth_client_token',
        'X-Auth-Credential-Id': String(rows[0]?.id),
        'X-Auth-Workspace': String(own.rows[0]?.id),
        'X-Auth-Client': machine.clientId,
        'X-Auth-Environment': '',
        'X-Auth-Scopes': 'posts:read posts:write posts:delete categories:read',
      };
      for (const [name, value] of Object.entries(expected)) expect(answer.headers.get(name), name).to.equal(value);
    });

    it('sends every header even when it is empty, so that a proxy overwrites what a stranger sent', async () => {
      const { head } = await askRaw(
        server,
        `GET /verify?scope=posts:read HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nX-Auth-Environment: live\r\nConnection: close\r\n\r\n`,
      );
      expect(head).to.match(/\r\nX-Auth-Environment: ?(\r\n|$)/i);
      for (const name of head.match(/^X-Auth-[A-Za-z-]+/gim) ?? []) {
        expect(head.match(new RegExp(`^${name}:`, 'gim')), name).to.have.length(1);
      }
    });

    it('forbids to keep the answer and brings the request’s id back when it is sane', async () => {
      const answer = await verify('?scope=posts:read', {
        Authorization: `Bearer ${token}`,
        'X-Request-Id': 'proxy-12345678',
      });
      expect(answer.headers.get('Cache-Control')).to.equal('no-store');
      expect(answer.headers.get('X-Request-Id')).to.equal('proxy-12345678');
      for (const strange of ['short', 'x'.repeat(65), 'with space', 'a<script>b', token]) {
        const { headers } = await verify('', { 'X-Request-Id': strange });
        expect(headers.get('X-Request-Id')).to.match(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
      }
    });

    it('gives the same verdict whatever the method', async () => {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
        expect((await withToken('?scope=posts:read', method)).status, method).to.equal(200);
        expect((await withToken('?scope=categories:write', method)).status, method).to.equal(403);
        expect((await verify('?scope=posts:read', {}, method)).status, method).to.equal(401);
      }
    });

    it('does not wait for the body of the request it is asked about', async () => {
      const { status } = await askRaw(
        server,
        `POST /verify?scope=posts:read HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: 50000000\r\nConnection: close\r\n\r\nstart`,
        500,
      );
      expect(status).to.equal(200);
    });

    it('reads the scheme in any case and with spaces around the token', async () => {
      for (const value of [`bearer ${token}`, `BEARER   ${token}`, `Bearer ${token}  `]) {
        expect((await verify('?scope=posts:read', { Authorization: value })).status, value).to.equal(200);
      }
    });

    it('answers under any host name', async () => {
      for (const host of ['api.internal', 'evil.example:8080', '[::1]']) {
        const { status } = await askRaw(
          server,
          `GET /verify?scope=posts:read HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
        );
        expect(status, host).to.equal(200);
      }
    });
  });

  describe('scopes', () => {
    it('needs all of several scopes, however they are written', async () => {
      expect((await withToken('?scope=posts:read&scope=posts:write')).status).to.equal(200);
      expect((await withToken('?scope=posts:read%20posts:write')).status).to.equal(200);
      expect((await withToken('?scope=posts:read+categories:read')).status).to.equal(200);
      expect((await withToken('?scope=posts:read&scope=categories:write')).status).to.equal(403);
      expect((await withToken('?scope=categories:write&scope=posts:read')).status).to.equal(403);
    });

    it('needs one of any=', async () => {
      expect((await withToken('?any=categories:write,posts:write')).status).to.equal(200);
      expect((await withToken('?any=categories:write&any=posts:write')).status).to.equal(200);
      expect((await withToken('?any=categories:write,analytics:read')).status).to.equal(403);
    });

    it('denies a scope that nobody knows, even to whoever holds *', async () => {
      const everything = await ownerToken(server);
      for (const scope of ['posts:archive', 'postsx:read', 'constructor', 'openid', 'read']) {
        const answer = await verify(`?scope=${scope}`, { Authorization: `Bearer ${everything}` });
        expect(answer.status, scope).to.equal(403);
      }
    });

    it('is a 400 without a scope: an empty requirement is an error, never a pass', async () => {
      for (const query of [
        '',
        '?',
        '?scope=',
        '?scope=%20',
        '?scope=&scope=',
        '?any=',
        '?any=,',
        '?scopes=posts:read',
        '?Scope=posts:read',
        '?audience=x',
        '#scope=posts:read',
      ]) {
        const answer = await withToken(query);
        expect(answer.status, query).to.equal(400);
        expect(answer.json).to.have.all.keys('message');
      }
    });

    it('is a 400 for a wildcard and for anything outside the grammar', async () => {
      for (const scope of [
        '*',
        '*:*',
        'posts:*',
        '*:read',
        'Posts:Read',
        'posts:',
        ':read',
        'posts::read',
        'posts:read:all',
        'posts:re%00ad',
        'p%D0%BEsts:read',
        'posts:read%0D%0AX-Evil:1',
        '%ff',
        '__proto__:read',
        'posts:read,posts:write',
      ]) {
        expect((await withToken(`?scope=${scope}`)).status, scope).to.equal(400);
        expect((await withToken(`?scope=posts:read&scope=${scope}`)).status, scope).to.equal(400);
      }
    });

    it('is a 400 for scope and any together', async () => {
      expect((await withToken('?scope=posts:read&any=posts:write')).status).to.equal(400);
    });

    it('is not confused by thousands of questions or a very long one', async () => {
      for (let index = 0; index < 1100; index += 100) {
        const batch = Array.from({ length: 100 }, (_, offset) => withToken(`?scope=posts:read&n=${index + offset}`));
        for (const answer of await Promise.all(batch)) expect(answer.status).to.equal(200);
      }
      const long = `?scope=posts:read&${'scope=posts:write&'.repeat(400)}`;
      expect((await withToken(long)).status).to.equal(200);
    });
  });

  describe('audience', () => {
    it('takes the issuer for the default resource', async () => {
      const audience = encodeURIComponent(server.issuer);
      expect((await withToken(`?scope=posts:read&audience=${audience}`)).status).to.equal(200);
      expect((await withToken('?scope=posts:read&audience=')).status).to.equal(200);
    });

    it('refuses a token for any other audience with 401 (10.3.1)', async () => {
      for (const audience of ['https://other.example', `${server.issuer}/`, 'x', '*']) {
        const answer = await withToken(`?scope=posts:read&audience=${encodeURIComponent(audience)}`);
        expect(answer.status, audience).to.equal(401);
      }
    });
  });

  describe('401', () => {
    it('has a challenge without an error code when there was no credential (B35)', async () => {
      const answer = await verify('?scope=posts:read');
      expect(answer.status).to.equal(401);
      expect(answer.json).to.deep.equal(UNAUTHENTICATED);
      expect(answer.headers.get('WWW-Authenticate')).to.equal('Bearer realm="latchkey"');
      expect(answer.headers.get('Cache-Control')).to.equal('no-store');
      expect(answer.headers.get('X-Content-Type-Options')).to.equal('nosniff');
      expect(answer.headers.get('Content-Type')).to.equal('application/json; charset=utf-8');
    });

    const STRANGE = [
      'Bearer',
      'Bearer ',
      'Bearer x',
      `Bearer oct_${'A'.repeat(43)}`,
      `Bearer oat_${'A'.repeat(43)}`,
      `Bearer ort_${'A'.repeat(43)}`,
      'Bearer oct_short',
      `Bearer ${'x'.repeat(8000)}`,
      'Bearer a b',
      'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.',
      'Bearer "',
      'Bearer ,',
      'Basic',
      'Basic !!!!',
      'Basic =',
      'Basic A',
      'Basic AAAAA',
      'Basic /w==',
      `Basic ${btoa('user:password')}`,
      `Basic ${btoa('sk_live_x:password')}`,
      `Basic ${btoa('sk_live_x:')}`,
      `Basic ${btoa(':')}`,
      'Digest username="x"',
      'Token abc',
      '',
      '\u00e9\u00e8',
    ];
    for (const value of STRANGE) {
      it(`answers ${JSON.stringify(value.slice(0, 40))} as a credential that is not good`, async () => {
        const answer = await verify('?scope=posts:read', { Authorization: value });
        expect(answer.status).to.equal(401);
        expect(answer.json).to.deep.equal(UNAUTHENTICATED);
        expect(answer.headers.get('WWW-Authenticate')).to.equal('Bearer realm="latchkey", error="invalid_token"');
      });
    }

    it('does not tell an unknown token from a malformed one', async () => {
      const unknown = await verify('?scope=posts:read', { Authorization: `Bearer oct_${'B'.repeat(43)}` });
      const malformed = await verify('?scope=posts:read', { Authorization: 'Bearer oct_!' });
      expect(unknown.text).to.equal(malformed.text);
      expect(unknown.headers.get('WWW-Authenticate')).to.equal(malformed.headers.get('WWW-Authenticate'));
    });

    it('refuses a token with one character changed', async () => {
      for (const index of [0, 3, 4, 20, token.length - 1]) {
        const other = token[index] === 'x' ? 'y' : 'x';
        const changed = token.slice(0, index) + other + token.slice(index + 1);
        expect((await verify('?scope=posts:read', { Authorization: `Bearer ${changed}` })).status).to.equal(401);
      }
      const otherCase = token.replace(/[a-z](?=[^a-z]*$)/, (letter) => letter.toUpperCase());
      expect((await verify('?scope=posts:read', { Authorization: `Bearer ${otherCase}` })).status).to.equal(401);
    });

    it('refuses an expired token', async () => {
      const short = await clientToken(server, machine, 'posts:read');
      const { pool } = server.composed.installation.database;
      await pool.query(
        "UPDATE oauth_artifacts SET expires_at = now() - interval '1 second' WHERE id = (SELECT max(id) FROM oauth_artifacts)",
      );
      expect((await verify('?scope=posts:read', { Authorization: `Bearer ${short}` })).status).to.equal(401);
    });
  });

  describe('403', () => {
    it('says what is missing, in the body and in the challenge', async () => {
      const answer = await withToken('?scope=posts:read&scope=categories:write');
      expect(answer.status).to.equal(403);
      expect(answer.json).to.deep.equal({
        message: 'This action is unauthorized.',
        required_scope: 'posts:read categories:write',
        provided_scopes: ['posts:read', 'posts:write', 'posts:delete', 'categories:read'],
      });
      expect(answer.headers.get('WWW-Authenticate')).to.equal(
        'Bearer error="insufficient_scope", scope="posts:read categories:write"',
      );
    });

    it('answers a suspended workspace with its own sentence', async () => {
      const { pool } = server.composed.installation.database;
      await pool.query('UPDATE workspaces SET suspended_at = now()');
      try {
        const answer = await withToken('?scope=posts:read');
        expect(answer.status).to.equal(403);
        expect(answer.json).to.deep.equal({ message: 'Workspace suspended.' });
      } finally {
        await pool.query('UPDATE workspaces SET suspended_at = NULL');
      }
      expect((await withToken('?scope=posts:read')).status).to.equal(200);
    });

    it('shrinks with the workspace’s own ceiling, at once', async () => {
      const { pool } = server.composed.installation.database;
      await pool.query("UPDATE workspaces SET scopes = '{posts:read}'");
      try {
        expect((await withToken('?scope=posts:read')).headers.get('X-Auth-Scopes')).to.equal('posts:read');
        expect((await withToken('?scope=posts:write')).status).to.equal(403);
      } finally {
        await pool.query("UPDATE workspaces SET scopes = '{*}'");
      }
    });
  });

  describe('400', () => {
    it('refuses two different Authorization headers, whichever stands first', async () => {
      const good = `Authorization: Bearer ${token}`;
      const bad = 'authorization: Bearer other';
      for (const [first, second] of [
        [good, bad],
        [bad, good],
      ]) {
        const { status, body } = await askRaw(
          server,
          `GET /verify?scope=posts:read HTTP/1.1\r\nHost: x\r\n${first}\r\n${second}\r\nConnection: close\r\n\r\n`,
        );
        expect(status).to.equal(400);
        expect(JSON.parse(body)).to.deep.equal({ message: 'Only one credential per request is accepted.' });
      }
    });

    it('refuses a credential in the URL, beside a good one too', async () => {
      for (const name of ['access_token', 'token', 'api_key', 'key', 'ACCESS_TOKEN']) {
        expect((await verify(`?scope=posts:read&${name}=${token}`)).status, name).to.equal(400);
        expect((await withToken(`?${name}=${token}&scope=posts:read`)).status, name).to.equal(400);
      }
    });
  });

  it('is not reached by paths that only look like it', async () => {
    for (const path of ['/verify/', '/verify/x', '/Verify', '//verify', '/verify%3Fscope=posts:read', '/verify;x']) {
      const answer = await ask(server, `${path}?scope=posts:read`, { headers: { Authorization: `Bearer ${token}` } });
      expect(answer.status, path).to.be.oneOf([400, 404, 421]);
    }
  });

  it('allows no page to read its answer: it has no CORS', async () => {
    const answer = await verify('?scope=posts:read', {
      Authorization: `Bearer ${token}`,
      Origin: 'https://spa.example',
    });
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))).to.deep.equal([]);
  });
});
