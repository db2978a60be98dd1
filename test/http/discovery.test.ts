import { expect } from 'chai';
import { ask, askRaw } from '../support/ask.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const DOCUMENTS = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'] as const;

describe('the discovery documents and the key set', () => {
  let server: TestServer;

  before(async () => {
    server = await startServer();
  });
  after(() => server.stop());

  async function documentAt(path: string): Promise<Record<string, unknown>> {
    const { status, headers, json } = await ask(server, path);
    expect(status).to.equal(200);
    expect(headers.get('Content-Type')).to.match(/^application\/json/);
    return json as Record<string, unknown>;
  }

  for (const path of DOCUMENTS) {
    it(`says at ${path} where everything is, literally below the issuer`, async () => {
      const document = await documentAt(path);
      expect(document.issuer).to.equal(server.issuer);
      expect(document.authorization_endpoint).to.equal(`${server.issuer}/oauth/authorize`);
      expect(document.token_endpoint).to.equal(`${server.issuer}/oauth/token`);
      expect(document.jwks_uri).to.equal(`${server.issuer}/oauth/jwks`);
      expect(document.pushed_authorization_request_endpoint).to.equal(`${server.issuer}/oauth/par`);
      expect(document.authorization_response_iss_parameter_supported).to.equal(true);
    });

    it(`offers at ${path} OAuth 2.1 and nothing older (B6, B11, 10.6.1)`, async () => {
      const document = await documentAt(path);
      expect(document.response_types_supported).to.deep.equal(['code']);
      expect(document.grant_types_supported).to.include.members([
        'authorization_code',
        'refresh_token',
        'client_credentials',
      ]);
      expect(document.grant_types_supported).to.not.include.members(['implicit']);
      expect(document.grant_types_supported).to.not.include.members(['password']);
      expect(document.code_challenge_methods_supported).to.deep.equal(['S256']);
      expect(document.token_endpoint_auth_methods_supported).to.have.members([
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt',
        'none',
      ]);
      expect(document.id_token_signing_alg_values_supported).to.deep.equal(['ES256']);
      for (const algorithms of Object.entries(document).filter(([name]) => name.includes('signing_alg'))) {
        expect(algorithms[1], algorithms[0]).to.not.include.members(['none']);
        expect((algorithms[1] as string[]).filter((name) => name.startsWith('HS'))).to.deep.equal([]);
      }
    });

    it(`lists at ${path} the whole vocabulary and the reserved scopes of OpenID Connect`, async () => {
      const { scopes_supported: scopes } = await documentAt(path);
      expect((scopes as string[]).slice(0, 4)).to.deep.equal(['openid', 'profile', 'email', 'offline_access']);
      expect(scopes).to.include.members([...server.composed.installation.catalog.names]);
      expect(new Set(scopes as string[]).size).to.equal((scopes as string[]).length);
    });

    it(`lets at ${path} no list be empty (RFC 8414 section 3.2)`, async () => {
      const empty = Object.entries(await documentAt(path)).filter(
        ([, value]) => Array.isArray(value) && value.length === 0,
      );
      expect(empty).to.deep.equal([]);
    });

    it(`answers a request for another host at ${path} with 421 and writes nothing of it`, async () => {
      for (const host of ['evil.example', 'localhost', '127.0.0.1:1', 'localhost:1@evil.example']) {
        const { status, head, body } = await askRaw(
          server,
          `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
        );
        expect(status, host).to.equal(421);
        expect(head + body).to.not.include('evil');
      }
    });

    it(`writes nothing of a forwarded host at ${path} (M2)`, async () => {
      const plain = await ask(server, path);
      const forwarded = await ask(server, path, {
        headers: {
          'X-Forwarded-Host': 'evil.example',
          'X-Forwarded-Proto': 'https',
          'X-Forwarded-Port': '444',
          Forwarded: 'host=evil.example;proto=https',
          'X-Original-Host': 'evil.example',
        },
      });
      expect(forwarded.text).to.equal(plain.text);
    });
  }

  it('lets every page read the documents and the keys, and every cache keep them for minutes', async () => {
    for (const path of [...DOCUMENTS, '/oauth/jwks']) {
      const { headers } = await ask(server, path, { headers: { Origin: 'https://spa.example' } });
      expect(headers.get('Access-Control-Allow-Origin'), path).to.equal('*');
      expect(headers.get('Access-Control-Allow-Credentials'), path).to.equal(null);
      expect(headers.get('Cache-Control'), path).to.equal('public, max-age=300');
    }
  });

  it('answers the preflight of any page for the documents and the keys', async () => {
    for (const path of [...DOCUMENTS, '/oauth/jwks']) {
      const { status, headers } = await ask(server, path, {
        method: 'OPTIONS',
        headers: { Origin: 'https://spa.example', 'Access-Control-Request-Method': 'GET' },
      });
      expect(status, path).to.be.oneOf([200, 204]);
      expect(headers.get('Access-Control-Allow-Origin'), path).to.be.oneOf(['*', 'https://spa.example']);
      expect(headers.get('Access-Control-Allow-Credentials'), path).to.equal(null);
    }
  });

  it('publishes ES256 keys without a private member', async () => {
    const { keys } = (await ask(server, '/oauth/jwks')).json as { keys: Record<string, string>[] };
    expect(keys).to.have.length(1);
    for (const key of keys) {
      expect(key).to.have.all.keys('kty', 'crv', 'x', 'y', 'kid', 'alg', 'use');
      expect(key).to.include({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
    }
  });

  it('offers no endpoint that the documents do not name', async () => {
    const document = await documentAt('/.well-known/openid-configuration');
    for (const path of ['/oauth/register', '/reg', '/request', '/oauth/backchannel', '/oauth/challenge', '/token']) {
      const { status } = await ask(server, path, { method: 'POST' });
      expect(status, path).to.equal(404);
    }
    expect(document).to.not.have.any.keys('registration_endpoint', 'check_session_iframe');
  });

  it('answers at every endpoint that the documents name', async () => {
    const document = await documentAt('/.well-known/openid-configuration');
    const endpoints = Object.entries(document).filter(([name]) => /_endpoint$|_uri$/.test(name));
    for (const [name, url] of endpoints) {
      const path = new URL(String(url)).pathname;
      const both = [await ask(server, path), await ask(server, path, { method: 'POST' })];
      expect(
        both.map(({ status }) => status).filter((status) => status !== 404),
        name,
      ).to.not.have.length(0);
    }
  });
});
