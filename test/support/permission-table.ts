import type { AnyRoute } from '../../src/api/route.ts';

/** Every kind of caller, and what it is; the order is that of the columns below. */
export const callerKinds: readonly (readonly [name: string, description: string])[] = [
  ['nobody', 'no credential'],
  ['session of an owner', 'the session of an owner of the first workspace'],
  ['session of a member', 'the session of a member of the first workspace'],
  ['token * of an owner', 'a personal access token with `*`, of that owner'],
  ['token with one scope', 'a personal access token with `posts:read`, of that owner'],
  ['key *', 'an API key of the first workspace with `*`'],
  ['key with one scope', 'an API key of the first workspace with `posts:read`'],
  ['client *', "a client's own token with `*`"],
  ['client with one scope', "a client's own token with `posts:read`"],
  ['token of another workspace', 'a personal access token with `*` of an owner of another workspace'],
  ['key of another workspace', 'an API key with `*` of another workspace'],
  ['suspended workspace', 'a personal access token with `*` of a workspace that is suspended'],
  ['disabled user', 'a personal access token with `*` of an owner who is disabled'],
  ['expired', 'a personal access token with `*` that has expired'],
  ['revoked', 'a personal access token with `*` that was revoked'],
  ['resource server', 'a client that is marked as a resource server, by its secret'],
];

/**
 * What every kind of caller is answered at every route, about things of the first workspace and its owner. The statuses
 * stand in the order of `callerKinds`. A change here is a change of who may do what.
 */
export const permissions: Readonly<Record<string, string>> = {
  'PUT /api/me/password': '401 422 422 403 403 403 403 403 403 403 403 403 401 401 401 401',
  'PATCH /api/me': '401 200 200 403 403 403 403 403 403 403 403 403 401 401 401 401',
  'GET /api/me/keys': '401 200 200 403 403 403 403 403 403 403 403 403 401 401 401 401',
  'GET /api/sessions': '401 200 200 403 403 403 403 403 403 403 403 403 401 401 401 401',
  'PATCH /api/sessions/current': '401 200 200 403 403 403 403 403 403 403 403 403 401 401 401 401',
  'DELETE /api/sessions/:id': '401 404 404 403 403 403 403 403 403 403 403 403 401 401 401 401',
  'DELETE /api/sessions': '401 204 204 403 403 403 403 403 403 403 403 403 401 401 401 401',
  'GET /api/me': '401 200 200 200 200 200 200 200 200 200 200 403 401 401 401 401',
  'GET /api/tokens': '401 200 200 200 403 403 403 403 403 200 403 403 401 401 401 401',
  'POST /api/tokens': '401 201 201 201 403 403 403 403 403 201 403 403 401 401 401 401',
  'GET /api/tokens/:id': '401 200 404 200 403 403 403 403 403 404 403 403 401 401 401 401',
  'DELETE /api/tokens/:id': '401 204 404 204 403 403 403 403 403 404 403 403 401 401 401 401',
  'DELETE /api/tokens': '401 422 422 422 403 403 403 403 403 422 403 403 401 401 401 401',
  'PATCH /api/tokens/:id': '401 200 404 200 403 403 403 403 403 404 403 403 401 401 401 401',
  'GET /api/tokens/:id/usage': '401 200 404 200 403 403 403 403 403 404 403 403 401 401 401 401',
  'GET /api/tokens/:id/usage/scopes': '401 200 404 200 403 403 403 403 403 404 403 403 401 401 401 401',
  'GET /api/tokens/:id/rate-limit': '401 200 404 200 403 403 403 403 403 404 403 403 401 401 401 401',
  'DELETE /api/tokens/current': '401 404 404 204 204 404 404 404 404 204 404 403 401 401 401 401',
  'GET /api/keys': '401 200 403 200 403 200 403 200 403 200 200 403 401 401 401 401',
  'POST /api/keys': '401 201 403 201 403 201 403 201 403 201 201 403 401 401 401 401',
  'GET /api/keys/:id': '401 200 403 200 403 200 403 200 403 404 404 403 401 401 401 401',
  'PATCH /api/keys/:id': '401 200 403 200 403 200 403 200 403 404 404 403 401 401 401 401',
  'DELETE /api/keys/:id': '401 204 403 204 403 204 403 204 403 404 404 403 401 401 401 401',
  'POST /api/keys/:id/rotate': '401 201 403 201 403 201 403 201 403 404 404 403 401 401 401 401',
  'GET /api/keys/attention': '401 200 403 200 403 200 403 200 403 200 200 403 401 401 401 401',
  'GET /api/keys/makers': '401 200 403 200 403 200 403 200 403 200 200 403 401 401 401 401',
  'GET /api/keys/:id/grace': '401 200 403 200 403 200 403 200 403 404 404 403 401 401 401 401',
  'POST /api/keys/:id/grace': '401 200 403 200 403 200 403 200 403 404 404 403 401 401 401 401',
  'GET /api/keys/:id/usage': '401 200 403 200 403 200 403 200 403 404 404 403 401 401 401 401',
  'GET /api/keys/:id/usage/scopes': '401 200 403 200 403 200 403 200 403 404 404 403 401 401 401 401',
  'GET /api/keys/:id/rate-limit': '401 200 403 200 403 200 403 200 403 404 404 403 401 401 401 401',
  'POST /api/verify': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 200',
  'GET /api/scopes': '401 200 200 200 200 200 200 200 200 200 200 403 401 401 401 401',
  'GET /api/workspaces': '401 200 200 200 200 200 200 200 200 200 200 403 401 401 401 401',
  'POST /api/workspaces': '401 201 403 201 403 201 403 201 403 403 403 403 401 401 401 401',
  'GET /api/workspaces/:id': '401 200 200 200 200 200 200 200 200 404 404 403 401 401 401 401',
  'PATCH /api/workspaces/:id': '401 200 403 200 403 200 403 200 403 404 404 403 401 401 401 401',
  'POST /api/workspaces/:id/suspend': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'POST /api/workspaces/:id/resume': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'GET /api/workspaces/:id/usage': '401 200 403 200 403 200 403 200 403 404 404 403 401 401 401 401',
  'GET /api/workspaces/:id/usage/scopes': '401 200 403 200 403 200 403 200 403 404 404 403 401 401 401 401',
  'GET /api/workspaces/:id/members': '401 200 200 200 403 200 403 200 403 404 404 403 401 401 401 401',
  'POST /api/workspaces/:id/members': '401 201 403 201 403 201 403 201 403 404 404 403 401 401 401 401',
  'GET /api/workspaces/:id/members/:user_id': '401 200 200 200 403 200 403 200 403 404 404 403 401 401 401 401',
  'PATCH /api/workspaces/:id/members/:user_id': '401 200 403 200 403 200 403 200 403 404 404 403 401 401 401 401',
  'DELETE /api/workspaces/:id/members/:user_id': '401 204 403 204 403 204 403 204 403 404 404 403 401 401 401 401',
  'GET /api/users': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'POST /api/users': '401 201 403 201 403 201 403 201 403 403 403 403 401 401 401 401',
  'GET /api/users/:id': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'PATCH /api/users/:id': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'POST /api/users/:id/disable': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'POST /api/users/:id/enable': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'POST /api/users/:id/invite': '401 201 403 201 403 201 403 201 403 403 403 403 401 401 401 401',
  'DELETE /api/users/:id/sessions': '401 204 403 204 403 204 403 204 403 403 403 403 401 401 401 401',
  'GET /api/apps': '401 200 200 200 403 403 403 403 403 200 403 403 401 401 401 401',
  'DELETE /api/apps/:client_id': '401 404 404 404 403 403 403 403 403 404 403 403 401 401 401 401',
  'GET /api/clients': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'POST /api/clients': '401 201 403 201 403 201 403 201 403 403 403 403 401 401 401 401',
  'GET /api/clients/:client_id': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'PATCH /api/clients/:client_id': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'DELETE /api/clients/:client_id': '401 204 403 204 403 204 403 204 403 403 403 403 401 401 401 401',
  'POST /api/clients/:client_id/secrets': '401 201 403 201 403 201 403 201 403 403 403 403 401 401 401 401',
  'DELETE /api/clients/:client_id/secrets/:id': '401 204 403 204 403 204 403 204 403 403 403 403 401 401 401 401',
  'GET /api/clients/:client_id/usage': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'GET /api/clients/:client_id/usage/scopes': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'GET /api/clients/:client_id/rate-limit': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'GET /api/signing-keys': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'POST /api/signing-keys/rotate': '401 422 403 422 403 422 403 422 403 403 403 403 401 401 401 401',
  'GET /api/audit': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'POST /api/audit/search': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'POST /api/credentials/revoke': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'GET /api/scopes/:name/holders': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
  'GET /api/health': '401 200 403 200 403 200 403 200 403 403 403 403 401 401 401 401',
};

/** The status that a caller gets at a route by the table; throws where the table does not say. */
export function expectedStatus(route: string, caller: string): number {
  const row = Object.hasOwn(permissions, route) ? permissions[route]?.split(' ') : undefined;
  const status = row?.[callerKinds.findIndex(([name]) => name === caller)];
  if (status === undefined) throw new Error(`the table of permissions says nothing about ${route} for ${caller}`);
  return Number(status);
}

/** Prints the table as `docs/permissions.md`. */
export function permissionsDocument(routes: readonly Pick<AnyRoute, 'method' | 'path' | 'access'>[]): string {
  const letters = callerKinds.map((_, index) => String.fromCharCode('A'.charCodeAt(0) + index));
  const needs = new Map(routes.map(({ method, path, access }) => [`${method} ${path}`, needOf(access)]));
  return [
    '# Permissions',
    '',
    'Who is answered what by the JSON API. The tests ask every route as every kind of caller and hold the server to this',
    'table; it is printed from `test/support/permission-table.ts`, and a route that is not in it fails the tests.',
    '',
    'The things asked about belong to the first workspace and its owner. 2xx: done. 401: no good credential. 403: a good one',
    'that may not do this. 404: not there, or of somebody else. 422: may do it, and the body of this attempt is at fault on',
    'purpose (a wrong password, say). What is refused changes nothing.',
    '',
    ...callerKinds.map(([, description], index) => `- **${letters[index]}** ${description}`),
    '',
    `| call | needs | ${letters.join(' | ')} |`,
    `| --- | --- | ${letters.map(() => '---').join(' | ')} |`,
    ...Object.entries(permissions).map(
      ([route, row]) => `| \`${route}\` | ${needs.get(route) ?? ''} | ${row.split(' ').join(' | ')} |`,
    ),
    '',
  ].join('\n');
}

function needOf(access: AnyRoute['access']): string {
  if (typeof access === 'object') return access.scopes.map((scope) => `\`${scope}\``).join(' ');
  return {
    any_credential: 'a credential',
    session: 'a session',
    resource_server: '`credentials:introspect`, or a resource server',
  }[access];
}
