import { once } from 'node:events';
import { connect } from 'node:net';
import { checkAnswer } from './check-answer.ts';
import { almightyMachine, clientToken, type MachineLogin, type TestServer } from './start-server.ts';

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; null where it is none. */
  readonly json: unknown;
}

/** Asks a server over fetch and reads the whole answer. Redirects are not followed. Throws where the API answers other than it says. */
export async function ask(server: Pick<TestServer, 'url'>, path: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(server.url + path, { redirect: 'manual', ...init });
  const text = await answer.text();
  const contentType = answer.headers.get('Content-Type');
  checkAnswer({ method: init.method ?? 'GET', path, status: answer.status, contentType, text });
  return { status: answer.status, headers: answer.headers, text, json: parsed(text) };
}

/** Asks with a JSON body and a bearer token. */
export function askJson(
  server: Pick<TestServer, 'url'>,
  method: string,
  path: string,
  token: string,
  body?: unknown,
): Promise<Answer> {
  return ask(server, path, {
    method,
    headers: {
      Authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

/** Asks the token endpoint with the body as it stands, the client authenticated by Basic when `login` is given. */
export function askToken(
  server: Pick<TestServer, 'url'>,
  login: MachineLogin | null,
  parameters: Readonly<Record<string, string>> | readonly (readonly [string, string])[],
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const pairs = Array.isArray(parameters) ? parameters.map(([name, value]) => [name, value]) : { ...parameters };
  return ask(server, '/oauth/token', {
    method: 'POST',
    headers: { ...(login !== null && { Authorization: basic(login) }), ...headers },
    body: new URLSearchParams(pairs as Record<string, string>),
  });
}

/** The `Authorization` value of a machine client. */
export function basic({ clientId, clientSecret }: MachineLogin): string {
  return `Basic ${btoa(`${clientId}:${clientSecret}`)}`;
}

/** A token that may do everything, from the credential of the first start. */
export async function ownerToken(server: Pick<TestServer, 'url' | 'dataDir'>): Promise<string> {
  return clientToken(server, await almightyMachine(server), '*');
}

/** Registers a machine client through the API. */
export async function registerMachine(
  server: Pick<TestServer, 'url'>,
  token: string,
  scope: string,
): Promise<MachineLogin> {
  const answer = await askJson(server, 'POST', '/api/clients', token, {
    client_name: 'Machine under test',
    grant_types: ['client_credentials'],
    scope,
  });
  const { client_id: clientId, client_secret: clientSecret } = (answer.json ?? {}) as Record<string, string>;
  if (clientId === undefined || clientSecret === undefined) throw new Error(`${answer.status} ${answer.text}`);
  return { clientId, clientSecret };
}

/** Sends bytes as they stand and returns what comes back until the server closes, or `patienceMs` pass. */
export async function askRaw(
  server: Pick<TestServer, 'url'>,
  bytes: string | Buffer,
  patienceMs = 3000,
): Promise<{ readonly status: number; readonly head: string; readonly body: string; readonly closed: boolean }> {
  const { port } = new URL(server.url);
  const socket = connect(Number(port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.setTimeout(patienceMs, () => socket.destroy());
  let closed = false;
  socket.on('end', () => {
    closed = true;
  });
  socket.write(bytes);
  await once(socket, 'close');
  const text = Buffer.concat(chunks).toString('latin1');
  const [head = '', body = ''] = splitOnce(text, '\r\n\r\n');
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), head, body, closed };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
