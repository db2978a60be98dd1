import { refusal, type ServerAnswer } from './api-refusal.ts';
import { type Connection, readConnection } from './connection.ts';
import { CommandFailure, EXIT_CODE } from './exit-code.ts';
import type { Output } from './output.ts';

/** A JSON object of the API: members as the server names them. */
export type ApiObject = Readonly<Record<string, unknown>>;

/** The JSON API as the commands use it. Every call throws `CommandFailure` unless the answer is a 2xx. */
export interface ApiClient {
  readonly get: (path: string) => Promise<ApiObject>;
  /** Follows `next` to the end of a list and returns all its items. */
  readonly list: (path: string) => Promise<ApiObject[]>;
  readonly post: (path: string, body: ApiObject) => Promise<ApiObject>;
  /** Posts a form, as the standard endpoints want it. */
  readonly postForm: (path: string, fields: Readonly<Record<string, string>>) => Promise<ApiObject>;
  readonly patch: (path: string, body: ApiObject) => Promise<ApiObject>;
  readonly delete: (path: string) => Promise<void>;
}

const TIMEOUT_MS = 15_000;
const MAX_PAGES = 1000;

/** Connects to the server that the environment, or the data folder, names. The credential is fetched with the first call and never printed. */
export async function connect(env: NodeJS.ProcessEnv, output: Output): Promise<ApiClient> {
  const connection = await readConnection(env);
  for (const warning of connection.warnings) output.warn(warning);
  const { credential } = connection;
  output.conceal(credential.type === 'token' ? credential.token : credential.clientSecret);
  let bearer: Promise<string> | undefined;
  const token = async (): Promise<string> => {
    bearer ??= credential.type === 'token' ? Promise.resolve(credential.token) : requestToken(connection, output);
    return bearer;
  };

  const call = async (method: string, path: string, body?: ApiObject | URLSearchParams): Promise<unknown> => {
    const isForm = body instanceof URLSearchParams;
    const answer = await send(connection, path, {
      method,
      headers: {
        authorization: `Bearer ${await token()}`,
        accept: 'application/json',
        ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
    });
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw refusal(connection, answer);
  };
  const object = async (method: string, path: string, body?: ApiObject | URLSearchParams): Promise<ApiObject> => {
    const answer = await call(method, path, body);
    if (isObject(answer)) return answer;
    throw strangeAnswer(connection);
  };

  return {
    get: (path) => object('GET', path),
    list: async (path) => {
      const items: ApiObject[] = [];
      let cursor = '';
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const { data, next } = await object('GET', `${path}${path.includes('?') ? '&' : '?'}limit=100${cursor}`);
        if (!Array.isArray(data)) throw strangeAnswer(connection);
        items.push(...data.filter(isObject));
        if (typeof next !== 'string') break;
        cursor = `&cursor=${encodeURIComponent(next)}`;
      }
      return items;
    },
    post: (path, body) => object('POST', path, body),
    postForm: (path, fields) => object('POST', path, new URLSearchParams(fields)),
    patch: (path, body) => object('PATCH', path, body),
    delete: async (path) => {
      await call('DELETE', path);
    },
  };
}

/** Exchanges the client's secret for an access token (RFC 6749 section 4.4). */
async function requestToken(connection: Connection, output: Output): Promise<string> {
  if (connection.credential.type !== 'client') throw new TypeError('only clients exchange a secret');
  const { clientId, clientSecret } = connection.credential;
  // Both halves are form-encoded before Base64 (RFC 6749 section 2.3.1).
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64');
  output.conceal(basic);
  const answer = await send(connection, '/oauth/token', {
    method: 'POST',
    headers: { authorization: `Basic ${basic}`, accept: 'application/json' },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: '*' }),
  });
  if (answer.status !== 200) throw refusal(connection, answer);
  const token = isObject(answer.body) ? answer.body.access_token : undefined;
  if (typeof token !== 'string') throw strangeAnswer(connection);
  output.conceal(token);
  return token;
}

async function send(connection: Connection, path: string, init: RequestInit): Promise<ServerAnswer> {
  try {
    const response = await fetch(`${connection.url}${path}`, {
      ...init,
      // Another address would be shown the credential: the person decides that, not the answer.
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? null : parseBody(connection, response, text),
      headers: response.headers,
    };
  } catch (error) {
    throw error instanceof CommandFailure ? error : unreachable(connection, error);
  }
}

function parseBody(connection: Connection, response: Response, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Proxies answer errors in HTML; the status still says what happened.
    if (response.ok) throw strangeAnswer(connection);
    return null;
  }
}

function unreachable({ url }: Connection, error: unknown): CommandFailure {
  const timedOut = error instanceof Error && error.name === 'TimeoutError';
  const message = timedOut
    ? `The server at ${url} did not answer within ${TIMEOUT_MS / 1000} s.`
    : `No server can be reached at ${url} (${reason(error)}).`;
  return new CommandFailure({
    exitCode: EXIT_CODE.unreachable,
    message,
    hint: 'Is the server running? Start it with: npm start. If it runs elsewhere, set LATCHKEY_URL.',
    cause: error,
  });
}

/** What the network said; fetch hides it in `cause`. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause === undefined ? error.message : reason(error.cause);
}

function strangeAnswer({ url }: Connection): CommandFailure {
  return new CommandFailure({
    exitCode: EXIT_CODE.unreachable,
    message: `What answers at ${url} is not a Latchkey server.`,
    hint: 'Is another program listening there? Set LATCHKEY_URL to the right address.',
  });
}

function isObject(value: unknown): value is ApiObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
