import { type ConfigRule, findingIf, knownIssuer } from './config-facts.ts';
import { isLoopbackHost, isLoopbackOrigin, originOf } from './origin.ts';

/** Hosts that stand in every example and belong to nobody who runs a server. */
const exampleHosts = ['example.com', 'example.org', 'example.net'];

/** Shortest blocks that somebody can own: 10.0.0.0/8 and fc00::/7 are the largest private networks. */
const shortestPrefix = { v4: 8, v6: 7 };

/** Rules about the public origin and who may speak for it. */
export const issuerRules: readonly ConfigRule[] = [
  {
    code: 'ISSUER_MISSING',
    applies: 'production',
    find: (facts) => {
      const missing = facts.config.issuer === undefined;
      return findingIf(missing, 'ISSUER is not set.', 'Set it to the public origin, such as https://login.acme.com.');
    },
  },
  {
    code: 'ISSUER_NOT_AN_ORIGIN',
    applies: 'always',
    find: (facts) => {
      const issuer = knownIssuer(facts);
      const bad = issuer !== undefined && originOf(issuer) !== issuer;
      return findingIf(
        bad,
        'The issuer is not an origin.',
        'Set ISSUER to scheme, host and port alone, in lower case, without user, path, query, fragment or a slash at the end.',
      );
    },
  },
  {
    code: 'HTTP_ISSUER',
    applies: 'production',
    find: (facts) => {
      const issuer = knownIssuer(facts);
      const bad = issuer !== undefined && /^http:/i.test(issuer) && !isLoopbackOrigin(issuer);
      return findingIf(bad, `The issuer ${issuer} is not https.`, 'Serve it over TLS and set ISSUER to https://….');
    },
  },
  {
    code: 'LOCAL_ISSUER',
    applies: 'production',
    find: (facts) => {
      const hostname = URL.parse(knownIssuer(facts) ?? '')?.hostname ?? '';
      const bad = isLoopbackHost(hostname) || hostname.endsWith('.local') || exampleHosts.includes(hostname);
      return findingIf(bad, `Nobody else reaches the issuer's host ${hostname}.`, 'Set ISSUER to the public origin.');
    },
  },
  {
    code: 'ISSUER_DIFFERS',
    applies: 'production',
    find: (facts) => {
      const issuer = knownIssuer(facts);
      const differs = facts.provider !== undefined && issuer !== undefined && facts.provider.issuer !== issuer;
      return findingIf(
        differs,
        `The provider speaks for ${facts.provider?.issuer}, the server for ${issuer}.`,
        'Set ISSUER to the one public origin.',
      );
    },
  },
  {
    code: 'FOREIGN_COOKIE_DOMAIN',
    applies: 'always',
    find: (facts) => {
      const domain = facts.config.cookieDomain;
      const hostname = URL.parse(knownIssuer(facts) ?? '')?.hostname;
      if (domain === undefined || hostname === undefined) return [];
      const bad = hostname !== domain && !hostname.endsWith(`.${domain}`);
      return findingIf(
        bad,
        `COOKIE_DOMAIN ${domain} does not contain the issuer's host ${hostname}.`,
        'Set it to that host or a domain above it, or remove it.',
      );
    },
  },
  {
    code: 'TRUSTS_EVERY_PROXY',
    applies: 'production',
    find: (facts) =>
      facts.config.trustedProxies.filter(isEverybody).map((block) => ({
        message: `TRUSTED_PROXIES believes ${block}, which is not a network of yours.`,
        fix: 'Name the addresses of your proxies.',
      })),
  },
];

function isEverybody(block: string): boolean {
  const [address = '', prefix] = block.split('/');
  return prefix !== undefined && Number(prefix) < (address.includes(':') ? shortestPrefix.v6 : shortestPrefix.v4);
}
