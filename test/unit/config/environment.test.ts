import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { isProduction, readEnvironment } from '../../../src/config/environment.ts';
import { ConfigurationError, type ConfigurationFault } from '../../../src/core/errors.ts';

function faultsOf(environment: NodeJS.ProcessEnv): readonly ConfigurationFault[] {
  try {
    readEnvironment(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

function codesOf(environment: NodeJS.ProcessEnv): string[] {
  return faultsOf(environment).map((fault) => fault.code);
}

describe('the environment', () => {
  it('has a default for every variable', () => {
    const config = readEnvironment({});
    expect(config).to.deep.include({
      port: 3000,
      host: '127.0.0.1',
      issuer: undefined,
      databaseUrl: undefined,
      databasePoolSize: 10,
      embeddedDatabaseInProduction: false,
      secretKeys: undefined,
      cookieDomain: undefined,
      statefulDomains: ['localhost:3000', '127.0.0.1:3000', '[::1]:3000'],
      trustedProxies: [],
      scopesFile: 'scopes.yaml',
      tokenExpiration: { years: 1, months: 0, weeks: 0, days: 0, hours: 0, minutes: 0, seconds: 0 },
      strangerLimitPerMinute: 600,
      drainSeconds: 30,
      logLevel: 'info',
      nodeEnv: 'development',
      seedExamples: true,
      allowInsecure: [],
    });
    expect(config.dataDir).to.equal(join(process.cwd(), 'data'));
  });

  it('reads numbers, lists, flags and durations', () => {
    const config = readEnvironment({
      PORT: '8080',
      ISSUER: 'https://login.acme.com',
      DATABASE_URL: 'postgres://app:pw@db.acme.com/app?sslmode=verify-full',
      SECRET_KEYS: ' one , two ',
      TRUSTED_PROXIES: '10.0.0.0/8,fd00::/8, 192.168.1.7',
      STATEFUL_DOMAINS: 'app.acme.com,localhost:5173,[::1]:5173',
      TOKEN_EXPIRATION: 'never',
      EMBEDDED_DATABASE_IN_PRODUCTION: '1',
      LOG_LEVEL: 'debug',
      ALLOW_INSECURE: 'HTTP_ISSUER,EMBEDDED_DATABASE',
    });
    expect(config).to.deep.include({
      port: 8080,
      issuer: 'https://login.acme.com',
      secretKeys: ['one', 'two'],
      trustedProxies: ['10.0.0.0/8', 'fd00::/8', '192.168.1.7'],
      statefulDomains: ['app.acme.com', 'localhost:5173', '[::1]:5173'],
      tokenExpiration: null,
      embeddedDatabaseInProduction: true,
      logLevel: 'debug',
      allowInsecure: ['HTTP_ISSUER', 'EMBEDDED_DATABASE'],
    });
  });

  it('takes an empty variable for an unset one', () => {
    expect(readEnvironment({ PORT: '', DATABASE_URL: ' ', SECRET_KEYS: '', LOG_LEVEL: '' })).to.deep.equal(
      readEnvironment({}),
    );
  });

  it('lists all faults at once', () => {
    const codes = codesOf({
      PORT: 'http',
      DATABASE_URL: 'mysql://x',
      TOKEN_EXPIRATION: '1 year',
      SECRET_KEY: 'x',
      LATCHKEY_X: 'y',
    });
    expect(codes).to.have.members([
      'INVALID_PORT',
      'INVALID_DATABASE_URL',
      'INVALID_TOKEN_EXPIRATION',
      'UNKNOWN_VARIABLE',
      'UNKNOWN_VARIABLE',
    ]);
  });

  it('never repeats a value that may be a secret', () => {
    const faults = faultsOf({ DATABASE_URL: 'postgres:/app:hunter2@db/app', SECRET_KEYS: 'topsecret,,' });
    expect(faults).to.have.length(2);
    expect(JSON.stringify(faults)).not.to.match(/hunter2|topsecret/);
  });

  const refused: readonly (readonly [string, readonly string[]])[] = [
    ['PORT', ['-1', '65536', '3000.5', '0x10', '1e3', 'http']],
    ['HOST', ['a b', 'http://x']],
    [
      'ISSUER',
      [
        'login.acme.com',
        'https://acme.com/',
        'https://acme.com/x',
        'https://acme.com?x',
        'https://a:b@acme.com',
        'https://ACME.com',
        'https://acme.com:443',
        'ftp://acme.com',
        'https://acme.com#',
        'https://acme.com junk',
      ],
    ],
    ['DATABASE_URL', ['db.acme.com', 'mysql://db/app', 'postgres://[']],
    ['SECRET_KEYS', ['one,,two', ',']],
    ['COOKIE_DOMAIN', ['.acme.com', 'https://acme.com', 'acme.com:80', '*.acme.com']],
    ['STATEFUL_DOMAINS', ['*.acme.com', 'https://acme.com', 'acme.com/x', 'a,,b']],
    ['TRUSTED_PROXIES', ['true', '*', '10.0.0.0/33', '10.0.0/8', 'proxy', '10.0.0.0/8/8', '1']],
    ['TOKEN_EXPIRATION', ['1y', 'P', 'PT0S', 'P1.5D', '-P1D', '365', 'Never']],
    ['STRANGER_LIMIT', ['0', 'none', '-5']],
    ['DATABASE_POOL', ['1', 'x', '1001']],
    ['DRAIN_SECONDS', ['0', '601', '10s']],
    ['LOG_LEVEL', ['verbose', 'INFO']],
    ['NODE_ENV', ['prod', 'staging']],
    ['SEED_EXAMPLES', ['yes', 'maybe']],
    ['ALLOW_INSECURE', ['true!', 'http_issuer', 'A,,B']],
  ];
  for (const [name, values] of refused) {
    for (const value of values) {
      it(`refuses ${name}=${value}`, () => {
        expect(codesOf({ [name]: value })).to.deep.equal([`INVALID_${name}`]);
      });
    }
  }

  const slips: readonly (readonly [string, string | undefined])[] = [
    ['SECRET_KEY', 'SECRET_KEYS'],
    ['secret_keys', 'SECRET_KEYS'],
    ['cookie_key', 'SECRET_KEYS'],
    ['TRUSTED_PROXY', 'TRUSTED_PROXIES'],
    ['TRUSTED_PROXYS', 'TRUSTED_PROXIES'],
    ['TRUST_PROXY', 'TRUSTED_PROXIES'],
    ['TOKEN_EXPIRY', 'TOKEN_EXPIRATION'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['DATABSAE_URL', 'DATABASE_URL'],
    ['DATADIR', 'DATA_DIR'],
    ['ISUER', undefined],
    ['ISSUERS', 'ISSUER'],
    ['LATCHKEY_PORT', 'PORT'],
    ['LATCHKEY_SECRET_KEY', 'SECRET_KEYS'],
    ['HOSTNAME', undefined],
    ['DATABASE_PORT', undefined],
    ['TEST_DATABASE_URL', undefined],
    ['HTTPS_PROXY', undefined],
    ['LATCHKEY_URL', undefined],
    ['LATCHKEY_TOKEN', undefined],
    ['npm_config_loglevel', undefined],
    ['PATH', undefined],
  ];
  for (const [name, meant] of slips) {
    it(meant === undefined ? `leaves ${name} alone` : `asks whether ${name} means ${meant}`, () => {
      const expected = meant === undefined ? [] : [`Did you mean ${meant}?`];
      expect(faultsOf({ [name]: 'x' }).map((fault) => fault.fix)).to.deep.equal(expected);
    });
  }

  it('creates no example data in production unless told to', () => {
    expect(readEnvironment({ NODE_ENV: 'production' }).seedExamples).to.equal(false);
    expect(readEnvironment({ ISSUER: 'https://login.acme.com' }).seedExamples).to.equal(false);
    expect(readEnvironment({ ISSUER: 'http://127.0.0.1:3000' }).seedExamples).to.equal(true);
    expect(readEnvironment({ NODE_ENV: 'production', SEED_EXAMPLES: 'true' }).seedExamples).to.equal(true);
  });

  it('is in production by name or by an issuer that others can reach', () => {
    expect(isProduction({ nodeEnv: 'production', issuer: undefined })).to.equal(true);
    expect(isProduction({ nodeEnv: 'development', issuer: 'http://192.168.1.5:3000' })).to.equal(true);
    for (const issuer of [
      undefined,
      'http://localhost:3000',
      'http://127.0.0.1',
      'http://[::1]:3000',
      'https://app.localhost',
    ]) {
      expect(isProduction({ nodeEnv: 'development', issuer }), issuer).to.equal(false);
    }
    expect(isProduction({ nodeEnv: 'development', issuer: 'http://localhost.acme.com' })).to.equal(true);
  });
});

describe('a mounted secret', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-environment-'));
  const file = join(folder, 'secret');
  after(() => rmSync(folder, { recursive: true }));

  it('is read from the file that SECRET_KEYS_FILE or DATABASE_URL_FILE names, without the line feed at its end', () => {
    writeFileSync(file, 'postgres://app@/app\n');
    expect(readEnvironment({ DATABASE_URL_FILE: file }).databaseUrl).to.equal('postgres://app@/app');
    writeFileSync(file, 'one,two\n');
    expect(readEnvironment({ SECRET_KEYS_FILE: file }).secretKeys).to.deep.equal(['one', 'two']);
  });

  it('is refused when its file is missing, empty, or contradicts the variable', () => {
    expect(codesOf({ SECRET_KEYS_FILE: join(folder, 'missing') })).to.deep.equal(['INVALID_SECRET_KEYS_FILE']);
    writeFileSync(file, '\n');
    expect(codesOf({ SECRET_KEYS_FILE: file })).to.deep.equal(['INVALID_SECRET_KEYS_FILE']);
    expect(codesOf({ DATABASE_URL: 'postgres://app@/app', DATABASE_URL_FILE: file })).to.deep.equal([
      'INVALID_DATABASE_URL_FILE',
    ]);
  });
});
