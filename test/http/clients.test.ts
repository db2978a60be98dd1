import { expect } from 'chai';
import { type Answer, ask, askJson, askRaw, askToken, basic, ownerToken, registerMachine } from '../support/ask.ts';
import { clientToken, startServer, type TestServer } from '../support/start-server.ts';

const MACHINE = { client_name: 'Machine', grant_types: ['client_credentials'], scope: 'posts:read' } as const;
const APP = { client_name: 'App', redirect_uris: ['https://app.example/cb'], scope: 'posts:read' } as const;

describe('/api/clients', () => {
  let server: TestServer;
  let owner: string;

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
  });
  after(() => server.stop());

  const post = (body: unknown, token = owner): Promise<Answer> => askJson(server, 'POST', '/api/clients', token, body);

  function expectInvalid(answer: Answer, ...fields: readonly string[]): void {
    expect(answer.status, answer.text.slice(0, 300)).to.equal(422);
    const body = answer.json as { message: string; errors: Record<string, string[]> };
    expect(body).to.have.all.keys('message', 'errors');
    expect(body.message).to.equal('The given data was invalid.');
    expect(Object.keys(body.errors), answer.text.slice(0, 300)).to.have.members([...fields]);
    for (const sentences of Object.values(body.errors)) {
      expect(sentences).to.be.an('array').with.length.above(0);
      for (const sentence of sentences) expect(sentence).to.match(/\.$/);
    }
  }

  describe('registration', () => {
    it('answers 201 with every field, and the secret this once', async () => {
      const answer = await post(MACHINE);
      expect(answer.status).to.equal(201);
      const client = answer.json as Record<string, unknown>;
      expect(client).to.have.all.keys(
        'client_id',
        'client_secret',
        'client_name',
        'workspace_id',
        'grant_types',
        'redirect_uris',
        'post_logout_redirect_uris',
        'scope',
        'token_endpoint_auth_method',
        'application_type',
        'jwks',
        'jwks_uri',
        'client_uri',
        'first_party',
        'resource_server',
        'created_by',
        'created_at',
        'updated_at',
        'last_used_at',
        'secrets',
      );
      expect(client.client_id).to.match(/^client_[A-Za-z0-9]{20}$/);
      expect(client.client_secret).to.match(/^ocs_[A-Za-z0-9]{43}$/);
      expect(client.created_at).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(answer.headers.get('Cache-Control')).to.equal('no-store');
      const shown = await askJson(server, 'GET', `/api/clients/${client.client_id}`, owner);
      expect(shown.text).to.not.include(String(client.client_secret));
      const { client_secret: _secret, ...rest } = client;
      expect(shown.json).to.deep.equal(rest);
    });

    it('gives a new client nothing it did not ask for (10.4.11)', async () => {
      const {
        scope,
        first_party: first,
        resource_server: server_,
      } = (await post({ ...APP, scope: undefined })).json as Record<string, unknown>;
      expect([scope, first, server_]).to.deep.equal(['', false, false]);
    });

    it('gives a public client no secret, and lets a client of the code grant refresh', async () => {
      const client = (await post({ ...APP, token_endpoint_auth_method: 'none' })).json as Record<string, unknown>;
      expect(client).to.not.have.property('client_secret');
      expect(client.secrets).to.deep.equal([]);
      expect(client.grant_types).to.have.members(['authorization_code', 'refresh_token']);
    });

    it('takes a client with a loopback redirect URI for a native one', async () => {
      const client = (await post({ ...APP, redirect_uris: ['http://127.0.0.1/cb'] })).json as Record<string, unknown>;
      expect(client.application_type).to.equal('native');
    });

    it('keeps what people write in their own letters', async () => {
      const client_name = 'Zoë’s 應用 🎧';
      const { client_id: id } = (await post({ ...MACHINE, client_name })).json as Record<string, unknown>;
      expect((await askJson(server, 'GET', `/api/clients/${id}`, owner)).json).to.include({ client_name });
    });
  });

  describe('422, field by field', () => {
    const PUBLIC_KEY = {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    };
    const DEEP = JSON.parse(`${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`);
    const CASES: readonly (readonly [string, unknown, readonly string[]])[] = [
      ['nothing at all', {}, ['client_name']],
      ['an empty name', { ...MACHINE, client_name: '' }, ['client_name']],
      ['a name of spaces', { ...MACHINE, client_name: '   ' }, ['client_name']],
      ['a name of 256 characters', { ...MACHINE, client_name: 'x'.repeat(256) }, ['client_name']],
      ['a name that is a number', { ...MACHINE, client_name: 7 }, ['client_name']],
      ['a name that is null', { ...MACHINE, client_name: null }, ['client_name']],
      ['a name with a NUL', { ...MACHINE, client_name: 'a\0b' }, ['client_name']],
      ['a name with a line break', { ...MACHINE, client_name: 'a\r\nb' }, ['client_name']],
      ['a name with half a character', { ...MACHINE, client_name: 'a\ud800b' }, ['client_name']],
      ['a name that turns the text around', { ...MACHINE, client_name: 'a\u202eb' }, ['client_name']],
      [
        'fields that do not exist',
        { ...MACHINE, client_id: 'mine', client_secret: 'x' },
        ['client_id', 'client_secret'],
      ],
      [
        'fields of the prototype',
        JSON.parse('{"client_name":"x","grant_types":["client_credentials"],"constructor":{}}'),
        ['constructor'],
      ],
      ['no grant', { ...MACHINE, grant_types: [] }, ['grant_types']],
      ['an unknown grant', { ...MACHINE, grant_types: ['password'] }, ['grant_types.0']],
      ['grants that are a text', { ...MACHINE, grant_types: 'client_credentials' }, ['grant_types']],
      ['refreshing alone', { ...MACHINE, grant_types: ['refresh_token'] }, ['grant_types']],
      ['a public client for itself', { ...MACHINE, token_endpoint_auth_method: 'none' }, ['grant_types']],
      ['a code grant without redirect URI', { ...APP, redirect_uris: [] }, ['redirect_uris']],
      ['51 redirect URIs', { ...APP, redirect_uris: Array(51).fill('https://a.example/') }, ['redirect_uris']],
      ['a redirect URI that is a number', { ...APP, redirect_uris: [1] }, ['redirect_uris.0']],
      [
        'an unknown method',
        { ...MACHINE, token_endpoint_auth_method: 'client_secret_jwt' },
        ['token_endpoint_auth_method'],
      ],
      ['an unknown type', { ...MACHINE, application_type: 'desktop' }, ['application_type']],
      ['an unknown scope', { ...MACHINE, scope: 'posts:nothing' }, ['scope']],
      ['a malformed scope', { ...MACHINE, scope: 'posts:re*' }, ['scope']],
      ['a reserved scope', { ...MACHINE, scope: 'openid' }, ['scope']],
      ['a scope with a NUL', { ...MACHINE, scope: 'posts:read\0' }, ['scope']],
      ['scopes as a list', { ...MACHINE, scope: ['posts:read'] }, ['scope']],
      ['a workspace that is none', { ...MACHINE, workspace_id: 987_654_321 }, ['workspace_id']],
      ['a workspace of 0', { ...MACHINE, workspace_id: 0 }, ['workspace_id']],
      ['a negative workspace', { ...MACHINE, workspace_id: -1 }, ['workspace_id']],
      ['half a workspace', { ...MACHINE, workspace_id: 1.5 }, ['workspace_id']],
      ['a workspace beyond all integers', { ...MACHINE, workspace_id: 1e300 }, ['workspace_id']],
      [
        'a workspace beyond bigint',
        '{"client_name":"x","grant_types":["client_credentials"],"workspace_id":9223372036854775808}',
        ['workspace_id'],
      ],
      ['a workspace as text', { ...MACHINE, workspace_id: '1' }, ['workspace_id']],
      ['first_party as text', { ...MACHINE, first_party: 'yes' }, ['first_party']],
      [
        'a public resource server',
        { ...APP, token_endpoint_auth_method: 'none', resource_server: true },
        ['resource_server'],
      ],
      ['a key method without keys', { ...MACHINE, token_endpoint_auth_method: 'private_key_jwt' }, ['jwks']],
      ['an empty key set', { ...MACHINE, jwks: { keys: [] } }, ['jwks.keys']],
      ['a private key', { ...MACHINE, jwks: { keys: [{ ...PUBLIC_KEY, d: 'secret' }] } }, ['jwks']],
      ['a symmetric key', { ...MACHINE, jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }, ['jwks']],
      ['a key that is no key', { ...MACHINE, jwks: { keys: [{ hello: 'world' }] } }, ['jwks']],
      ['a key off its curve', { ...MACHINE, jwks: { keys: [{ ...PUBLIC_KEY, y: PUBLIC_KEY.x }] } }, ['jwks']],
      ['a key with a NUL', { ...MACHINE, jwks: { keys: [{ ...PUBLIC_KEY, kid: 'a\0b' }] } }, ['jwks.keys.0.kid']],
      [
        'a key with half a character',
        { ...MACHINE, jwks: { keys: [{ ...PUBLIC_KEY, kid: '\ud800' }] } },
        ['jwks.keys.0.kid'],
      ],
      ['a key nested 3,000 deep', { ...MACHINE, jwks: { keys: [{ ...PUBLIC_KEY, kid: DEEP }] } }, ['jwks.keys.0.kid']],
      ['a key address on http', { ...MACHINE, jwks_uri: 'http://keys.example/jwks' }, ['jwks_uri']],
      ['a key address with a NUL', { ...MACHINE, jwks_uri: 'https://keys.example/\0' }, ['jwks_uri']],
      ['a home page that is a script', { ...MACHINE, client_uri: 'javascript:alert(1)' }, ['client_uri']],
      ['a home page with half a character', { ...MACHINE, client_uri: 'https://a.example/\udfff' }, ['client_uri']],
      ['a list instead of an object', [], ['body']],
      ['a list of objects', [MACHINE], ['body']],
    ];
    for (const [what, body, fields] of CASES) {
      it(`refuses ${what}, naming ${fields.join(' and ')}`, async () => {
        expectInvalid(await post(body), ...fields);
      });
    }

    const BAD_REDIRECT_URIS = [
      'app.example/cb',
      '/cb',
      '//app.example/cb',
      'http://app.example/cb',
      'https://*.app.example/cb',
      'https://app.example/cb#fragment',
      'https://app.example/cb#',
      'https://user@app.example/cb',
      'https://user:password@app.example/cb',
      'https://app.example/c b',
      ' https://app.example/cb',
      'https:\\\\app.example\\cb',
      'https://',
      'https:///cb',
      'https:app.example',
      'javascript:alert(1)',
      'JavaScript:alert(1)',
      'data:text/html,x',
      'file:///etc/passwd',
      'myapp:/cb',
      'com.example.app:/cb',
      'https://app.example/\0',
      'https://app.example/\n',
      'https://app.example/\ud800',
      'https://app.example/\u202e',
      '',
    ];
    for (const uri of BAD_REDIRECT_URIS) {
      it(`refuses the redirect URI ${JSON.stringify(uri)} of a web client`, async () => {
        const answer = await post({ ...APP, application_type: 'web', redirect_uris: [uri] });
        expectInvalid(answer, uri === '' ? 'redirect_uris.0' : 'redirect_uris');
      });
    }

    it('accepts what is written out, with a query too', async () => {
      for (const uri of ['https://app.example/cb?x=1&y=%20', 'https://app.example:8443/', 'https://[::1]/cb']) {
        expect((await post({ ...APP, redirect_uris: [uri] })).status, uri).to.equal(201);
      }
      const native = { ...APP, application_type: 'native', token_endpoint_auth_method: 'none' };
      for (const uri of ['http://127.0.0.1:4711/cb', 'http://[::1]/', 'com.example.app:/cb']) {
        expect((await post({ ...native, redirect_uris: [uri] })).status, uri).to.equal(201);
      }
    });

    it('refuses for a change what it refuses for a new client', async () => {
      const { client_id: id } = (await post(APP)).json as Record<string, unknown>;
      const patch = (body: unknown): Promise<Answer> => askJson(server, 'PATCH', `/api/clients/${id}`, owner, body);
      expectInvalid(await patch({ client_name: 'a\0' }), 'client_name');
      expectInvalid(await patch({ redirect_uris: [] }), 'redirect_uris');
      expectInvalid(await patch({ redirect_uris: ['http://app.example/'] }), 'redirect_uris');
      expectInvalid(await patch({ scope: 'nothing' }), 'scope');
      expectInvalid(await patch({ token_endpoint_auth_method: 'none' }), 'token_endpoint_auth_method');
      expectInvalid(await patch({ application_type: 'native' }), 'application_type');
      expectInvalid(await patch({ workspace_id: 1 }), 'workspace_id');
      expectInvalid(await patch([]), 'body');
      expect((await patch({})).status).to.equal(200);
      expect((await patch({ client_uri: 'https://a.example' })).json).to.include({ client_uri: 'https://a.example' });
      expect((await patch({ client_uri: null })).json).to.include({ client_uri: null });
    });

    it('refuses a secret that ends in the past, or at no time', async () => {
      const { client_id: id } = (await post(MACHINE)).json as Record<string, unknown>;
      const secret = (body: unknown): Promise<Answer> =>
        askJson(server, 'POST', `/api/clients/${id}/secrets`, owner, body);
      for (const expires_at of [
        '2001-01-01T00:00:00Z',
        'tomorrow',
        5,
        null,
        '2030-13-01T00:00:00Z',
        '+275760-09-13T00:00:01Z',
      ]) {
        expectInvalid(await secret({ expires_at }), 'expires_at');
      }
      expectInvalid(await secret({ ttl: 5 }), 'ttl');
      for (let count = 1; count < 10; count += 1) expect((await secret({})).status).to.equal(201);
      expect((await secret({})).status).to.equal(409);
    });
  });

  describe('the form of a request', () => {
    const send = (init: RequestInit & { headers?: Record<string, string> }): Promise<Answer> =>
      ask(server, '/api/clients', {
        method: 'POST',
        ...init,
        headers: { Authorization: `Bearer ${owner}`, ...init.headers },
      });

    it('refuses what is not JSON with 415, forms above all', async () => {
      for (const type of [
        'application/x-www-form-urlencoded',
        'text/plain',
        'multipart/form-data; boundary=x',
        'application/xml',
        'text/json',
      ]) {
        const answer = await send({ headers: { 'Content-Type': type }, body: JSON.stringify(MACHINE) });
        expect(answer.status, type).to.equal(415);
        expect(answer.json).to.have.all.keys('message');
      }
    });

    it('refuses a body without a type with 415', async () => {
      const answer = await send({ body: new Blob([JSON.stringify(MACHINE)]) });
      expect(answer.status).to.equal(415);
    });

    for (const body of [
      '{',
      '',
      'null',
      '1',
      '"text"',
      '{"a":1,}',
      "{'a':1}",
      '{"client_name":"x"} x',
      '\ufeff{}',
      '{"__proto__":{"a":1}}',
    ]) {
      it(`answers the body ${JSON.stringify(body)} with 400 or 422, quoting nothing of it`, async () => {
        const answer = await send({ headers: { 'Content-Type': 'application/json' }, body });
        expect(answer.status).to.be.oneOf([400, 422]);
        expect(answer.text).to.not.include('Unexpected');
        expect(answer.text).to.not.include('    at ');
      });
    }

    it('refuses a body beyond 64 kB with 413, announced or not', async () => {
      const body = JSON.stringify({ ...MACHINE, client_name: 'x'.repeat(70_000) });
      const announced = await send({ headers: { 'Content-Type': 'application/json' }, body });
      expect(announced.status).to.equal(413);
      expect(announced.json).to.deep.equal({ message: 'The request body is too large.' });
      const chunk = 'x'.repeat(70_000);
      const { status } = await askRaw(
        server,
        `POST /api/clients HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${owner}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunk.length.toString(16)}\r\n${chunk}\r\n0\r\n\r\n`,
      );
      expect(status).to.equal(413);
    });

    it('refuses a body in an encoding that it does not know or that is broken', async () => {
      for (const encoding of ['gzip', 'br', 'deflate', 'x-unknown']) {
        const answer = await send({
          headers: { 'Content-Type': 'application/json', 'Content-Encoding': encoding },
          body: JSON.stringify(MACHINE),
        });
        expect(answer.status, encoding).to.be.oneOf([400, 415]);
      }
    });

    it('survives nesting as deep as a body can be', async () => {
      for (const body of [
        '['.repeat(60_000),
        `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
        `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
      ]) {
        const answer = await send({ headers: { 'Content-Type': 'application/json' }, body });
        expect(answer.status).to.be.oneOf([400, 422]);
      }
    });
  });

  describe('lists', () => {
    it('goes through all clients once, page by page, also when many were made at the same moment', async () => {
      const { pool } = server.composed.installation.database;
      await pool.query(`
        INSERT INTO oauth_clients (client_id, workspace_id, client_name, grant_types, token_endpoint_auth_method, created_at)
        SELECT 'client_same_' || n, (SELECT id FROM workspaces WHERE own), 'Same', '{client_credentials}',
               'client_secret_basic', '2020-01-01T00:00:00.123Z'::timestamptz + (n % 5) * interval '1 microsecond'
          FROM generate_series(1, 25) AS n`);
      const { rows } = await pool.query<{ count: number }>('SELECT count(*)::int AS count FROM oauth_clients');
      for (const limit of [1, 7, 200]) {
        const seen: string[] = [];
        let cursor: string | null = '';
        for (let pages = 0; cursor !== null && pages < 300; pages += 1) {
          const page: Answer = await askJson(
            server,
            'GET',
            `/api/clients?limit=${limit}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
            owner,
          );
          expect(page.status).to.equal(200);
          const body = page.json as { data: { client_id: string }[]; next: string | null };
          expect(body.data).to.have.length.at.most(limit);
          seen.push(...body.data.map(({ client_id }) => client_id));
          cursor = body.next;
        }
        expect(seen).to.have.length(rows[0]?.count ?? 0);
        expect(new Set(seen).size).to.equal(seen.length);
      }
    });

    it('refuses a limit or a cursor that it did not write', async () => {
      const write = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      for (const limit of ['0', '-1', '201', '1.5', 'many', '', '1&limit=2', '9'.repeat(400), 'NaN', '%00']) {
        expectInvalid(await askJson(server, 'GET', `/api/clients?limit=${limit}`, owner), 'limit');
      }
      for (const cursor of [
        'x',
        '%00',
        '%ff',
        'null',
        write(null),
        write([]),
        write([1, 2]),
        write(['yesterday', 'x']),
        write(['2020-01-01T00:00:00Z']),
        write(['2020-01-01T00:00:00Z', 'a\0b']),
        write(['+275760-09-13T00:00:01.000Z', 'x']),
        write(['-271821-04-20T00:00:00.000Z', 'x']),
        write(['2020-01-01', "x' OR 1=1"]),
        write(['2020-01-01T00:00:00Z', '\ud800']),
        write({ 0: 'a', 1: 'b' }),
        '['.repeat(400),
        'x'.repeat(501),
      ]) {
        const answer = await askJson(server, 'GET', `/api/clients?cursor=${encodeURIComponent(cursor)}`, owner);
        expectInvalid(answer, 'cursor');
      }
      expectInvalid(await askJson(server, 'GET', '/api/clients?offset=1', owner), 'offset');
    });
  });

  describe('who may call it', () => {
    it('needs admin:clients at every call', async () => {
      const { client_id: id } = (await post(MACHINE)).json as Record<string, unknown>;
      const everythingElse = await registerMachine(server, owner, '*:* keys:manage admin:users');
      const token = await clientToken(server, everythingElse, '*:* keys:manage admin:users');
      for (const [method, path] of [
        ['GET', '/api/clients'],
        ['POST', '/api/clients'],
        ['GET', `/api/clients/${id}`],
        ['PATCH', `/api/clients/${id}`],
        ['DELETE', `/api/clients/${id}`],
        ['POST', `/api/clients/${id}/secrets`],
        ['DELETE', `/api/clients/${id}/secrets/1`],
      ] as const) {
        const body = method === 'POST' || method === 'PATCH' ? {} : undefined;
        const refused = await askJson(server, method, path, token, body);
        expect(refused.status, path).to.equal(403);
        expect(refused.json).to.include({ required_scope: 'admin:clients' });
        expect((await ask(server, path, { method })).status, path).to.equal(401);
      }
      expect((await askJson(server, 'GET', `/api/clients/${id}`, owner)).status).to.equal(200);
    });

    it('asks who is there before it says what is wrong with the body', async () => {
      const answer = await ask(server, '/api/clients', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{}',
      });
      expect(answer.status).to.equal(401);
    });

    it('counts admin:clients in the first workspace only, whatever a row says', async () => {
      const { pool } = server.composed.installation.database;
      const { rows } = await pool.query<{ id: number }>(
        "INSERT INTO workspaces (name) VALUES ('Guests') RETURNING id::int",
      );
      const guest = await registerMachine(server, owner, 'admin:clients');
      const token = await clientToken(server, guest, 'admin:clients');
      expect((await askJson(server, 'GET', '/api/clients', token)).status).to.equal(200);
      await pool.query('UPDATE oauth_clients SET workspace_id = $1 WHERE client_id = $2', [
        rows[0]?.id,
        guest.clientId,
      ]);
      expect((await askJson(server, 'GET', '/api/clients', token)).status).to.equal(403);
      const asked = await askToken(server, guest, { grant_type: 'client_credentials', scope: 'admin:clients' });
      expect(asked.status).to.equal(400);
    });
  });

  describe('nobody grants what they do not hold', () => {
    const HELD = 'admin:clients posts:read categories:*';
    let narrow: string;

    before(async () => {
      narrow = await clientToken(server, await registerMachine(server, owner, HELD), HELD);
    });

    for (const scope of [
      'posts:write',
      'posts:*',
      '*',
      '*:*',
      '*:read',
      'posts:read posts:write',
      'admin:*',
      'keys:manage',
    ]) {
      it(`refuses ${scope} to a caller who holds ${HELD}`, async () => {
        expectInvalid(await post({ ...MACHINE, scope }, narrow), 'scope');
      });
    }

    for (const scope of ['', 'posts:read', 'categories:*', 'categories:write', 'admin:clients']) {
      it(`allows ${scope || 'nothing'} to that caller`, async () => {
        expect((await post({ ...MACHINE, scope }, narrow)).status).to.equal(201);
      });
    }

    it('judges wildcards by form, not by what exists today', async () => {
      const all = 'admin:clients posts:read posts:write posts:delete';
      const token = await clientToken(server, await registerMachine(server, owner, all), all);
      expectInvalid(await post({ ...MACHINE, scope: 'posts:*' }, token), 'scope');
    });

    it('is bound by the token, not by its client', async () => {
      const login = await registerMachine(server, owner, 'admin:clients posts:*');
      const token = await clientToken(server, login, 'admin:clients');
      expectInvalid(await post({ ...MACHINE, scope: 'posts:read' }, token), 'scope');
    });

    it('lets nobody widen a client by a change', async () => {
      const { client_id: id } = (await post(MACHINE, narrow)).json as Record<string, unknown>;
      const path = `/api/clients/${id}`;
      expectInvalid(await askJson(server, 'PATCH', path, narrow, { scope: 'posts:write' }), 'scope');
      expect((await askJson(server, 'PATCH', path, narrow, { scope: 'categories:read' })).status).to.equal(200);
    });

    it('lets nobody take over a client that may do more than they', async () => {
      const strong = await registerMachine(server, owner, 'posts:write');
      const path = `/api/clients/${strong.clientId}`;
      expectInvalid(await askJson(server, 'POST', `${path}/secrets`, narrow, {}), 'scope');
      expectInvalid(await askJson(server, 'PATCH', path, narrow, { client_name: 'Mine' }), 'scope');
      expect((await askJson(server, 'PATCH', path, narrow, { scope: 'posts:read' })).status).to.equal(200);
      expect((await askJson(server, 'POST', `${path}/secrets`, narrow, {})).status).to.equal(201);
    });
  });

  it('answers 404 for what does not exist, in the same words for every name', async () => {
    for (const id of [
      'nobody',
      '%00',
      'a%00b',
      '..%2f..',
      '%ff',
      `client_${'x'.repeat(2000)}`,
      "x'--",
      '%F0%9F%8E%A7',
    ]) {
      for (const [method, path] of [
        ['GET', `/api/clients/${id}`],
        ['PATCH', `/api/clients/${id}`],
        ['DELETE', `/api/clients/${id}`],
        ['POST', `/api/clients/${id}/secrets`],
        ['DELETE', `/api/clients/${id}/secrets/1`],
      ] as const) {
        const body = method === 'POST' || method === 'PATCH' ? {} : undefined;
        const answer = await askJson(server, method, path, owner, body);
        expect(answer.status, `${method} ${path}`).to.equal(404);
        expect(answer.json).to.deep.equal({ message: 'Not found.' });
      }
    }
    const login = await registerMachine(server, owner, 'posts:read');
    for (const id of ['0', '-1', '+1', '%201', '1.0', '1e3', '9'.repeat(30), '9007199254740993', 'x', '%00']) {
      const answer = await askJson(server, 'DELETE', `/api/clients/${login.clientId}/secrets/${id}`, owner);
      expect(answer.status, id).to.equal(404);
    }
  });

  it('deletes one secret of that client only', async () => {
    const [one, other] = [await registerMachine(server, owner, ''), await registerMachine(server, owner, '')];
    const { secrets } = (await askJson(server, 'GET', `/api/clients/${one.clientId}`, owner)).json as {
      secrets: { id: number }[];
    };
    const foreign = `/api/clients/${other.clientId}/secrets/${secrets[0]?.id}`;
    expect((await askJson(server, 'DELETE', foreign, owner)).status).to.equal(404);
    const own = `/api/clients/${one.clientId}/secrets/${secrets[0]?.id}`;
    expect((await askJson(server, 'DELETE', own, owner)).status).to.equal(204);
    expect((await askJson(server, 'DELETE', own, owner)).status).to.equal(404);
  });

  it('shows when each secret last proved the client, wherever it did, and when the client was last used', async () => {
    const { client_id: clientId, client_secret: first } = (await post({ ...MACHINE, resource_server: true }))
      .json as Record<string, string>;
    const path = `/api/clients/${clientId}`;
    const { client_secret: second } = (await askJson(server, 'POST', `${path}/secrets`, owner, {})).json as {
      client_secret: string;
    };
    const shown = async () => {
      await server.composed.flushUsage();
      return (await askJson(server, 'GET', path, owner)).json as {
        last_used_at: string | null;
        secrets: { last_used_at: string | null }[];
      };
    };
    const login = (clientSecret = '') => ({ clientId: clientId ?? '', clientSecret });
    const grant = { grant_type: 'client_credentials' };
    expect((await askToken(server, login(`${first}x`), grant)).status).to.equal(401);
    expect(await shown()).to.deep.include({ last_used_at: null });
    expect((await shown()).secrets.map((one) => one.last_used_at)).to.deep.equal([null, null]);

    expect((await askToken(server, login(second), grant)).status).to.equal(200);
    const [unused, used] = (await shown()).secrets;
    expect(unused?.last_used_at).to.equal(null);
    expect(used?.last_used_at).to.match(/^20.*Z$/);

    const asked = await ask(server, '/oauth/introspect', {
      method: 'POST',
      headers: { Authorization: basic(login(first)) },
      body: new URLSearchParams({ token: 'x' }),
    });
    expect(asked.status).to.equal(200);
    expect((await shown()).secrets[0]?.last_used_at).to.match(/^20.*Z$/);

    expect((await shown()).last_used_at).to.equal(null);
    const token = await clientToken(server, login(first));
    expect((await askJson(server, 'GET', '/api/me', token)).status).to.equal(200);
    expect((await shown()).last_used_at).to.match(/^20.*Z$/);
    const { data } = (await askJson(server, 'GET', '/api/clients?limit=100', owner)).json as {
      data: { client_id: string; last_used_at: string | null }[];
    };
    expect(data.find((one) => one.client_id === clientId)?.last_used_at).to.match(/^20.*Z$/);
  });
});
