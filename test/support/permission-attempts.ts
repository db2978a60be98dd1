import { randomBytes } from 'node:crypto';
import type { Callers } from './permission-callers.ts';

/** One call that would succeed for somebody who may make it. */
export interface Attempt {
  readonly path: string;
  readonly body?: unknown;
}

/** Builds a call of a route on things of its own, which belong to the owner and the first workspace. */
export type BuildAttempt = (route: string) => Promise<Attempt>;

/** Builds the attempts; throws for a route that it does not know, so that nobody adds one without saying who may call it. */
export function attempts({ owner, foreignWorkspace }: Pick<Callers, 'owner' | 'foreignWorkspace'>): BuildAttempt {
  async function make(path: string, body: unknown): Promise<Record<string, unknown>> {
    const answer = await owner.send('POST', path, body);
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
    return answer.json as Record<string, unknown>;
  }
  const email = (): string => `${randomBytes(6).toString('hex')}@example.com`;
  const newKey = { name: 'Key', scopes: ['posts:read'], environment: 'test' };
  const newClient = { client_name: 'App', grant_types: ['client_credentials'], scope: 'posts:read' };
  const key = async () => `/api/keys/${(await make('/api/keys', newKey)).id}`;
  const rotatedKey = async () => {
    const path = await key();
    await make(`${path}/rotate`, {});
    return path;
  };
  const token = async () => `/api/tokens/${(await make('/api/tokens', { name: 'Token', scopes: ['posts:read'] })).id}`;
  const client = async () => `/api/clients/${(await make('/api/clients', newClient)).client_id}`;
  const user = async (workspaceId = 1) =>
    Number((await make('/api/users', { email: email(), role: 'member', workspace_id: workspaceId })).id);
  const workspace = async () => `/api/workspaces/${(await make('/api/workspaces', { name: 'Place' })).id}`;
  const secret = async () => {
    const path = await client();
    return `${path}/secrets/${(await make(`${path}/secrets`, {})).id}`;
  };
  const on =
    (path: () => Promise<string>, rest = '', body?: unknown) =>
    async (): Promise<Attempt> => ({ path: (await path()) + rest, ...(body !== undefined && { body }) });
  const at = (path: string, body?: unknown) => async (): Promise<Attempt> => ({
    path,
    ...(body !== undefined && { body }),
  });
  const member = async () => `/api/workspaces/1/members/${await user()}`;
  const person = async () => `/api/users/${await user()}`;

  const builders: Readonly<Record<string, () => Promise<Attempt>>> = {
    'GET /api/me': at('/api/me'),
    // A wrong password: who gets so far may make the call, and nobody's password changes.
    'PUT /api/me/password': at('/api/me/password', {
      current_password: 'wrong',
      password: 'another river in the east',
    }),
    'PATCH /api/me': at('/api/me', { name: 'Renamed' }),
    'GET /api/me/keys': at('/api/me/keys'),
    'GET /api/sessions': at('/api/sessions'),
    'PATCH /api/sessions/current': at('/api/sessions/current', { workspace_id: 1 }),
    // Nobody's session: 404 for those who may.
    'DELETE /api/sessions/:id': at('/api/sessions/999999999'),
    'DELETE /api/sessions': at('/api/sessions'),
    'GET /api/tokens': at('/api/tokens'),
    'POST /api/tokens': at('/api/tokens', { name: 'Token', scopes: ['posts:read'] }),
    'DELETE /api/tokens': at('/api/tokens', { password: 'wrong' }),
    'DELETE /api/tokens/current': at('/api/tokens/current'),
    'GET /api/tokens/:id': on(token),
    'DELETE /api/tokens/:id': on(token),
    'PATCH /api/tokens/:id': on(token, '', { name: 'Renamed' }),
    'GET /api/tokens/:id/usage': on(token, '/usage'),
    'GET /api/tokens/:id/usage/scopes': on(token, '/usage/scopes'),
    'GET /api/tokens/:id/rate-limit': on(token, '/rate-limit'),
    'GET /api/keys': at('/api/keys'),
    'POST /api/keys': at('/api/keys', newKey),
    'GET /api/keys/:id': on(key),
    'PATCH /api/keys/:id': on(key, '', { name: 'Renamed' }),
    'DELETE /api/keys/:id': on(key),
    'POST /api/keys/:id/rotate': on(key, '/rotate', {}),
    'GET /api/keys/:id/usage': on(key, '/usage'),
    'GET /api/keys/:id/usage/scopes': on(key, '/usage/scopes'),
    'GET /api/keys/:id/rate-limit': on(key, '/rate-limit'),
    'GET /api/keys/attention': at('/api/keys/attention'),
    'GET /api/keys/makers': at('/api/keys/makers'),
    'GET /api/keys/:id/grace': on(rotatedKey, '/grace'),
    'POST /api/keys/:id/grace': on(rotatedKey, '/grace', { ends_at: new Date(Date.now() + 3_600_000).toISOString() }),
    'POST /api/verify': at('/api/verify', { credential: 'x', scopes: ['posts:read'] }),
    'GET /api/scopes': at('/api/scopes'),
    'GET /api/workspaces': at('/api/workspaces'),
    'POST /api/workspaces': at('/api/workspaces', { name: 'Place' }),
    'GET /api/workspaces/:id': at('/api/workspaces/1'),
    'PATCH /api/workspaces/:id': at('/api/workspaces/1', { name: 'First' }),
    'POST /api/workspaces/:id/suspend': on(workspace, '/suspend'),
    'POST /api/workspaces/:id/resume': on(workspace, '/resume'),
    'GET /api/workspaces/:id/usage': at('/api/workspaces/1/usage'),
    'GET /api/workspaces/:id/usage/scopes': at('/api/workspaces/1/usage/scopes'),
    'GET /api/workspaces/:id/members': at('/api/workspaces/1/members'),
    'POST /api/workspaces/:id/members': async () => ({
      path: '/api/workspaces/1/members',
      body: { user_id: await user(foreignWorkspace), role: 'member' },
    }),
    'GET /api/workspaces/:id/members/:user_id': on(member),
    'PATCH /api/workspaces/:id/members/:user_id': on(member, '', { role: 'member' }),
    'DELETE /api/workspaces/:id/members/:user_id': on(member),
    'GET /api/users': at('/api/users'),
    'POST /api/users': async () => ({ path: '/api/users', body: { email: email() } }),
    'GET /api/users/:id': on(person),
    'PATCH /api/users/:id': on(person, '', { name: 'Renamed' }),
    'POST /api/users/:id/disable': on(person, '/disable'),
    'POST /api/users/:id/enable': on(person, '/enable'),
    'POST /api/users/:id/invite': on(person, '/invite'),
    'DELETE /api/users/:id/sessions': on(person, '/sessions'),
    'GET /api/apps': at('/api/apps'),
    // An app that nobody let in: 404 for those who may.
    'DELETE /api/apps/:client_id': at('/api/apps/nobody'),
    'GET /api/clients': at('/api/clients'),
    'POST /api/clients': at('/api/clients', newClient),
    'GET /api/clients/:client_id': on(client),
    'PATCH /api/clients/:client_id': on(client, '', { client_name: 'Renamed' }),
    'DELETE /api/clients/:client_id': on(client),
    'POST /api/clients/:client_id/secrets': on(client, '/secrets', {}),
    'DELETE /api/clients/:client_id/secrets/:id': on(secret),
    'GET /api/clients/:client_id/usage': on(client, '/usage'),
    'GET /api/clients/:client_id/usage/scopes': on(client, '/usage/scopes'),
    'GET /api/clients/:client_id/rate-limit': on(client, '/rate-limit'),
    'GET /api/signing-keys': at('/api/signing-keys'),
    // A body at fault: who is told so may make the call, and no key is rotated sixteen times.
    'POST /api/signing-keys/rotate': at('/api/signing-keys/rotate', { immediately: 'perhaps' }),
    'GET /api/audit': at('/api/audit'),
    'POST /api/audit/search': at('/api/audit/search', { credential: 'x' }),
    'POST /api/credentials/revoke': async () => ({
      path: '/api/credentials/revoke',
      body: { credential: (await make('/api/keys', newKey)).key },
    }),
    'GET /api/scopes/:name/holders': at('/api/scopes/posts:read/holders'),
    'GET /api/health': at('/api/health'),
  };
  return (route) => {
    const build = Object.hasOwn(builders, route) ? builders[route] : undefined;
    if (build === undefined) throw new Error(`${route} has no attempt: say in test/support who may call it`);
    return build();
  };
}
