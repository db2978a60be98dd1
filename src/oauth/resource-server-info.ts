import { errors, type ResourceServer } from 'oidc-provider';
import { reservedScopes } from '../core/scope.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import { clientFacts } from './client-facts.ts';
import { mayGrant, scopesToGrant } from './granted-scopes.ts';
import { lifetimes } from './lifetimes.ts';

/** What the answer depends on of a request, in the form of the library's own context. */
export interface ResourceRequest {
  readonly oidc: {
    readonly params?: Record<string, unknown> | undefined;
    readonly entities: {
      readonly AuthorizationCode?: GrantSource | undefined;
      readonly RefreshToken?: GrantSource | undefined;
    };
  };
}

interface GrantSource {
  readonly scope?: string | undefined;
}

/** What a resource offers to a client in a request, as the library asks for it. */
export type ResourceServerInfo = (ctx: ResourceRequest, resource: string, client: object) => ResourceServer;

/**
 * Builds the answer to "what does this resource offer to this client in this request?". The ceilings live here, because
 * the library knows none for resource scopes: what is not in the answer is not granted.
 */
export function resourceServerInfo(issuer: string, catalog: ScopeCatalog): ResourceServerInfo {
  return (ctx, resource, client) => {
    if (Array.isArray(ctx.oidc.params?.resource))
      throw new errors.InvalidTarget('name one resource: a token has one audience');
    const definition = catalog.resource(resource);
    if (resource !== issuer && definition === undefined)
      throw new errors.InvalidTarget('the resource is not registered here');
    const facts = clientFacts(client);
    if (facts.workspaceSuspended) throw new errors.UnauthorizedClient('the workspace of this client is suspended');
    const offered = definition?.scopes ?? null;
    const source = grantSourceScope(ctx);
    const granted =
      source === null
        ? scopesOfRequest(ctx, (requested) => scopesToGrant(catalog, facts, offered, requested))
        : // What was agreed to once shrinks with the ceilings; it is dropped here, not refused.
          source.split(' ').filter((entry) => mayGrant(catalog, facts, offered, entry));
    return {
      scope: granted.join(' '),
      audience: resource,
      accessTokenFormat: definition?.format ?? 'opaque',
      accessTokenTTL: definition?.ttlSeconds ?? lifetimes.AccessToken,
      ...(definition?.format === 'jwt' && { jwt: { sign: { alg: 'ES256' as const } } }),
    };
  };
}

/** The scope of the code or refresh token that is being exchanged, or null while something new is asked for. */
function grantSourceScope(ctx: ResourceRequest): string | null {
  const { AuthorizationCode, RefreshToken } = ctx.oidc.entities;
  const source = RefreshToken ?? AuthorizationCode;
  return source === undefined ? null : (source.scope ?? '');
}

/** The entries of a new request; one that names no scope gets the defaults written into it (RFC 6749 section 3.3). */
function scopesOfRequest(
  ctx: ResourceRequest,
  decide: (requested: string | undefined) => readonly string[],
): readonly string[] {
  const params: Record<string, unknown> = ctx.oidc.params ?? {};
  const requested = typeof params.scope === 'string' ? params.scope : undefined;
  if (params.grant_type === 'client_credentials' && requested?.split(' ').every((name) => reservedScopes.has(name))) {
    throw new errors.InvalidScope(
      'a client that acts for itself has no person to identify; name the scopes wanted',
      '',
    );
  }
  const granted = decide(requested);
  if (requested === undefined) {
    if (granted.length === 0) {
      throw new errors.InvalidScope(
        'this client may not ask for any of the default scopes; name the scopes wanted',
        '',
      );
    }
    params.scope = granted.join(' ');
  }
  return granted;
}
