import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { reservedScopes } from '../core/scope.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import { clientFacts } from './client-facts.ts';
import { scopesToGrant } from './granted-scopes.ts';
import { ourClientMembers } from './pg-client-metadata.ts';
import { type ProviderStorage, providerAdapter } from './provider-adapter.ts';
import { renderError } from './render-error.ts';
import type { PrivateJwk } from './signing-key.ts';

/** What the provider is built from. */
export interface ProviderParts {
  readonly issuer: string;
  readonly catalog: ScopeCatalog;
  readonly storage: ProviderStorage;
  readonly signingKeys: readonly PrivateJwk[];
  readonly cookieKeys: readonly string[];
}

/** Lifetimes in seconds; each is explicit so that no default of the library decides. */
export const lifetimes = {
  AccessToken: 3600,
  AuthorizationCode: 60,
  ClientCredentials: 3600,
  Grant: 180 * 86_400,
  IdToken: 3600,
  Interaction: 3600,
  RefreshToken: 30 * 86_400,
  Session: 30 * 86_400,
} as const;

/** Writes the library's configuration: OAuth 2.1 only, our vocabulary behind resource indicators, our storage. */
export function providerConfiguration(parts: ProviderParts): Configuration {
  const secure = parts.issuer.startsWith('https:');
  return {
    adapter: providerAdapter(parts.storage),
    jwks: { keys: parts.signingKeys.map((key) => ({ ...key })) },
    responseTypes: ['code'],
    scopes: ['openid', 'offline_access'],
    routes: {
      authorization: '/oauth/authorize',
      token: '/oauth/token',
      pushed_authorization_request: '/oauth/par',
      introspection: '/oauth/introspect',
      revocation: '/oauth/revoke',
      jwks: '/oauth/jwks',
      userinfo: '/oauth/userinfo',
      end_session: '/oauth/logout',
    },
    cookies: {
      keys: [...parts.cookieKeys],
      // Cookies with a path can not carry the __Host- prefix.
      names: secure
        ? { session: '__Host-latchkey_op', interaction: '__Secure-latchkey_i', resume: '__Secure-latchkey_r' }
        : { session: 'latchkey_op', interaction: 'latchkey_i', resume: 'latchkey_r' },
      long: { httpOnly: true, sameSite: 'lax', secure, signed: true },
      short: { httpOnly: true, sameSite: 'lax', secure, signed: true },
    },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    clientDefaults: { id_token_signed_response_alg: 'ES256', grant_types: [], response_types: [] },
    // Secrets are kept as hashes, so no algorithm may need one in clear.
    enabledJWA: {
      idTokenSigningAlgValues: ['ES256'],
      clientAuthSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      userinfoSigningAlgValues: ['ES256'],
    },
    extraClientMetadata: { properties: [...ourClientMembers] },
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    expiresWithSession: () => false,
    clientBasedCORS: allowsOrigin,
    findAccount: () => undefined,
    renderError,
    ttl: { ...lifetimes },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => parts.issuer,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource, client) => resourceServerInfo(parts, ctx, resource, client),
      },
    },
  };
}

/** Answers what a resource offers to this client in this request; the ceilings live here because the library knows none for resource scopes. */
function resourceServerInfo(
  { issuer, catalog }: ProviderParts,
  ctx: KoaContextWithOIDC,
  resource: string,
  client: object,
): {
  scope: string;
  audience: string;
  accessTokenFormat: 'opaque' | 'jwt';
  accessTokenTTL: number;
  jwt?: { sign: { alg: 'ES256' } };
} {
  const definition = catalog.resource(resource);
  if (resource !== issuer && definition === undefined)
    throw new errors.InvalidTarget('the resource is not registered here');
  const params: Record<string, unknown> | undefined = ctx.oidc.params;
  const requested = params?.scope;
  const facts = clientFacts(client);
  if (facts.workspaceSuspended) throw new errors.UnauthorizedClient('the workspace of this client is suspended');
  const granted = scopesToGrant(
    catalog,
    facts,
    definition?.scopes ?? null,
    typeof requested === 'string' ? requested : undefined,
  );
  if (params?.grant_type === 'client_credentials') {
    const identityOnly =
      typeof requested === 'string' && requested.split(' ').every((name) => reservedScopes.has(name));
    if (granted.length === 0 || identityOnly)
      throw new errors.InvalidScope(
        identityOnly
          ? 'a client that acts for itself has no person to identify; name the scopes wanted'
          : 'none of the default scopes is within what this client may ask for; name the scopes wanted',
        '',
      );
    params.scope = granted.join(' ');
  }
  return {
    scope: granted.join(' '),
    audience: resource,
    accessTokenFormat: definition?.format ?? 'opaque',
    accessTokenTTL: definition?.ttlSeconds ?? lifetimes.AccessToken,
    ...(definition?.format === 'jwt' && { jwt: { sign: { alg: 'ES256' } } }),
  };
}

/** Tells whether a page may call the token endpoints for a client: only pages of its own redirect URIs. */
function allowsOrigin(
  _ctx: KoaContextWithOIDC,
  origin: string,
  client: { redirectUris?: readonly string[] | undefined },
): boolean {
  return (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin);
}
