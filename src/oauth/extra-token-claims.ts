import type { KoaContextWithOIDC } from 'oidc-provider';
import { reservedScopes } from '../core/scope.ts';
import { presentedFamily } from './request-session.ts';

/** What our tokens say beyond the library's own claims; undefined for a client that acts for itself, of whose request there may be no context. */
export function extraTokenClaims(ctx: KoaContextWithOIDC, token: object): Record<string, string> | undefined {
  if (!('grantId' in token) || typeof token.grantId !== 'string') return undefined;
  const family = presentedFamily();
  const openid = openidScopes(ctx);
  return {
    // By these a revocation reaches a token that is stored nowhere.
    gid: token.grantId,
    ...(family !== null && { fam: family }),
    ...(openid.length > 0 && { openid_scope: openid.join(' ') }),
  };
}

/** OpenID Connect scopes of this very request: the token's `scope` has only those of its resource. */
function openidScopes(ctx: KoaContextWithOIDC): readonly string[] {
  const { AuthorizationCode, Grant, RefreshToken } = ctx.oidc.entities;
  const narrowed =
    RefreshToken !== undefined && typeof ctx.oidc.params?.scope === 'string' ? ctx.oidc.params.scope : null;
  const asked = (narrowed ?? (RefreshToken ?? AuthorizationCode)?.scope ?? '').split(' ');
  const agreed = new Set((Grant?.getOIDCScope() ?? '').split(' '));
  return asked.filter((scope) => reservedScopes.has(scope) && agreed.has(scope));
}
