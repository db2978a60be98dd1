import { type Answer, ask } from './ask.ts';
import type { TestServer } from './start-server.ts';

/** Somebody signed in at a page of ours: asks by the session cookie, with the origin and token that such a page would send. */
export interface SignedIn {
  ask(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

/** Signs somebody in as a single-page app would. */
export async function signedIn(
  server: Pick<TestServer, 'url' | 'issuer'>,
  account: { readonly email: string; readonly password: string },
): Promise<SignedIn> {
  const cookies = new Map<string, string>();
  const keep = (answer: Answer): void => {
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
  };
  const cookie = (): string => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const login = await ask(server, '/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Origin: server.issuer },
    body: JSON.stringify(account),
  });
  if (login.status !== 200) throw new Error(`no sign-in: ${login.status} ${login.text}`);
  keep(login);
  keep(await ask(server, '/csrf-cookie', { headers: { Cookie: cookie() } }));
  return {
    ask: (method, path, body, headers = {}) =>
      ask(server, path, {
        method,
        headers: {
          Cookie: cookie(),
          Origin: server.issuer,
          'X-XSRF-TOKEN': cookies.get('XSRF-TOKEN') ?? '',
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
  };
}
