import type { Context, Middleware, Next } from 'koa';
import compose from 'koa-compose';
import type { Provider } from 'oidc-provider';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import { refusedRequest } from './refused-request.ts';

/** What stands around the provider. */
export interface MountProviderDeps {
  /** The provider of this moment; another one after the signing keys were rotated. */
  readonly current: () => Provider;
  readonly catalog: ScopeCatalog;
}

const OPEN_PATHS: ReadonlySet<string> = new Set([
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/oauth/jwks',
]);

/** Mounts the provider under `/oauth` and the two discovery documents. */
export function mountProvider({ current, catalog }: MountProviderDeps): Middleware {
  const composed = new WeakMap<Provider, (context: Context, next: Next) => Promise<void>>();

  function middlewareOf(provider: Provider): (context: Context, next: Next) => Promise<void> {
    const known = composed.get(provider);
    if (known !== undefined) return known;
    const made = compose(provider.middleware) as (context: Context, next: Next) => Promise<void>;
    composed.set(provider, made);
    return made;
  }

  return async (context, next) => {
    const open = OPEN_PATHS.has(context.path);
    if (!open && !context.path.startsWith('/oauth/')) return next();
    const fault = refusedRequest(context.req.rawHeaders, context.querystring);
    if (fault !== null) {
      context.status = 400;
      context.set('Cache-Control', 'no-store');
      context.body = { error: 'invalid_request', error_description: fault };
      return;
    }
    await middlewareOf(current())(context, async () => {});
    if (open) openToEveryPage(context);
    if (open && context.status === 200) context.set('Cache-Control', 'public, max-age=300');
    if (context.path.startsWith('/.well-known/') && context.status === 200) describeOurs(context, catalog);
    if (context.status === 503) context.set('Retry-After', '2');
  };
}

/** Set behind the library, which answers no preflight where a header of this kind stands already. */
function openToEveryPage(context: Context): void {
  context.set('Access-Control-Allow-Origin', '*');
  context.remove('Vary');
}

/** The library lists only its static scopes in the metadata (RFC 8414 section 2); the vocabulary is ours to add. */
function describeOurs(context: Context, catalog: ScopeCatalog): void {
  const document: unknown = context.body;
  if (typeof document !== 'object' || document === null) return;
  context.body = {
    ...document,
    scopes_supported: ['openid', 'profile', 'email', 'offline_access', ...catalog.names],
  };
}
