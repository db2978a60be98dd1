import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as openid from 'openid-client';
import { type Answer, ask, askJson } from './ask.ts';
import { type Choices, type Person, person } from './person.ts';
import type { TestServer } from './start-server.ts';

/** Where apps under test get their answers; nobody listens there, the last redirect is read and not followed. */
export const callback = 'https://reader.example/callback';

/** A registered app, with an independent library configured for it. */
export interface AppUnderTest {
  readonly clientId: string;
  /** Empty for clients without one. */
  readonly clientSecret: string;
  readonly config: openid.Configuration;
}

/** An authorization that has begun. */
export interface Flow {
  readonly url: URL;
  readonly verifier: string;
  readonly state: string;
}

/** What a code brought. */
export type Tokens = openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers;

/** Registers an app through the API; `settings` are members of its registration. */
export async function registerApp(
  server: Pick<TestServer, 'url' | 'issuer'>,
  token: string,
  settings: Readonly<Record<string, unknown>> = {},
  authentication?: openid.ClientAuth,
): Promise<AppUnderTest> {
  const answer = await askJson(server, 'POST', '/api/clients', token, {
    client_name: 'Reader',
    redirect_uris: [callback],
    post_logout_redirect_uris: ['https://reader.example/bye'],
    scope: 'posts:* categories:read analytics:read',
    ...settings,
  });
  const { client_id: clientId, client_secret: clientSecret = '' } = (answer.json ?? {}) as Record<string, string>;
  if (clientId === undefined) throw new Error(`${answer.status} ${answer.text}`);
  const method = settings.token_endpoint_auth_method;
  const secret = method === 'client_secret_post' ? openid.ClientSecretPost : openid.ClientSecretBasic;
  const config = await openid.discovery(
    new URL(server.issuer),
    clientId,
    undefined,
    authentication ?? (clientSecret === '' ? openid.None() : secret(clientSecret)),
    { execute: [openid.allowInsecureRequests] },
  );
  return { clientId, clientSecret, config };
}

/** Begins an authorization with PKCE and state, as `openid-client` does it. */
export async function beginFlow(
  { config }: Pick<AppUnderTest, 'config'>,
  scope: string | null,
  more: Readonly<Record<string, string>> = {},
): Promise<Flow> {
  const verifier = openid.randomPKCECodeVerifier();
  const state = openid.randomState();
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    ...(scope !== null && { scope }),
    state,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...more,
  });
  return { url, verifier, state };
}

/** Redeems the code of the URL that the browser ended at. */
export function finishFlow(
  { config }: Pick<AppUnderTest, 'config'>,
  flow: Flow,
  at: URL,
  resource?: string,
): Promise<Tokens> {
  return openid.authorizationCodeGrant(
    config,
    at,
    { pkceCodeVerifier: flow.verifier, expectedState: flow.state },
    resource === undefined ? undefined : { resource },
  );
}

/** Lets an app in from its first request to its tokens. */
export async function letIn(
  app: AppUnderTest,
  somebody: Person,
  scope: string | null,
  more: Readonly<Record<string, string>> = {},
  choices: Choices = {},
): Promise<Tokens> {
  const flow = await beginFlow(app, scope, more);
  return finishFlow(app, flow, await somebody.authorize(flow.url, choices));
}

/** Redeems a code with the parameters as they stand, the client named or proven as it is registered. */
export function redeem(
  server: Pick<TestServer, 'url'>,
  app: AppUnderTest,
  flow: Flow,
  at: URL,
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<Answer> {
  return askTokenAs(server, app, {
    grant_type: 'authorization_code',
    code: at.searchParams.get('code') ?? '',
    redirect_uri: flow.url.searchParams.get('redirect_uri') ?? '',
    code_verifier: flow.verifier,
    ...changes,
  });
}

/** Refreshes with the parameters as they stand. */
export function refresh(
  server: Pick<TestServer, 'url'>,
  app: AppUnderTest,
  refreshToken: string | undefined,
  changes: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return askTokenAs(server, app, { grant_type: 'refresh_token', refresh_token: refreshToken, ...changes });
}

/** Asks the token endpoint, or another that authenticates clients, as an app. */
export function askTokenAs(
  server: Pick<TestServer, 'url'>,
  { clientId, clientSecret }: Pick<AppUnderTest, 'clientId' | 'clientSecret'>,
  parameters: Readonly<Record<string, string | undefined>>,
  path = '/oauth/token',
): Promise<Answer> {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) body.set(name, value);
  if (clientSecret === '') body.set('client_id', clientId);
  const headers: Record<string, string> =
    clientSecret === '' ? {} : { Authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` };
  return ask(server, path, { method: 'POST', headers, body });
}

/** Status of a question to `/verify`. */
export async function verdict(
  server: Pick<TestServer, 'url'>,
  credential: string,
  scope: string,
  audience?: string,
): Promise<number> {
  const query = new URLSearchParams({ scope, ...(audience !== undefined && { audience }) });
  return (await ask(server, `/verify?${query}`, { headers: { Authorization: `Bearer ${credential}` } })).status;
}

/** Somebody new, with a browser of their own. */
export async function newPerson(
  server: TestServer,
  token: string,
  { role = 'member', workspaceId }: { role?: string; workspaceId?: number } = {},
): Promise<Person & { readonly id: number }> {
  const name = randomBytes(6).toString('hex');
  const account = { email: `${name}@northwind.example`, password: `${name} under the bridge` };
  const answer = await askJson(server, 'POST', '/api/users', token, {
    ...account,
    name: 'Ada',
    role,
    ...(workspaceId !== undefined && { workspace_id: workspaceId }),
  });
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
  return { ...person(server, account), id: Number((answer.json as { id: number }).id) };
}

/** The project's vocabulary with one more resource, whose tokens are JWTs; gives the file for `SCOPES_FILE`. */
export async function scopesFileWithReports(): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'latchkey-test-')), 'scopes.yaml');
  await copyFile(new URL('../../scopes.yaml', import.meta.url), file);
  const text = await readFile(file, 'utf8');
  const entry = `\n  ${reports}: { scopes: [analytics:read], format: jwt, ttl: PT5M }\n`;
  await writeFile(file, text.replace(/^resources:.*$/m, `resources:${entry}`));
  return file;
}

/** The resource of `scopesFileWithReports`. */
export const reports = 'https://reports.example.com';
