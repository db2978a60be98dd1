import { type Configuration, type ErrorOut, errors, type FindAccount, type KoaContextWithOIDC } from 'oidc-provider';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import type { loadExistingGrant } from './existing-grant.ts';
import { extraTokenClaims } from './extra-token-claims.ts';
import { policy } from './interaction-policy.ts';
import { lifetimes, refreshTokenSeconds } from './lifetimes.ts';
import { ourClientMembers } from './pg-client-metadata.ts';
import { type ProviderStorage, providerAdapter } from './provider-adapter.ts';
import { resourceServerInfo } from './resource-server-info.ts';
import type { PrivateJwk } from './signing-key.ts';

/** What the provider is built from. */
export interface ProviderParts {
  readonly issuer: string;
  readonly catalog: ScopeCatalog;
  readonly storage: ProviderStorage;
  readonly signingKeys: readonly PrivateJwk[];
  readonly cookieKeys: readonly string[];
  readonly findAccount: FindAccount;
  readonly loadExistingGrant: ReturnType<typeof loadExistingGrant>;
  readonly pages: ProtocolPages;
}

/** What a person sees of the protocol itself; the pages are drawn elsewhere. */
export interface ProtocolPages {
  error(ctx: KoaContextWithOIDC, out: ErrorOut): Promise<void> | void;
  /** Asks whether to sign out everywhere; the form posts `xsrf` and `logout=yes` to `action`. */
  logout(ctx: KoaContextWithOIDC, form: { readonly action: string; readonly xsrf: string }): Promise<void> | void;
  signedOut(ctx: KoaContextWithOIDC): Promise<void> | void;
}

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
    // The library would take this endpoint's URL, or a list that also names another server (rfc7523bis: audience injection).
    assertJwtClientAuthClaimsAndHeader: (_ctx, { aud }) => {
      if (aud !== parts.issuer) throw new errors.InvalidClientAuth('aud of a client assertion must be the issuer');
    },
    clientDefaults: { id_token_signed_response_alg: 'ES256', grant_types: [], response_types: [] },
    // Secrets are kept as hashes, so no algorithm may need one in clear.
    enabledJWA: {
      idTokenSigningAlgValues: ['ES256'],
      clientAuthSigningAlgValues: ['RS256', 'PS256', 'ES256', 'Ed25519', 'EdDSA'],
      userinfoSigningAlgValues: ['ES256'],
    },
    extraClientMetadata: { properties: [...ourClientMembers] },
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    expiresWithSession: () => false,
    clientBasedCORS: allowsOrigin,
    findAccount: parts.findAccount,
    loadExistingGrant: parts.loadExistingGrant,
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    interactions: { policy: policy(), url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: () => true,
    // A family of tokens may end, by its client or by the reuse of one; what the person agreed to is theirs to take back.
    revokeGrantPolicy: () => false,
    extraTokenClaims,
    renderError: (ctx, out) => parts.pages.error(ctx, out),
    ttl: {
      ...lifetimes,
      AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? lifetimes.AccessToken,
      ClientCredentials: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? lifetimes.ClientCredentials,
      RefreshToken: (_ctx, token) => refreshTokenSeconds(token.iiat, Math.floor(Date.now() / 1000)),
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: false },
      introspection: { enabled: true, allowedPolicy: isOwnRefreshToken },
      revocation: { enabled: true, allowedPolicy: isOwnRefreshToken },
      pushedAuthorizationRequests: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => parts.pages.logout(ctx, readLogoutForm(form)),
        postLogoutSuccessSource: (ctx) => parts.pages.signedOut(ctx),
      },
      // Answered by us, in front of the library: its own refuses every token with an audience.
      userinfo: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => parts.issuer,
        useGrantedResource: () => true,
        getResourceServerInfo: resourceServerInfo(parts.issuer, parts.catalog),
      },
    },
  };
}

/** The library answers only for refresh tokens, and only to their own client; for everything else our verification does. */
function isOwnRefreshToken(
  _ctx: KoaContextWithOIDC,
  client: { readonly clientId: string },
  token: { readonly kind: string; readonly clientId?: string | undefined },
): boolean {
  return token.kind === 'RefreshToken' && token.clientId === client.clientId;
}

/** Takes the library's form apart, because our page draws its own. */
function readLogoutForm(form: string): { action: string; xsrf: string } {
  const action = /action="([^"]*)"/.exec(form)?.[1];
  const xsrf = /name="xsrf" value="([^"]*)"/.exec(form)?.[1];
  if (action === undefined || xsrf === undefined)
    throw new Error('the library draws its logout form in another way now');
  return { action, xsrf };
}

/** Tells whether a page may call the token endpoints for a client: only pages of its own redirect URIs. */
function allowsOrigin(
  _ctx: KoaContextWithOIDC,
  origin: string,
  client: { redirectUris?: readonly string[] | undefined },
): boolean {
  // A scheme of its own has the origin `null`, which any sandboxed frame can claim.
  return origin !== 'null' && (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin);
}
