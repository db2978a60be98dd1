import { ForeignRequest } from '../core/errors.ts';
import type { RequestToVerify } from '../core/verification.ts';
import { readCookie } from './read-cookie.ts';

/** What decides whether a request by cookie comes from a page of ours. */
export interface FirstPartyDeps {
  readonly issuer: string;
  readonly cookieName: string;
  /** Hosts with their ports whose pages may use the session cookie. */
  readonly statefulDomains: readonly string[];
  /** Tells whether a token was made for the browser with this session. */
  readonly isToken: (presented: string, cookieValue: string) => boolean;
}

/** Methods that change nothing (RFC 9110 section 9.2.1). */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Name of the cookie that a page reads and sends back in `X-XSRF-TOKEN`. */
export const xsrfCookieName = 'XSRF-TOKEN';

/** Tells whether an origin is the server's own or one of the stateful domains. */
export function isFirstPartyOrigin(
  { issuer, statefulDomains }: Pick<FirstPartyDeps, 'issuer' | 'statefulDomains'>,
  origin: string,
): boolean {
  const [, scheme, host = ''] = /^(https?):\/\/([^/]+)$/.exec(origin) ?? [];
  // What a page says that came in clear, whoever carried it may have written: it is no page of a server that speaks https.
  const asSafe =
    scheme === 'https' || !issuer.startsWith('https:') || /^(?:localhost|127\.0\.0\.1|\[::1\])(?::|$)/.test(host);
  return origin === issuer || (asSafe && statefulDomains.includes(host));
}

/**
 * Builds the reader of the session cookie for programs in a page. A safe request of a foreign page counts as one without
 * a cookie; an unsafe one must name an origin of ours and bring the token that only a page of ours could read.
 */
export function readFirstPartySession(deps: FirstPartyDeps): (request: RequestToVerify) => string | null {
  return (request) => {
    const value = readCookie(header(request, 'cookie'), deps.cookieName);
    if (value === null || value === '') return null;
    const origin = header(request, 'origin');
    const site = header(request, 'sec-fetch-site');
    const foreign = (origin !== '' && !isFirstPartyOrigin(deps, origin)) || (origin === '' && site === 'cross-site');
    if (SAFE.has(request.method ?? 'GET')) return foreign ? null : value;
    if (foreign || origin === '') throw new ForeignRequest('the origin is not one of ours, or was not named');
    const presented = decoded(header(request, 'x-xsrf-token'));
    const cookie = decoded(readCookie(header(request, 'cookie'), xsrfCookieName) ?? '');
    // Double submit, and bound to the session: a cookie planted by a sister host is of no use.
    if (presented === '' || presented !== cookie || !deps.isToken(presented, value)) {
      throw new ForeignRequest('the token is missing, or of another session');
    }
    return value;
  };
}

/** One header of a request; empty when it is not there. */
export function header(request: RequestToVerify, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : (value?.join(', ') ?? '');
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
