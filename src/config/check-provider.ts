import { type ConfigRule, type CookieFact, findingIf, knownIssuer } from './config-facts.ts';

/** Rules about how the OAuth provider is set up and how cookies are set. */
export const providerRules: readonly ConfigRule[] = [
  {
    code: 'DEV_INTERACTIONS',
    applies: 'production',
    find: ({ provider }) =>
      findingIf(
        provider?.devInteractionsEnabled === true,
        "The protocol library's own sign-in page, which accepts anybody, is on.",
        'Turn devInteractions off.',
      ),
  },
  {
    code: 'PKCE_NOT_REQUIRED',
    applies: 'production',
    find: ({ provider }) =>
      findingIf(
        provider?.pkceRequired === false,
        'An authorization code can be asked for without PKCE.',
        'Require it of every client (OAuth 2.1, section 4.1.1).',
      ),
  },
  {
    code: 'RESPONSE_TYPES',
    applies: 'production',
    find: ({ provider }) => {
      const others = provider?.responseTypes.filter((type) => type !== 'code') ?? [];
      return findingIf(others.length > 0, `Response types ${others.join(', ')} are offered.`, 'Offer only code.');
    },
  },
  {
    code: 'PASSWORD_GRANT',
    applies: 'production',
    find: ({ provider }) =>
      findingIf(
        provider?.grantTypes.includes('password') === true,
        'The password grant is registered, which hands passwords to clients.',
        'Remove it; OAuth 2.1 has none.',
      ),
  },
  cookieRule(
    'INSECURE_COOKIE',
    'travels over plain http',
    'Set its Secure attribute.',
    (cookie, https) => https && !cookie.secure,
  ),
  cookieRule(
    'CROSS_SITE_COOKIE',
    'is sent along by every site (SameSite=None)',
    'Set SameSite to lax or strict, or give the reason.',
    (cookie) => cookie.sameSite === 'none' && !cookie.sameSiteNoneReason,
  ),
  cookieRule(
    'UNPREFIXED_COOKIE',
    'can be overwritten by a sister host',
    'Begin its name with __Host- or __Secure-.',
    (cookie, https) => https && cookie.httpOnly && !/^__(Host|Secure)-/.test(cookie.name),
  ),
];

function cookieRule(
  code: string,
  fault: string,
  fix: string,
  isBad: (cookie: CookieFact, https: boolean) => boolean,
): ConfigRule {
  return {
    code,
    applies: 'production',
    find: (facts) => {
      // Plain http to another machine is refused as such; on loopback the attribute would only lose the cookie.
      const https = knownIssuer(facts)?.startsWith('https:') === true;
      const cookies = facts.cookies ?? [];
      return cookies
        .filter((cookie) => isBad(cookie, https))
        .map((cookie) => ({ message: `Cookie ${cookie.name} ${fault}.`, fix }));
    },
  };
}
