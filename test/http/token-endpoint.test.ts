import { expect } from 'chai';
import { type Answer, ask, askJson, askRaw, askToken, basic, ownerToken, registerMachine } from '../support/ask.ts';
import { clientToken, type MachineLogin, startServer, type TestServer } from '../support/start-server.ts';

const CLIENT_CREDENTIALS = { grant_type: 'client_credentials' } as const;

describe('POST /oauth/token by client credentials', () => {
  let server: TestServer;
  let owner: string;
  let machine: MachineLogin;

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
    machine = await registerMachine(server, owner, 'posts:* categories:read');
  });
  after(() => server.stop());

  function expectError(answer: Answer, status: number, error: string): void {
    expect(answer.json, answer.text).to.be.an('object').that.includes({ error });
    expect(answer.status).to.equal(status);
    expect(answer.headers.get('Cache-Control')).to.equal('no-store');
    expect(answer.headers.get('Content-Type')).to.match(/^application\/json/);
    expect(answer.headers.get('X-Request-Id')).to.match(/^[0-9a-f-]{36}$/);
    expect((answer.json as { error_description?: string }).error_description ?? '').to.match(
      /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/,
    );
  }

  function tokenOf(answer: Answer): { access_token: string; scope: string; expires_in: number; token_type: string } {
    expect(answer.status, answer.text).to.equal(200);
    return answer.json as ReturnType<typeof tokenOf>;
  }

  describe('scopes', () => {
    it('gives the vocabulary’s defaults within the ceiling when none is asked for, and says which', async () => {
      const answer = tokenOf(await askToken(server, machine, CLIENT_CREDENTIALS));
      expect(answer.scope).to.equal('posts:read');
      expect(answer.token_type).to.equal('Bearer');
      expect(answer.expires_in).to.equal(3600);
    });

    it('takes an empty scope for an absent one (B27)', async () => {
      expect(tokenOf(await askToken(server, machine, { ...CLIENT_CREDENTIALS, scope: '' })).scope).to.equal(
        'posts:read',
      );
    });

    it('refuses when none of the defaults is within the ceiling, instead of giving a token for nothing', async () => {
      const narrow = await registerMachine(server, owner, 'categories:read');
      expectError(await askToken(server, narrow, CLIENT_CREDENTIALS), 400, 'invalid_scope');
    });

    it('gives a wildcard that lies within the ceiling by form', async () => {
      expect(tokenOf(await askToken(server, machine, { ...CLIENT_CREDENTIALS, scope: 'posts:*' })).scope).to.equal(
        'posts:*',
      );
    });

    it('gives each scope once, in the order asked for', async () => {
      const scope = 'categories:read posts:write categories:read posts:write';
      const answer = tokenOf(await askToken(server, machine, { ...CLIENT_CREDENTIALS, scope }));
      expect(answer.scope).to.equal('categories:read posts:write');
    });

    const EXCESSES = [
      'categories:write',
      'posts:read categories:write',
      '*',
      '*:*',
      '*:read',
      'categories:*',
      'admin:clients',
      'posts:nothing',
      'POSTS:READ',
      'posts:read,posts:write',
      'posts:re*',
      '__proto__:x',
      'constructor',
      'posts:read\tposts:write',
      'posts:read\u0000',
      'pоsts:read',
      'posts:read openid admin:audit',
    ];
    for (const scope of EXCESSES) {
      it(`refuses ${JSON.stringify(scope)}, which the ceiling or the vocabulary does not have`, async () => {
        expectError(await askToken(server, machine, { ...CLIENT_CREDENTIALS, scope }), 400, 'invalid_scope');
      });
    }

    for (const scope of ['openid', 'openid profile email offline_access']) {
      it(`refuses ${scope} alone, because there is no person to identify`, async () => {
        const answer = await askToken(server, machine, { ...CLIENT_CREDENTIALS, scope });
        expectError(answer, 400, 'invalid_scope');
      });
    }
  });

  describe('the proof of who asks', () => {
    it('refuses a wrong secret with 401, a challenge and no hint (B28)', async () => {
      const answer = await askToken(server, { ...machine, clientSecret: `ocs_${'x'.repeat(43)}` }, CLIENT_CREDENTIALS);
      expectError(answer, 401, 'invalid_client');
      expect(answer.headers.get('WWW-Authenticate')).to.match(/^Basic realm=/);
      const unknown = await askToken(server, { clientId: 'client_nobody', clientSecret: 'x' }, CLIENT_CREDENTIALS);
      expectError(unknown, 401, 'invalid_client');
      expect(unknown.text).to.equal(answer.text);
    });

    it('refuses a secret that differs in its last character, its case or by what follows it', async () => {
      const { clientSecret } = machine;
      const last = clientSecret.at(-1) === 'a' ? 'b' : 'a';
      for (const wrong of [
        clientSecret.slice(0, -1) + last,
        clientSecret.toLowerCase(),
        `${clientSecret}x`,
        clientSecret.slice(0, -1),
        'kept-as-hashes',
        'ocs_',
      ]) {
        expectError(
          await askToken(server, { ...machine, clientSecret: wrong }, CLIENT_CREDENTIALS),
          401,
          'invalid_client',
        );
      }
    });

    it('refuses the stored hash of a secret as a secret', async () => {
      const { rows } = await server.composed.installation.database.pool.query<{ secret_hash: string }>(
        'SELECT secret_hash FROM oauth_client_secrets WHERE client_id = $1',
        [machine.clientId],
      );
      const clientSecret = rows[0]?.secret_hash ?? '';
      expect(clientSecret).to.match(/^sha256\$/);
      expectError(await askToken(server, { ...machine, clientSecret }, CLIENT_CREDENTIALS), 401, 'invalid_client');
    });

    it('accepts the secret in the body as well (B37)', async () => {
      const body = { ...CLIENT_CREDENTIALS, client_id: machine.clientId, client_secret: machine.clientSecret };
      tokenOf(await askToken(server, null, body));
    });

    it('refuses two methods at once with 400, though both are right (B17)', async () => {
      const body = { ...CLIENT_CREDENTIALS, client_id: machine.clientId, client_secret: machine.clientSecret };
      expectError(await askToken(server, machine, body), 400, 'invalid_request');
    });

    it('refuses a Basic client with another client_id in the body', async () => {
      expectError(
        await askToken(server, machine, { ...CLIENT_CREDENTIALS, client_id: 'other' }),
        400,
        'invalid_request',
      );
    });

    it('refuses a secret in the URL, and does not read one there (B17)', async () => {
      const secretInUrl = await ask(
        server,
        `/oauth/token?client_id=${machine.clientId}&client_secret=${machine.clientSecret}`,
        { method: 'POST', body: new URLSearchParams(CLIENT_CREDENTIALS) },
      );
      expectError(secretInUrl, 400, 'invalid_request');
      const all = await ask(
        server,
        `/oauth/token?grant_type=client_credentials&client_id=${machine.clientId}&client_secret=${machine.clientSecret}`,
        { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
      );
      expectError(all, 400, 'invalid_request');
      const besideAGoodOne = await ask(server, `/oauth/token?client_secret=${machine.clientSecret}`, {
        method: 'POST',
        headers: { Authorization: basic(machine) },
        body: new URLSearchParams(CLIENT_CREDENTIALS),
      });
      expectError(besideAGoodOne, 400, 'invalid_request');
    });

    it('refuses no credential, an empty one and one that is no Basic', async () => {
      expectError(await askToken(server, null, CLIENT_CREDENTIALS), 401, 'invalid_client');
      for (const value of ['', 'Basic', 'Basic !!!', 'Basic Og==', `Bearer ${owner}`, 'Basic YQ==', 'Digest x']) {
        const answer = await askToken(server, null, CLIENT_CREDENTIALS, { Authorization: value });
        expect(answer.status, value).to.be.oneOf([400, 401]);
      }
    });

    it('refuses two Authorization headers, though the first is right', async () => {
      const body = 'grant_type=client_credentials';
      const { status } = await askRaw(
        server,
        [
          'POST /oauth/token HTTP/1.1',
          `Host: ${new URL(server.issuer).host}`,
          `Authorization: ${basic(machine)}`,
          `Authorization: ${basic({ clientId: 'other', clientSecret: 'x' })}`,
          'Content-Type: application/x-www-form-urlencoded',
          `Content-Length: ${body.length}`,
          'Connection: close',
          '',
          body,
        ].join('\r\n'),
      );
      expect(status).to.equal(400);
    });

    it('gives a public client nothing for client credentials (B38)', async () => {
      const registered = await askJson(server, 'POST', '/api/clients', owner, {
        client_name: 'Public',
        grant_types: ['authorization_code'],
        redirect_uris: ['https://app.example/cb'],
        token_endpoint_auth_method: 'none',
        scope: 'posts:read',
      });
      const { client_id: clientId } = registered.json as { client_id: string };
      const answer = await askToken(server, null, { ...CLIENT_CREDENTIALS, client_id: clientId });
      expectError(answer, 400, 'invalid_request');
    });
  });

  describe('the form of a request', () => {
    it('refuses JSON', async () => {
      const answer = await ask(server, '/oauth/token', {
        method: 'POST',
        headers: { Authorization: basic(machine), 'Content-Type': 'application/json' },
        body: JSON.stringify(CLIENT_CREDENTIALS),
      });
      expectError(answer, 400, 'invalid_request');
    });

    it('refuses grants that OAuth 2.1 has dropped and those that nobody knows (10.4.4)', async () => {
      for (const grant of ['password', 'implicit', 'urn:ietf:params:oauth:grant-type:jwt-bearer', 'x', '__proto__']) {
        expectError(await askToken(server, machine, { grant_type: grant }), 400, 'unsupported_grant_type');
      }
      expectError(await askToken(server, machine, {}), 400, 'invalid_request');
    });

    it('refuses a grant that the client is not registered for', async () => {
      const answer = await askToken(server, machine, { grant_type: 'authorization_code', code: 'x' });
      expectError(answer, 400, 'invalid_request');
    });

    it('refuses a repeated parameter, whichever it is (B27)', async () => {
      for (const name of ['grant_type', 'scope', 'client_id', 'client_secret']) {
        const value = name === 'grant_type' ? 'client_credentials' : 'posts:read';
        const pairs: [string, string][] = [['grant_type', 'client_credentials']];
        if (name !== 'grant_type') pairs.push([name, value]);
        pairs.push([name, value]);
        const answer = await askToken(server, name.startsWith('client') ? null : machine, pairs);
        expectError(answer, 400, 'invalid_request');
      }
    });

    it('ignores a parameter that it does not know (B27)', async () => {
      tokenOf(
        await askToken(server, machine, { ...CLIENT_CREDENTIALS, colour: 'blue', authorization_details: '[{}]' }),
      );
    });

    it('answers GET with 404 or 405 and no token', async () => {
      const answer = await ask(server, '/oauth/token?grant_type=client_credentials', {
        headers: { Authorization: basic(machine) },
      });
      expect(answer.status).to.be.oneOf([404, 405]);
      expect(answer.text).to.not.include('access_token');
    });

    it('refuses a body beyond its limit', async () => {
      const answer = await askToken(server, machine, { ...CLIENT_CREDENTIALS, filler: 'x'.repeat(200_000) });
      expect(answer.status).to.be.oneOf([400, 413]);
      expect(answer.text).to.not.include('    at ');
    });

    it('forbids every cache to keep a token', async () => {
      const answer = await askToken(server, machine, CLIENT_CREDENTIALS);
      expect(answer.headers.get('Cache-Control')).to.equal('no-store');
      expect(Object.keys(answer.json as object)).to.have.members(['access_token', 'expires_in', 'token_type', 'scope']);
    });
  });

  describe('resources', () => {
    it('refuses a resource that is not registered (9.2.4)', async () => {
      for (const resource of ['https://nobody.example', `${server.issuer}/`, 'not a uri', `${server.issuer}#x`]) {
        expectError(await askToken(server, machine, { ...CLIENT_CREDENTIALS, resource }), 400, 'invalid_target');
      }
    });

    it('takes the issuer for the API itself', async () => {
      const { access_token: token } = tokenOf(
        await askToken(server, machine, { ...CLIENT_CREDENTIALS, resource: server.issuer }),
      );
      expect((await askJson(server, 'GET', '/v1/posts', token)).status).to.equal(200);
    });
  });

  describe('secrets that come and go', () => {
    const statusWith = async (login: MachineLogin): Promise<number> =>
      (await askToken(server, login, CLIENT_CREDENTIALS)).status;

    it('accepts every live secret of a client, and a deleted or expired one never again', async () => {
      const first = await registerMachine(server, owner, 'posts:read');
      const path = `/api/clients/${first.clientId}/secrets`;
      const soon = new Date(Date.now() + 3_600_000).toISOString();
      const second = (await askJson(server, 'POST', path, owner, {})).json as { id: number; client_secret: string };
      const third = (await askJson(server, 'POST', path, owner, { expires_at: soon })).json as typeof second;
      const logins = [second, third].map(({ client_secret: clientSecret }) => ({ ...first, clientSecret }));
      const [withSecond, withThird] = logins as [MachineLogin, MachineLogin];
      expect(new Set([first, ...logins].map(({ clientSecret }) => clientSecret)).size).to.equal(3);
      for (const login of [first, ...logins]) expect(await statusWith(login)).to.equal(200);

      expect((await askJson(server, 'DELETE', `${path}/${second.id}`, owner)).status).to.equal(204);
      expect(await statusWith(withSecond)).to.equal(401);
      expect(await statusWith(withThird)).to.equal(200);

      await server.composed.installation.database.pool.query(
        "UPDATE oauth_client_secrets SET expires_at = now() - interval '1 second' WHERE id = $1",
        [third.id],
      );
      expect(await statusWith(withThird)).to.equal(401);
      expect(await statusWith(first)).to.equal(200);
    });

    it('kills the tokens of a deleted client at once, and lets it get no other', async () => {
      const login = await registerMachine(server, owner, 'posts:read');
      const token = await clientToken(server, login, 'posts:read');
      expect((await askJson(server, 'GET', '/v1/posts', token)).status).to.equal(200);
      expect((await askJson(server, 'DELETE', `/api/clients/${login.clientId}`, owner)).status).to.equal(204);
      for (const path of ['/v1/posts', '/verify?scope=posts:read', '/api/scopes']) {
        expect((await askJson(server, 'GET', path, token)).status, path).to.equal(401);
      }
      expect(await statusWith(login)).to.equal(401);
    });

    it('shrinks the live tokens of a client whose ceiling shrinks, at once', async () => {
      const login = await registerMachine(server, owner, 'posts:read posts:write');
      const token = await clientToken(server, login, 'posts:read posts:write');
      expect((await askJson(server, 'GET', '/verify?scope=posts:write', token)).status).to.equal(200);
      const changed = await askJson(server, 'PATCH', `/api/clients/${login.clientId}`, owner, { scope: 'posts:read' });
      expect(changed.status).to.equal(200);
      expect((await askJson(server, 'GET', '/verify?scope=posts:write', token)).status).to.equal(403);
      expect((await askJson(server, 'GET', '/verify?scope=posts:read', token)).status).to.equal(200);
    });

    it('refuses a token of a suspended workspace everywhere, and gives it none', async () => {
      const { pool } = server.composed.installation.database;
      const { rows } = await pool.query<{ id: number }>(
        "INSERT INTO workspaces (name, own) VALUES ('Guests', false) RETURNING id::int",
      );
      const registered = await askJson(server, 'POST', '/api/clients', owner, {
        client_name: 'Guest',
        grant_types: ['client_credentials'],
        scope: 'posts:read',
        workspace_id: rows[0]?.id,
      });
      const body = registered.json as { client_id: string; client_secret: string };
      const login = { clientId: body.client_id, clientSecret: body.client_secret };
      const token = await clientToken(server, login, 'posts:read');
      await pool.query('UPDATE workspaces SET suspended_at = now() WHERE id = $1', [rows[0]?.id]);
      for (const path of ['/v1/posts', '/verify?scope=posts:read', '/api/scopes']) {
        const answer = await askJson(server, 'GET', path, token);
        expect(answer.status, path).to.equal(403);
        expect(answer.json).to.deep.equal({ message: 'Workspace suspended.' });
      }
      expect(await statusWith(login)).to.not.equal(200);
    });
  });
});
