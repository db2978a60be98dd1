import type { Context } from 'koa';
import { sessionAbsoluteSeconds } from '../users/session.ts';
import type { SignedIn } from './account-port.ts';

/** What decides the names and attributes of our cookies. */
export interface CookieSettings {
  readonly issuer: string;
  /** `COOKIE_DOMAIN`: shares the session with sister hosts. */
  readonly cookieDomain: string | undefined;
}

/** Reads and writes the cookie of our one session. */
export interface SessionCookie {
  readonly name: string;
  read(context: Context): string | null;
  write(context: Context, value: string): void;
  clear(context: Context): void;
}

/** Builds the session cookie: `__Host-` on https, `__Secure-` where sister hosts share it, no prefix on http (RFC 6265bis). */
export function sessionCookie({ issuer, cookieDomain }: CookieSettings): SessionCookie {
  const secure = issuer.startsWith('https:');
  const prefix = secure ? (cookieDomain === undefined ? '__Host-' : '__Secure-') : '';
  const name = `${prefix}latchkey_session`;
  const attributes = {
    httpOnly: true,
    sameSite: 'lax',
    path: '/',
    secure,
    signed: false,
    overwrite: true,
    ...(cookieDomain !== undefined && { domain: cookieDomain }),
  } as const;
  return {
    name,
    read: (context) => context.cookies.get(name, { signed: false }) ?? null,
    write: (context, value) => {
      context.cookies.set(name, value, { ...attributes, maxAge: sessionAbsoluteSeconds * 1000 });
    },
    clear: (context) => {
      context.cookies.set(name, '', { ...attributes, expires: new Date(0) });
    },
  };
}

/** Finds who is signed in, asking the database at most once a request. */
export type ReadSession = (context: Context) => Promise<SignedIn | null>;

/** Builds the reader of the session. */
export function readSession(
  cookie: Pick<SessionCookie, 'read'>,
  resumeSession: (cookieValue: string) => Promise<SignedIn | null>,
): ReadSession {
  const known = new WeakMap<object, Promise<SignedIn | null>>();
  return (context) => {
    const asked = known.get(context.req);
    if (asked !== undefined) return asked;
    const value = cookie.read(context);
    const found = value === null ? Promise.resolve(null) : resumeSession(value);
    known.set(context.req, found);
    return found;
  };
}
