import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { type Answer, ask, askJson, basic, registerMachine } from './ask.ts';
import { type PageProgram, pageProgram } from './page-program.ts';
import { administrator } from './person.ts';
import { clientToken, commandLineToken, type TestServer } from './start-server.ts';

/** Sends one call as somebody. */
export type Send = (method: string, path: string, body?: unknown) => Promise<Answer>;

/** Every kind of caller by its name, and what the attempts need to know. */
export interface Callers {
  readonly owner: { readonly id: number; readonly password: string; readonly send: Send };
  readonly foreignWorkspace: number;
  readonly send: Readonly<Record<string, Send>>;
}

const PASSWORD = 'a quiet river in the north';

/** Opens one caller of every kind on a server of its own. */
export async function openCallers(server: TestServer): Promise<Callers> {
  const root = await commandLineToken(server);
  const bearer =
    (credential: string): Send =>
    (method, path, body) =>
      askJson(server, method, path, credential, body);
  const asRoot = bearer(root);
  const session = async (account: { email: string; password: string }): Promise<Send> => {
    const page: PageProgram = pageProgram(server);
    await page.signIn(account);
    return (method, path, body) => page.send(method, path, body);
  };
  const made = async (sent: Promise<Answer>): Promise<Record<string, unknown>> => {
    const { status, json, text } = await sent;
    if (status > 201) throw new Error(`${status} ${text}`);
    return json as Record<string, unknown>;
  };
  const user = async (role: string, workspaceId: number) => {
    const account = { email: `${randomBytes(6).toString('hex')}@example.com`, password: PASSWORD };
    const body = { ...account, role, workspace_id: workspaceId };
    return { ...account, id: Number((await made(asRoot('POST', '/api/users', body))).id) };
  };
  const workspace = async (name: string): Promise<number> =>
    Number((await made(asRoot('POST', '/api/workspaces', { name }))).id);
  /** By name, so that what is ended or expired below can be found. */
  const token = async (account: { email: string; password: string }, scopes: readonly string[], name = 'caller') => {
    const sent = await ask(server, '/auth/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email: account.email, password: account.password, token_name: name, scopes }),
    });
    return String((await made(Promise.resolve(sent))).token);
  };
  const key = async (scopes: readonly string[], workspaceId = 1): Promise<string> =>
    String((await made(asRoot('POST', '/api/keys', { name: 'caller', scopes, workspace_id: workspaceId }))).key);

  const admin = administrator(server);
  const foreign = await workspace('Another');
  const suspended = await workspace('Suspended');
  const stranger = await user('owner', foreign);
  const member = await user('member', 1);
  const leaver = await user('owner', 1);
  const ofSuspended = await user('owner', suspended);
  const resourceServer = await made(
    asRoot('POST', '/api/clients', {
      client_name: 'API',
      grant_types: ['client_credentials'],
      scope: '',
      resource_server: true,
    }),
  );
  const send: Record<string, Send> = {
    nobody: (method, path, body) =>
      ask(server, path, {
        method,
        ...(body !== undefined && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
      }),
    'session of an owner': await session(admin),
    'session of a member': await session(member),
    'token * of an owner': bearer(await token(admin, ['*'])),
    'token with one scope': bearer(await token(admin, ['posts:read'])),
    'key *': bearer(await key(['*'])),
    'key with one scope': bearer(await key(['posts:read'])),
    'client *': bearer(await clientToken(server, await registerMachine(server, root, '*'), '*')),
    'client with one scope': bearer(await clientToken(server, await registerMachine(server, root, 'posts:read'))),
    'token of another workspace': bearer(await token(stranger, ['*'])),
    'key of another workspace': bearer(await key(['*'], foreign)),
    'suspended workspace': bearer(await token(ofSuspended, ['*'])),
    'disabled user': bearer(await token(leaver, ['*'])),
    expired: bearer(await token(admin, ['*'], 'expired caller')),
    revoked: bearer(await token(admin, ['*'], 'revoked caller')),
    'resource server': (method, path, body) =>
      ask(server, path, {
        method,
        headers: {
          Authorization: basic({
            clientId: String(resourceServer.client_id),
            clientSecret: String(resourceServer.client_secret),
          }),
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
  };
  await made(asRoot('POST', `/api/workspaces/${suspended}/suspend`));
  await made(asRoot('POST', `/api/users/${leaver.id}/disable`));
  const database = new pg.Client({ connectionString: server.databaseUrl });
  await database.connect();
  await database.query(`UPDATE credentials SET expires_at = now() - interval '1 hour' WHERE name = 'expired caller'`);
  await database.query(`UPDATE credentials SET revoked_at = now() WHERE name = 'revoked caller'`);
  await database.end();
  return {
    owner: { id: 1, password: admin.password, send: asRoot },
    foreignWorkspace: foreign,
    send,
  };
}
