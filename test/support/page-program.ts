import { type Answer, ask } from './ask.ts';
import { administrator } from './person.ts';
import type { TestServer } from './start-server.ts';

/** A program in a page, with the cookies of its browser. */
export interface PageProgram {
  readonly cookies: Map<string, string>;
  /** The `Set-Cookie` lines of the last answer. */
  lastCookies(): readonly string[];
  /** Sends a request as a page of `origin` does: cookies, origin, and the token from its cookie where the method needs it. */
  send(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string | null>>,
  ): Promise<Answer>;
  /** Signs in; gives the answer. */
  signIn(account?: { readonly email: string; readonly password: string }): Promise<Answer>;
}

/** Opens a page of an origin, the server's own unless said; `url` is where the requests go. */
export function pageProgram(
  server: Pick<TestServer, 'url' | 'issuer' | 'welcome'>,
  origin: string | null = server.issuer,
): PageProgram {
  const cookies = new Map<string, string>();
  let last: readonly string[] = [];

  const send: PageProgram['send'] = async (method, path, body, changes = {}) => {
    const headers = new Headers();
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    if (cookie !== '') headers.set('Cookie', cookie);
    if (origin !== null) headers.set('Origin', origin);
    if (body !== undefined) headers.set('Content-Type', 'application/json');
    const token = cookies.get('XSRF-TOKEN');
    if (token !== undefined && method !== 'GET') headers.set('X-XSRF-TOKEN', decodeURIComponent(token));
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) headers.delete(name);
      else headers.set(name, value);
    }
    const answer = await ask(server, path, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    last = answer.headers.getSetCookie();
    for (const line of last) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    return answer;
  };

  return {
    cookies,
    lastCookies: () => last,
    send,
    signIn: (account) => {
      const { email, password } = account ?? administrator(server as TestServer);
      return send('POST', '/login', { email, password });
    },
  };
}
