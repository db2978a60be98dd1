import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { sha256Base64url } from '../crypto/digest.ts';
import { clientFacts } from './client-facts.ts';
import type { MatchLiveSecret } from './match-live-secret.ts';
import type { ArtifactRepository } from './protocol-artifact.ts';
import { tokenPrefixes } from './protocol-artifact.ts';
import { type ProviderParts, providerConfiguration } from './provider-configuration.ts';
import { redeemingProvider } from './redeeming-provider.ts';
import { requestSession } from './request-session.ts';
import { sayUnavailable } from './temporarily-unavailable.ts';

/** Builds the provider with our storage, our token shapes and our comparison of secrets. */
export function createProvider(parts: ProviderParts, matchSecret: MatchLiveSecret): Provider {
  const provider = new (redeemingProvider(parts.storage.artifacts))(parts.issuer, providerConfiguration(parts));
  prefixTokens(provider);
  compareHashedSecrets(provider, matchSecret);
  detectReplaysInOneStatement(provider, parts.storage.artifacts);
  followOurSession(provider);
  return provider;
}

/** Token values carry a prefix that names their kind, before the library's 43 random characters; a JWT is its own kind. */
function prefixTokens(provider: Provider): void {
  for (const model of ['AccessToken', 'ClientCredentials', 'RefreshToken'] as const) {
    const { prototype } = provider[model];
    const original: unknown = Reflect.get(prototype, 'generateTokenId');
    if (typeof original !== 'function') throw new Error('the protocol library makes token values in another way now');
    Object.defineProperty(prototype, 'generateTokenId', {
      value(this: { readonly format?: unknown }): string {
        const id: unknown = Reflect.apply(original, this, []);
        if (typeof id !== 'string') throw new Error('the protocol library made a token value that is no text');
        return this.format === 'jwt' ? id : tokenPrefixes[model] + id;
      },
    });
  }
}

/** The library compares one secret in clear; ours are several hashes, any live one of which is good. */
function compareHashedSecrets(provider: Provider, matchSecret: MatchLiveSecret): void {
  Object.defineProperty(provider.Client.prototype, 'compareClientSecret', {
    value(this: object, presented: string): boolean {
      return matchSecret(presented, clientFacts(this));
    },
  });
}

/** The library looks first and writes then; two parallel requests must not both pass (RFC 7523 section 3, `jti`). */
function detectReplaysInOneStatement(provider: Provider, artifacts: ArtifactRepository): void {
  Object.defineProperty(provider.ReplayDetection, 'unique', {
    value: (issuer: string, jti: string, expiresAtSeconds: number): Promise<boolean> => {
      const lifetimeSeconds = Math.max(1, expiresAtSeconds - Math.floor(Date.now() / 1000));
      return sayUnavailable(() => artifacts.remember(sha256Base64url(`replay\n${issuer}\n${jti}`), lifetimeSeconds));
    },
  });
}

/**
 * There is one session, ours: whoever is signed in here is signed in for the library too, wherever and whenever they did
 * it. Else `prompt=none` would fail for them, and a page of somebody else's could sign them out without a question.
 */
function followOurSession(provider: Provider): void {
  const { Session } = provider;
  const original: unknown = Reflect.get(Session, 'get');
  if (typeof original !== 'function') throw new Error('the protocol library reads sessions in another way now');
  Object.defineProperty(Session, 'get', {
    async value(ctx: KoaContextWithOIDC): Promise<unknown> {
      const theirs: unknown = await Reflect.apply(original, Session, [ctx]);
      const ours = requestSession();
      if (ours === null || !(theirs instanceof Session)) return theirs;
      const accountId = String(ours.userId);
      const loginTs = Math.floor(ours.authenticatedAt.getTime() / 1000);
      if (theirs.accountId === accountId && theirs.loginTs === loginTs) return theirs;
      // Somebody else's before: what they did in it is not for this person.
      const session = theirs.accountId === undefined || theirs.accountId === accountId ? theirs : new Session();
      Object.assign(session, { accountId, loginTs, touched: true });
      ctx.oidc.entity('Session', session);
      return session;
    },
  });
}
