import { Provider } from 'oidc-provider';
import { matchClientSecret } from '../crypto/client-secret.ts';
import type { KeyRing } from '../crypto/derive-keys.ts';
import { sha256Base64url } from '../crypto/digest.ts';
import { randomSecretKey } from '../crypto/random-token.ts';
import { clientFacts } from './client-facts.ts';
import type { ArtifactRepository } from './protocol-artifact.ts';
import { tokenPrefixes } from './protocol-artifact.ts';
import { type ProviderParts, providerConfiguration } from './provider-configuration.ts';
import { sayUnavailable } from './temporarily-unavailable.ts';

/** Builds the provider with our storage, our token shapes and our comparison of secrets. */
export function createProvider(parts: ProviderParts, peppers: KeyRing): Provider {
  const provider = new Provider(parts.issuer, providerConfiguration(parts));
  prefixTokens(provider);
  compareHashedSecrets(provider, peppers);
  detectReplaysInOneStatement(provider, parts.storage.artifacts);
  return provider;
}

/** Token values carry a prefix that names their kind; the rest is 256 random bits. */
function prefixTokens(provider: Provider): void {
  for (const model of ['AccessToken', 'ClientCredentials', 'RefreshToken'] as const) {
    Object.defineProperty(provider[model].prototype, 'generateTokenId', {
      value: () => tokenPrefixes[model] + randomSecretKey(),
    });
  }
}

/** The library compares one secret in clear; ours are several hashes, any live one of which is good. */
function compareHashedSecrets(provider: Provider, peppers: KeyRing): void {
  Object.defineProperty(provider.Client.prototype, 'compareClientSecret', {
    value(this: object, presented: string): boolean {
      return matchClientSecret(presented, clientFacts(this).secretHashes, peppers) !== null;
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
