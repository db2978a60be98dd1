import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import pg from 'pg';
import { apiRouter } from '../../src/api/api-router.ts';
import type { AnyRoute } from '../../src/api/route.ts';
import { type Attempt, attempts, type BuildAttempt } from '../support/permission-attempts.ts';
import { type Callers, openCallers, type Send } from '../support/permission-callers.ts';
import { callerKinds, expectedStatus, permissions, permissionsDocument } from '../support/permission-table.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const page = new URL('../../docs/permissions.md', import.meta.url);

/** Everything that a call could change, without the marks of use that every call leaves. */
const STATE = [
  'users',
  'workspaces',
  'memberships',
  'credentials',
  'oauth_clients',
  'oauth_client_secrets',
  'oauth_grants',
  'sessions',
  'signing_keys',
  'one_time_links',
]
  .map(
    (table) =>
      `SELECT coalesce(string_agg(row, '' ORDER BY row), '') AS rows FROM (SELECT (to_jsonb(t) - ARRAY['last_used_at', 'last_used_address', 'last_seen_at', 'last_signed_in_at'])::text AS row FROM ${table} t) AS one`,
  )
  .join(' UNION ALL ');

describe('the permissions of every route for every kind of caller', function () {
  this.timeout(120_000);
  let server: TestServer;
  let callers: Callers;
  let build: BuildAttempt;
  let database: pg.Client;
  let routes: readonly AnyRoute[];

  before(async () => {
    server = await startServer();
    callers = await openCallers(server);
    build = attempts(callers);
    routes = server.composed.apiRoutes;
    database = new pg.Client({ connectionString: server.databaseUrl });
    await database.connect();
  });
  after(async () => {
    await database?.end();
    await server?.stop();
  });

  const nameOf = ({ method, path }: Pick<AnyRoute, 'method' | 'path'>): string => `${method} ${path}`;
  const state = async (): Promise<string> => JSON.stringify((await database.query(STATE)).rows);
  const as = (name: string): Send => callers.send[name] ?? expect.fail(`there is no caller ${name}`);

  it('are stated for every declared route and no other, for every kind of caller', () => {
    expect(Object.keys(permissions)).to.have.members(routes.map(nameOf));
    expect(Object.keys(callers.send)).to.deep.equal(callerKinds.map(([name]) => name));
    for (const row of Object.values(permissions)) expect(row.split(' ')).to.have.length(callerKinds.length);
  });

  it('are printed in docs/permissions.md as they are tested', async () => {
    const printed = permissionsDocument(routes);
    if (process.env.UPDATE_DOCS === '1') await writeFile(page, printed);
    expect(await readFile(page, 'utf8'), 'print it anew with UPDATE_DOCS=1').to.equal(printed);
  });

  describe('identifiers of others in a body or a query', () => {
    const OTHERS: readonly (readonly [method: string, path: string, body: unknown])[] = [
      ['GET', '/api/keys?workspace_id=1', undefined],
      ['POST', '/api/keys', { name: 'Key', scopes: ['posts:read'], workspace_id: 1 }],
      ['POST', '/api/tokens', { name: 'Token', scopes: ['posts:read'], workspace_id: 1 }],
    ];
    for (const caller of ['token of another workspace', 'key of another workspace']) {
      it(`are refused to a ${caller}`, async () => {
        for (const [method, path, body] of OTHERS) {
          const before = await state();
          const { status, text } = await as(caller)(method, path, body);
          expect(status, `${method} ${path}: ${text}`).to.be.oneOf([403, 422]);
          expect(text).to.not.include('"data"');
          expect(await state()).to.equal(before);
        }
      });
    }
  });

  describe('members that only the server sets', () => {
    const FIELDS: readonly (readonly [route: string, fields: Readonly<Record<string, unknown>>])[] = [
      ['PATCH /api/keys/:id', { workspace_id: 2, key_hash: 'x', revoked_at: null, environment: 'live', created_by: 1 }],
      ['PATCH /api/users/:id', { role: 'owner', password_hash: 'x', disabled_at: null, id: 1 }],
      ['PATCH /api/workspaces/:id', { own: true, suspended_at: null, id: 2 }],
      ['PATCH /api/workspaces/:id/members/:user_id', { user_id: 1, workspace_id: 2 }],
      [
        'PATCH /api/clients/:client_id',
        { client_id: 'x', workspace_id: 2, created_by: 1, token_endpoint_auth_method: 'none' },
      ],
      ['POST /api/tokens', { user_id: 2, token_hash: 'x', created_by: 2 }],
      ['POST /api/keys', { created_by: 2, key_hash: 'x', match_proof: 'x' }],
    ];
    for (const [route, fields] of FIELDS) {
      it(`are refused one by one at ${route}`, async () => {
        const [method = ''] = route.split(' ');
        for (const [field, value] of Object.entries(fields)) {
          const { path, body } = await build(route);
          const before = await state();
          const answer = await as('token * of an owner')(method, path, { ...(body as object), [field]: value });
          expect(answer.status, field).to.equal(422);
          expect(answer.json, field).to.have.nested.property(`errors.${field}`);
          expect(await state()).to.equal(before);
        }
      });
    }
  });

  describe('a route that does not say who may call it', () => {
    const declared = (access: unknown): readonly AnyRoute[] => [
      { ...(routes[0] ?? expect.fail('no routes')), access: access as AnyRoute['access'] },
    ];
    const deps = {} as Parameters<typeof apiRouter>[1];

    for (const access of [
      undefined,
      null,
      '',
      'anybody',
      {},
      { scopes: [] },
      { scopes: ['posts:*'] },
      { scopes: 'a' },
    ]) {
      it(`keeps the server from starting: ${JSON.stringify(access)}`, () => {
        expect(() => apiRouter(declared(access), deps)).to.throw('does not declare who may call it');
      });
    }

    it('keeps it from starting too when it is declared twice', () => {
      const [one = expect.fail('no routes')] = routes;
      expect(() => apiRouter([one, one], deps)).to.throw('declared twice');
      expect(() => apiRouter(routes, deps)).to.not.throw();
    });
  });

  describe('as a whole', () => {
    // The one route that ends the credential in use comes last, and with it this part.
    const last = (route: string): number => Number(route === 'DELETE /api/tokens/current');
    for (const route of Object.keys(permissions).sort((left, right) => last(left) - last(right))) {
      it(`are what the table says at ${route}, and a refusal changes nothing`, async () => {
        const [method = ''] = route.split(' ');
        let prepared: { readonly attempt: Attempt; readonly before: string } | undefined;
        for (const [caller] of callerKinds) {
          if (prepared === undefined) {
            const attempt = await build(route);
            prepared = { attempt, before: await state() };
          }
          const { attempt, before } = prepared;
          const { status, text } = await as(caller)(method, attempt.path, attempt.body);
          expect(status, `${caller}: ${text}`).to.equal(expectedStatus(route, caller));
          // What was refused is still there for the next caller; what was done needs another thing to do it to.
          if (status >= 400 || method === 'GET') expect(await state(), `${caller} changed something`).to.equal(before);
          else prepared = undefined;
        }
      });
    }
  });
});
