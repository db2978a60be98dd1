import type { Context, Middleware } from 'koa';
import { xsrfCookieName } from './first-party.ts';
import { readCookie } from './read-cookie.ts';

/** What the token for programs in a page needs. */
export interface XsrfCookieDeps {
  readonly issuer: string;
  readonly cookieName: string;
  readonly cookieDomain: string | undefined;
  /** Makes the token of the browser with this session; an empty value is a browser without one. */
  readonly tokenFor: (cookieValue: string) => string;
}

/**
 * `GET /csrf-cookie`: hands a page the token that it sends back in `X-XSRF-TOKEN`. The token is bound to the session, so
 * whenever an answer sets another session cookie, the token that belongs to it goes along.
 */
export function xsrfCookie(deps: XsrfCookieDeps): Middleware {
  const attributes = {
    // The page must read it: that is its purpose. It is worth nothing without the session cookie.
    httpOnly: false,
    sameSite: 'lax',
    path: '/',
    secure: deps.issuer.startsWith('https:'),
    signed: false,
    overwrite: true,
    ...(deps.cookieDomain !== undefined && { domain: deps.cookieDomain }),
  } as const;
  const hand = (context: Context, cookieValue: string): void => {
    context.cookies.set(xsrfCookieName, deps.tokenFor(cookieValue), attributes);
  };

  return async (context, next) => {
    if (context.path === '/csrf-cookie' && context.method === 'GET') {
      hand(context, readCookie(context.get('Cookie'), deps.cookieName) ?? '');
      context.set('Cache-Control', 'no-store');
      context.status = 204;
      return;
    }
    await next();
    const started = startedSession(context, deps.cookieName);
    if (started !== null && started !== '') hand(context, started);
  };
}

/** Value of the session cookie that this answer sets, or null. */
function startedSession(context: Context, cookieName: string): string | null {
  const lines = context.response.headers['set-cookie'] ?? [];
  const line = (Array.isArray(lines) ? lines : [lines]).find((one) => one.startsWith(`${cookieName}=`));
  return line === undefined ? null : (readCookie(line.split(';')[0], cookieName) ?? null);
}
