import { expect } from 'chai';
import { type Answer, ask, askJson } from '../support/ask.ts';
import { administrator } from '../support/person.ts';
import type { TestServer } from '../support/start-server.ts';

/** A credential as its maker sees it, this once. */
export interface Made {
  readonly id: number;
  /** In clear. */
  readonly secret: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Signs in for a token, as a mobile app does. */
export function signInForToken(
  server: TestServer,
  body: Readonly<Record<string, unknown>> = {},
  account: { readonly email: string; readonly password: string } = administrator(server),
): Promise<Answer> {
  const { email, password } = account;
  return ask(server, '/auth/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password, ...body }),
  });
}

/** A token of the administrator that may do everything. */
export async function almightyToken(server: TestServer): Promise<string> {
  const answer = await signInForToken(server, { scopes: ['*'] });
  expect(answer.status, answer.text).to.equal(200);
  return (answer.json as { token: string }).token;
}

/** Makes a personal access token for the owner of another one. */
export function makeToken(server: TestServer, owner: string, body: Readonly<Record<string, unknown>>): Promise<Made> {
  return make(server, owner, '/api/tokens', body, 'token');
}

/** Makes an API key. */
export function makeKey(server: TestServer, owner: string, body: Readonly<Record<string, unknown>>): Promise<Made> {
  return make(server, owner, '/api/keys', { name: 'Mobile App', ...body }, 'key');
}

async function make(
  server: TestServer,
  owner: string,
  path: string,
  body: Readonly<Record<string, unknown>>,
  field: 'token' | 'key',
): Promise<Made> {
  const answer = await askJson(server, 'POST', path, owner, body);
  expect(answer.status, answer.text).to.equal(201);
  const made = answer.json as Readonly<Record<string, unknown>>;
  return { id: Number(made.id), secret: String(made[field]), body: made };
}

/** Status of `GET /v1/posts` with a credential. */
export async function readsPosts(server: TestServer, credential: string): Promise<number> {
  return (await askJson(server, 'GET', '/v1/posts', credential)).status;
}

/** Status of `POST /v1/posts` with a credential. */
export async function writesPosts(server: TestServer, credential: string): Promise<number> {
  return (await askJson(server, 'POST', '/v1/posts', credential, { title: 'Written' })).status;
}

/** Lets the end of a credential have come. */
export async function letExpire(server: TestServer, id: number): Promise<void> {
  await server.composed.installation.database.pool.query(
    "UPDATE credentials SET expires_at = now() - interval '1 second' WHERE id = $1",
    [id],
  );
}
