import { Validator } from '@seriousme/openapi-schema-validator';
import { expect } from 'chai';
import { ask } from '../support/ask.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

interface Described {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedCall>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

interface DescribedCall {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly { readonly $ref?: string; readonly name?: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Record<string, unknown> }>> };
  readonly responses: Readonly<Record<string, unknown>>;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly 'x-required-scopes'?: readonly string[];
}

describe('the description of the API', () => {
  let server: TestServer;
  let document: Described;

  before(async () => {
    server = await startServer();
    document = (await ask(server, '/api/openapi.json')).json as Described;
  });
  after(() => server.stop());

  const calls = () =>
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, call]) => ({ name: `${method.toUpperCase()} ${path}`, ...call })),
    );
  const call = (name: string) => calls().find((one) => one.name === name) ?? expect.fail(`${name} is not described`);

  it('is valid OpenAPI 3.1, as an independent validator sees it', async () => {
    const { valid, errors } = await new Validator().validate(
      structuredClone(document) as unknown as Record<string, unknown>,
    );
    expect(valid, JSON.stringify(errors, null, 1)?.slice(0, 2000)).to.equal(true);
    expect(document.openapi).to.match(/^3\.1\./);
  });

  it('has every declared route and no other call of /api but itself', () => {
    const declared = server.composed.apiRoutes.map(
      ({ method, path }) => `${method} ${path.replaceAll(/:([a-z_]+)/g, '{$1}')}`,
    );
    const described = calls()
      .map(({ name }) => name)
      .filter((name) => / \/api\//.test(name));
    expect(described).to.have.members([...declared, 'GET /api/openapi.json']);
  });

  it('names the server, and gives every call its own name and a resource', () => {
    expect(document.servers).to.deep.equal([{ url: server.issuer }]);
    const ids = calls().map(({ operationId }) => operationId);
    expect(new Set(ids).size, ids.sort().join(' ')).to.equal(ids.length);
    const tags = document.tags.map(({ name }) => name);
    for (const { name, tags: own } of calls()) expect(tags, name).to.include.members([...own]);
    expect(ids).to.include.members(['listKeys', 'createKey', 'rotateKey', 'deleteClientSecret', 'getMe']);
  });

  it('says of every route which scopes it needs and how to authenticate', () => {
    for (const { method, path, access } of server.composed.apiRoutes) {
      const described = call(`${method} ${path.replaceAll(/:([a-z_]+)/g, '{$1}')}`);
      const scopes = typeof access === 'object' ? access.scopes : undefined;
      if (scopes !== undefined) expect(described['x-required-scopes']).to.deep.equal(scopes);
      expect(described.security.length, path).to.be.greaterThan(0);
      if (access === 'session') expect(described.security.map((way) => 'session' in way)).to.deep.equal([true]);
    }
    expect(call('POST /api/keys').security).to.deep.include({ session: ['keys:manage'], xsrf: [] });
  });

  it('describes bodies as they are checked, and the header that makes repeats harmless', () => {
    const body = call('POST /api/keys').requestBody?.content['application/json']?.schema;
    expect(body).to.deep.include({ type: 'object', required: ['name', 'scopes'], additionalProperties: false });
    const withKey = calls()
      .filter(({ parameters }) => parameters?.some(({ $ref }) => $ref === '#/components/parameters/IdempotencyKey'))
      .map(({ name }) => name);
    expect(withKey).to.include.members([
      'POST /api/keys',
      'POST /api/tokens',
      'POST /api/keys/{id}/rotate',
      'POST /api/clients',
      'POST /api/clients/{client_id}/secrets',
    ]);
  });

  it('describes the calls beside the JSON API', () => {
    expect(Object.keys(document.paths)).to.include.members([
      '/verify',
      '/login',
      '/logout',
      '/csrf-cookie',
      '/auth/login',
      '/oauth/authorize',
      '/oauth/token',
      '/oauth/par',
      '/oauth/introspect',
      '/oauth/revoke',
      '/oauth/userinfo',
      '/oauth/jwks',
      '/.well-known/openid-configuration',
    ]);
  });

  it('is given to anybody, from any page, and may be kept', async () => {
    const { status, headers } = await ask(server, '/api/openapi.json', {
      headers: { Origin: 'https://elsewhere.example' },
    });
    expect(status).to.equal(200);
    expect(headers.get('Access-Control-Allow-Origin')).to.equal('*');
    expect(headers.get('Cache-Control')).to.equal('public, max-age=300');
    // Without the second header, fetch itself would ask past every cache.
    const conditional = { 'If-None-Match': headers.get('ETag') ?? '', 'Cache-Control': 'max-age=0' };
    const again = await ask(server, '/api/openapi.json', { headers: conditional });
    expect(again.status).to.equal(304);
    expect(again.text).to.equal('');
  });
});
