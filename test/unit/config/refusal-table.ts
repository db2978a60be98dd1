import type { ConfigFacts, CookieFact, SigningKeyFact } from '../../../src/config/config-facts.ts';
import { readEnvironment } from '../../../src/config/environment.ts';
import { deriveKeys } from '../../../src/crypto/derive-keys.ts';
import { randomSecretKey } from '../../../src/crypto/random-token.ts';

/** The current secret key of the good server. */
export const secretKey = randomSecretKey();
/** Its previous one. */
export const otherKey = randomSecretKey();
const databaseUrl = 'postgres://app:f8Kq2hVx7Zr4@db.acme.com/app?sslmode=verify-full';

const signingKey: SigningKeyFact = { kid: 'a', kty: 'EC', alg: 'ES256', use: 'sig', thumbprint: 'thumbprint-a' };
const cookie: CookieFact = { name: '__Host-session', secure: true, sameSite: 'lax', httpOnly: true };
const provider = {
  issuer: 'https://login.acme.com',
  devInteractionsEnabled: false,
  pkceRequired: true,
  responseTypes: ['code'],
  grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
};
/** A database as it should be. */
export const database = {
  reachable: true,
  superuser: false,
  pendingMigrations: [],
  migratesAtStart: true,
  unknownMigrations: [],
} as const;
const content = {
  administratorExists: true,
  bootstrapPending: false,
  bootstrapTokenInEnvironment: false,
  examples: [],
};

/** Facts of a good production server, with some variables and parts replaced. */
export function facts(
  variables: Record<string, string | undefined> = {},
  parts: Partial<ConfigFacts> = {},
): ConfigFacts {
  const config = readEnvironment({
    NODE_ENV: 'production',
    ISSUER: 'https://login.acme.com',
    DATABASE_URL: databaseUrl,
    SECRET_KEYS: `${secretKey},${otherKey}`,
    TRUSTED_PROXIES: '10.0.0.0/8,fc00::/7,203.0.113.7',
    ...variables,
  });
  const keys = config.secretKeys ?? [secretKey];
  return {
    config,
    secretKeys: keys.map((text) => ({ text, source: config.secretKeys === undefined ? 'file' : 'environment' })),
    derivedKeys: {
      cookies: deriveKeys(keys, 'cookies').map((derived) => derived.key),
      peppers: deriveKeys(keys, 'pepper').map((derived) => derived.key),
    },
    signingKeys: [signingKey],
    cookies: [cookie, { name: 'XSRF-TOKEN', secure: true, sameSite: 'lax', httpOnly: false }],
    provider: { ...provider, issuer: config.issuer ?? 'https://login.acme.com' },
    dataFolder: { path: '/srv/data', mode: 0o700, temporary: false },
    database,
    content,
    ...parts,
  };
}

/** The good server with another signing key. */
export const withSigningKey = (change: Partial<SigningKeyFact>) =>
  facts({}, { signingKeys: [{ ...signingKey, ...change }] });
const withCookie = (change: Partial<CookieFact>) => facts({}, { cookies: [{ ...cookie, ...change }] });
const withProvider = (change: Partial<typeof provider>) => facts({}, { provider: { ...provider, ...change } });
/** The good server with other `SECRET_KEYS`. */
export const withSecretKey = (key: string) => facts({ SECRET_KEYS: key });
/** The good server with another `DATABASE_URL`. */
export const withDatabase = (url: string) => facts({ DATABASE_URL: url });
const folder = (change: object) => ({ dataFolder: { path: '/srv/data', mode: 0o700, temporary: false, ...change } });
/** An issuer that did not come from the environment, which would have refused it. */
const rememberedIssuer = (issuer: string) => {
  const good = facts();
  return { config: { ...good.config, issuer }, provider: { ...provider, issuer } };
};

/** Each row: the code, what is wrong, bad facts, and neighbouring facts that are good. */
export const table: readonly (readonly [string, string, ConfigFacts, ConfigFacts?])[] = [
  ['ISSUER_MISSING', 'no issuer', { config: facts({ ISSUER: undefined }).config }],
  ['ISSUER_NOT_AN_ORIGIN', 'an issuer with a path', rememberedIssuer('https://login.acme.com/auth')],
  ['ISSUER_NOT_AN_ORIGIN', 'an issuer with a query', rememberedIssuer('https://login.acme.com?a')],
  ['ISSUER_NOT_AN_ORIGIN', 'an issuer with a fragment', rememberedIssuer('https://login.acme.com#')],
  ['ISSUER_NOT_AN_ORIGIN', 'an issuer with credentials', rememberedIssuer('https://a:b@login.acme.com')],
  ['ISSUER_NOT_AN_ORIGIN', 'an issuer that is not absolute', rememberedIssuer('login.acme.com')],
  ['HTTP_ISSUER', 'http to another machine', { config: facts({ ISSUER: 'http://login.acme.com' }).config }],
  ['LOCAL_ISSUER', 'localhost', { config: facts({ ISSUER: 'https://localhost' }).config }],
  ['LOCAL_ISSUER', 'a loopback address', { config: facts({ ISSUER: 'https://127.0.0.1:8443' }).config }],
  ['LOCAL_ISSUER', 'a .local name', { config: facts({ ISSUER: 'https://login.local' }).config }],
  ['LOCAL_ISSUER', 'example.com', facts({ ISSUER: 'https://example.com' }), facts({ ISSUER: 'https://myexample.com' })],
  ['ISSUER_DIFFERS', 'a provider of another issuer', withProvider({ issuer: 'https://other.acme.com' })],
  [
    'FOREIGN_COOKIE_DOMAIN',
    'a cookie domain beside the issuer',
    facts({ COOKIE_DOMAIN: 'other.com' }),
    facts({ COOKIE_DOMAIN: 'acme.com' }),
  ],
  [
    'FOREIGN_COOKIE_DOMAIN',
    'a cookie domain that only ends alike',
    facts({ COOKIE_DOMAIN: 'me.com' }),
    facts({ COOKIE_DOMAIN: 'login.acme.com' }),
  ],
  ['TRUSTS_EVERY_PROXY', 'every IPv4 proxy', facts({ TRUSTED_PROXIES: '0.0.0.0/0' })],
  ['TRUSTS_EVERY_PROXY', 'every IPv6 proxy', facts({ TRUSTED_PROXIES: '10.0.0.0/8,::/0' })],
  ['TRUSTS_EVERY_PROXY', 'half of all proxies', facts({ TRUSTED_PROXIES: '128.0.0.0/1' })],

  ['SECRET_KEYS_MISSING', 'no secret keys beside a shared database', facts({ SECRET_KEYS: undefined })],
  ['WEAK_SECRET_KEY', 'a short key', withSecretKey('k8Zq2hVx7Zr4k8Zq2hVx7Zr4k8Zq2h'), withSecretKey(secretKey)],
  ['WEAK_SECRET_KEY', 'a regular key', withSecretKey('abcdefghijklmnopqrstuvwxyz0123456789')],
  [
    'WEAK_SECRET_KEY',
    'a repeated pattern',
    withSecretKey('0123456789abcdef'.repeat(4)),
    withSecretKey('256c6135699c5c8522b098d1dc20a823'),
  ],
  ['WEAK_SECRET_KEY', 'a repeated character', withSecretKey('a'.repeat(64))],
  ['WEAK_SECRET_KEY', 'digits alone', withSecretKey('83610593728461950372846195037284')],
  ['WEAK_SECRET_KEY', 'a well-known key', withSecretKey('changeme')],
  ['WEAK_SECRET_KEY', 'a well-known key in another spelling', withSecretKey('Keyboard Cat')],
  ['WEAK_SECRET_KEY', 'a well-known key several times', withSecretKey('changeme-changeme-changeme-changeme')],
  ['WEAK_SECRET_KEY', 'a weak previous key', withSecretKey(`${secretKey},secret`)],
  ['REUSED_SECRET_KEY', 'a repeated key', withSecretKey(`${secretKey},${secretKey}`)],
  [
    'REUSED_SECRET_KEY',
    'the password of the database as key',
    withDatabase(`postgres://app:${secretKey}@localhost/app`),
  ],
  ['COOKIE_KEYS_MISSING', 'no cookie key', facts({}, { derivedKeys: { cookies: [], peppers: [Buffer.alloc(32, 1)] } })],
  [
    'COOKIE_KEYS_MISSING',
    'a short cookie key',
    facts({}, { derivedKeys: { cookies: [Buffer.alloc(31)], peppers: [Buffer.alloc(32, 1)] } }),
  ],
  ['PEPPER_MISSING', 'no pepper', facts({}, { derivedKeys: { cookies: [Buffer.alloc(32)], peppers: [] } })],
  [
    'PEPPER_IS_COOKIE_KEY',
    'a pepper that is a cookie key',
    facts({}, { derivedKeys: { cookies: [Buffer.alloc(32)], peppers: [Buffer.alloc(32)] } }),
  ],
  ['SIGNING_KEYS_MISSING', 'no signing key', facts({}, { signingKeys: [] })],
  ['DEVELOPMENT_SIGNING_KEY', "the library's key by its name", withSigningKey({ kid: 'keystore-CHANGE-ME' })],
  [
    'DEVELOPMENT_SIGNING_KEY',
    "the library's key by its thumbprint",
    withSigningKey({ thumbprint: 'r1LkbBo3925Rb2ZFFrKyU3MVex9T2817Kx0vbi6i_Kc' }),
  ],
  [
    'SHORT_SIGNING_KEY',
    'RSA of 1024 bits',
    withSigningKey({ kty: 'RSA', alg: 'RS256', modulusBits: 1024 }),
    withSigningKey({ kty: 'RSA', alg: 'RS256', modulusBits: 2048 }),
  ],
  [
    'SIGNING_KEY_FILE_READABLE',
    'a key file that the group reads',
    withSigningKey({ fileMode: 0o640 }),
    withSigningKey({ fileMode: 0o600 }),
  ],
  [
    'DUPLICATE_SIGNING_KEY',
    'two keys of one name',
    facts({}, { signingKeys: [signingKey, { ...signingKey, thumbprint: 'b' }] }),
  ],
  ['UNMARKED_SIGNING_KEY', 'a key without alg', withSigningKey({ alg: undefined })],
  ['UNMARKED_SIGNING_KEY', 'a key without use', withSigningKey({ use: undefined })],
  [
    'SYMMETRIC_SIGNING_KEY',
    'a symmetric key',
    facts({}, { signingKeys: [signingKey, { ...signingKey, kid: 'b', kty: 'oct', alg: 'HS256' }] }),
  ],

  ['DEV_INTERACTIONS', "the library's own sign-in page", withProvider({ devInteractionsEnabled: true })],
  ['PKCE_NOT_REQUIRED', 'authorization without PKCE', withProvider({ pkceRequired: false })],
  ['RESPONSE_TYPES', 'the implicit flow', withProvider({ responseTypes: ['code', 'id_token'] })],
  ['RESPONSE_TYPES', 'response type none', withProvider({ responseTypes: ['code', 'none'] })],
  ['PASSWORD_GRANT', 'the password grant', withProvider({ grantTypes: ['password'] })],
  ['INSECURE_COOKIE', 'a cookie that is not secure', withCookie({ secure: false })],
  [
    'CROSS_SITE_COOKIE',
    'SameSite=None without a reason',
    withCookie({ sameSite: 'none' }),
    withCookie({ sameSite: 'none', sameSiteNoneReason: 'an embedded page' }),
  ],
  [
    'UNPREFIXED_COOKIE',
    'a cookie without a prefix',
    withCookie({ name: 'session' }),
    withCookie({ name: '__Secure-session' }),
  ],

  [
    'DATABASE_WITHOUT_TLS',
    'a remote database in the clear',
    withDatabase('postgres://app:f8Kq2hVx@db/app'),
    withDatabase('postgres://app:f8Kq2hVx@localhost/app'),
  ],
  [
    'DATABASE_WITHOUT_TLS',
    'TLS if it happens',
    withDatabase('postgres://app:f8Kq2hVx@db/app?sslmode=prefer'),
    withDatabase('postgres://app@/app?host=/run/postgresql'),
  ],
  [
    'DATABASE_WITHOUT_TLS',
    'TLS switched off',
    withDatabase('postgres://app:f8Kq2hVx@db/app?sslmode=disable'),
    withDatabase('postgres://app:f8Kq2hVx@%2Frun%2Fpostgresql/app'),
  ],
  [
    'DATABASE_WITHOUT_TLS',
    'a remote host in the query',
    withDatabase('postgres://app:f8Kq2hVx@localhost/app?host=db.acme.com'),
    withDatabase('postgres://app:f8Kq2hVx@db/app?sslmode=require'),
  ],
  [
    'WEAK_DATABASE_PASSWORD',
    'the usual password',
    withDatabase('postgres://app:postgres@localhost/app'),
    withDatabase('postgres://app@localhost/app'),
  ],
  ['WEAK_DATABASE_PASSWORD', "the user's name as password", withDatabase('postgres://acme:acme@localhost/app')],
  [
    'EMBEDDED_DATABASE',
    'the embedded database',
    facts({ DATABASE_URL: undefined }),
    facts({ DATABASE_URL: undefined, SECRET_KEYS: undefined, EMBEDDED_DATABASE_IN_PRODUCTION: 'true' }),
  ],
  [
    'DATA_FOLDER_READABLE',
    'a data folder for everybody',
    facts({}, folder({ mode: 0o755 })),
    facts({}, folder({ mode: 0o750 })),
  ],
  [
    'DATA_FOLDER_TEMPORARY',
    'a data folder in memory',
    facts({ DATABASE_URL: undefined, EMBEDDED_DATABASE_IN_PRODUCTION: 'true' }, folder({ temporary: true })),
    facts({}, folder({ temporary: true })),
  ],
  ['DATABASE_UNREACHABLE', 'no answer', facts({}, { database: { reachable: false, waitedSeconds: 30 } })],
  [
    'PENDING_MIGRATIONS',
    'migrations that nobody applies',
    facts({}, { database: { ...database, migratesAtStart: false, pendingMigrations: ['0002'] } }),
    facts({}, { database: { ...database, pendingMigrations: ['0002'] } }),
  ],
  ['NEWER_SCHEMA', 'a newer schema', facts({}, { database: { ...database, unknownMigrations: ['0099'] } })],
  [
    'NO_ADMINISTRATOR',
    'no administrator',
    facts({}, { content: { ...content, administratorExists: false } }),
    facts({}, { content: { ...content, administratorExists: false, bootstrapPending: true } }),
  ],
  [
    'BOOTSTRAP_TOKEN_LEFT',
    'a bootstrap token left behind',
    facts({}, { content: { ...content, bootstrapTokenInEnvironment: true } }),
  ],
  ['EXAMPLE_DATA', 'example data', facts({}, { content: { ...content, examples: ['client reader'] } })],
  ['EXAMPLE_DATA', 'example data to come', facts({ SEED_EXAMPLES: 'true' }), facts({ SEED_EXAMPLES: 'false' })],
];
