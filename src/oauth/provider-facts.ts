import type { ConfigFacts } from '../config/config-facts.ts';
import type { PrivateJwk } from './signing-key.ts';

/** What the checks before the start ask about the provider and its keys. */
export function providerFacts(
  issuer: string,
  signingKeys: readonly PrivateJwk[],
): Pick<ConfigFacts, 'provider' | 'signingKeys'> {
  return {
    provider: {
      issuer,
      devInteractionsEnabled: false,
      pkceRequired: true,
      responseTypes: ['code'],
      grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
    },
    signingKeys: signingKeys.map((key) => ({
      kid: key.kid,
      kty: key.kty ?? '',
      alg: key.alg,
      use: key.use,
      thumbprint: key.kid ?? '',
    })),
  };
}
