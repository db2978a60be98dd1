import type { Context, Middleware } from 'koa';
import { isFirstPartyOrigin } from './first-party.ts';

/** What decides about requests of pages on other origins. */
export interface CrossOriginDeps {
  readonly issuer: string;
  /** Hosts with their ports whose pages may use the session cookie. */
  readonly statefulDomains: readonly string[];
}

const API_PATHS = /^\/(?:api|v1)(?:\/|$)/;
const SESSION_PATHS: ReadonlySet<string> = new Set(['/login', '/logout', '/csrf-cookie', '/auth/login']);
const METHODS = 'GET, POST, PUT, PATCH, DELETE';
const REQUEST_HEADERS = 'Authorization, Content-Type, Idempotency-Key, X-XSRF-TOKEN, X-Requested-With';
const ANSWER_HEADERS =
  'X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, RateLimit, RateLimit-Policy, Retry-After, Sunset, WWW-Authenticate';

/**
 * Lets pages of other origins call the API with a bearer credential and without cookies, and the stateful domains with
 * them. Everywhere else there is no CORS at all.
 */
export function crossOrigin(deps: CrossOriginDeps): Middleware {
  return async (context, next) => {
    const api = API_PATHS.test(context.path);
    if (!api && !SESSION_PATHS.has(context.path)) return next();
    context.vary('Origin');
    const origin = context.get('Origin');
    const ours = origin !== '' && isFirstPartyOrigin(deps, origin);
    if (origin === '' || (!api && !ours)) return next();
    context.set('Access-Control-Allow-Origin', ours ? origin : '*');
    if (ours) context.set('Access-Control-Allow-Credentials', 'true');
    context.set('Access-Control-Expose-Headers', ANSWER_HEADERS);
    context.set('Cross-Origin-Resource-Policy', 'cross-origin');
    if (context.method === 'OPTIONS' && context.get('Access-Control-Request-Method') !== '') return preflight(context);
    await next();
  };
}

function preflight(context: Context): void {
  context.status = 204;
  context.set('Access-Control-Allow-Methods', METHODS);
  context.set('Access-Control-Allow-Headers', REQUEST_HEADERS);
  context.set('Access-Control-Max-Age', '3600');
}
