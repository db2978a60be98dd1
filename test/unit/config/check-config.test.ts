import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { calculateJwkThumbprint } from 'jose';
import { checkConfig, configRules, requireSafeConfig, reviewConfig } from '../../../src/config/check-config.ts';
import type { ConfigFacts } from '../../../src/config/config-facts.ts';
import { readEnvironment } from '../../../src/config/environment.ts';
import { ConfigurationError } from '../../../src/core/errors.ts';
import { randomSecretKey } from '../../../src/crypto/random-token.ts';
import {
  database,
  facts,
  otherKey,
  secretKey,
  table,
  withDatabase,
  withSecretKey,
  withSigningKey,
} from './refusal-table.ts';

function codes(given: ConfigFacts): string[] {
  return checkConfig(given).map((fault) => fault.code);
}

describe('the refusals to start', () => {
  it('do not concern a good production server', () => {
    expect(reviewConfig(facts())).to.deep.equal({ refusals: [], overridden: [], warnings: [] });
  });

  for (const [code, fault, bad, good] of table) {
    it(`refuse ${fault} as ${code}${good === undefined ? '' : ', and not its harmless neighbour'}`, () => {
      expect(codes(bad)).to.deep.equal([code]);
      if (good !== undefined) expect(codes(good)).to.deep.equal([]);
    });
  }

  it('are each proved by a row of this table', () => {
    const refusals = configRules.filter((rule) => rule.applies !== 'warning').map((rule) => rule.code);
    expect([...new Set(table.map(([code]) => code))]).to.have.members(refusals);
    expect(new Set(configRules.map((rule) => rule.code)).size).to.equal(configRules.length);
  });

  it('say what is wrong and what to do, and no secret', () => {
    for (const [, , bad] of table) {
      for (const fault of checkConfig(bad)) {
        expect(fault.message).to.match(/\.$/);
        expect(fault.fix).to.be.a('string').and.not.to.equal('');
        const text = JSON.stringify(fault);
        for (const secret of [secretKey, otherKey, 'f8Kq2hVx', 'changeme']) expect(text).not.to.contain(secret);
      }
    }
  });

  it('do not exist in development, nonsense apart', () => {
    for (const [code, , bad] of table) {
      const config = {
        ...bad.config,
        nodeEnv: 'development',
        issuer: 'http://localhost:3000',
        cookieDomain: undefined,
      } as const;
      expect(codes({ ...bad, config }), code).to.deep.equal([]);
    }
    const config = readEnvironment({ ISSUER: 'http://localhost:3000', COOKIE_DOMAIN: 'other.com' });
    expect(codes({ config })).to.deep.equal(['FOREIGN_COOKIE_DOMAIN']);
  });

  it('apply without NODE_ENV when the issuer is not loopback, also one that was remembered', () => {
    expect(codes({ config: readEnvironment({ ISSUER: 'http://login.acme.com' }) })).to.have.members([
      'HTTP_ISSUER',
      'EMBEDDED_DATABASE',
    ]);
    expect(codes({ config: readEnvironment({}), issuer: 'http://login.acme.com' })).to.include('HTTP_ISSUER');
    expect(codes({ config: readEnvironment({}), issuer: 'http://localhost:3000' })).to.deep.equal([]);
  });

  it('are all told at once', () => {
    const bad = readEnvironment({
      NODE_ENV: 'production',
      DATABASE_URL: 'postgres://app:secret@db/app',
      TRUSTED_PROXIES: '0.0.0.0/0',
    });
    const expected = [
      'ISSUER_MISSING',
      'TRUSTS_EVERY_PROXY',
      'SECRET_KEYS_MISSING',
      'DATABASE_WITHOUT_TLS',
      'WEAK_DATABASE_PASSWORD',
    ];
    expect(codes({ config: bad })).to.deep.equal(expected);
    expect(() => requireSafeConfig({ config: bad })).to.throw(
      ConfigurationError,
      /ISSUER_MISSING(.|\n)*WEAK_DATABASE_PASSWORD/,
    );
  });

  it('are overridden one by one, and each override is told', () => {
    const overridden = { ISSUER: 'http://login.acme.com', TRUSTED_PROXIES: '0.0.0.0/0', ALLOW_INSECURE: 'HTTP_ISSUER' };
    const review = reviewConfig(facts(overridden));
    expect(review.refusals.map((fault) => fault.code)).to.deep.equal(['TRUSTS_EVERY_PROXY']);
    expect(review.overridden.map((fault) => fault.code)).to.deep.equal(['HTTP_ISSUER']);
  });

  it('can not be overridden when they are nonsense or unknown', () => {
    expect(
      codes(facts({ COOKIE_DOMAIN: 'other.com', ALLOW_INSECURE: 'FOREIGN_COOKIE_DOMAIN,EVERYTHING' })),
    ).to.deep.equal(['UNKNOWN_OVERRIDE', 'UNKNOWN_OVERRIDE', 'FOREIGN_COOKIE_DOMAIN']);
  });

  it('are warnings where the server may run nevertheless', () => {
    const unverified = withDatabase('postgres://app:f8Kq2hVx@db/app?sslmode=require');
    const warnings = (given: ConfigFacts) => reviewConfig(given).warnings.map((fault) => fault.code);
    expect(warnings({ ...unverified, database: { ...database, superuser: true } })).to.deep.equal([
      'DATABASE_TLS_UNVERIFIED',
      'DATABASE_SUPERUSER',
    ]);
    expect(warnings(withDatabase('postgres://app:f8Kq2hVx@db/app?sslmode=require&sslrootcert=ca.pem'))).to.deep.equal(
      [],
    );
  });

  it('judge only keys that a person chose', () => {
    const variables = { DATABASE_URL: undefined, SECRET_KEYS: undefined, EMBEDDED_DATABASE_IN_PRODUCTION: 'true' };
    expect(codes(facts(variables, { secretKeys: [{ text: 'short', source: 'file' }] }))).to.deep.equal([]);
    for (let round = 0; round < 2000; round += 1) expect(codes(withSecretKey(randomSecretKey()))).to.deep.equal([]);
  });

  it('know the development key of the protocol library as it is installed', async () => {
    const file = new URL('./consts/dev_keystore.js', import.meta.resolve('oidc-provider'));
    const source = readFileSync(file, 'utf8');
    const member = (name: string) => new RegExp(`\\b${name}: '([^']+)'`).exec(source)?.[1] ?? '';
    expect(member('kty')).to.equal('RSA');
    const thumbprint = await calculateJwkThumbprint({ kty: 'RSA', e: member('e'), n: member('n') });
    expect(codes(withSigningKey({ thumbprint }))).to.deep.equal(['DEVELOPMENT_SIGNING_KEY']);
    expect(codes(withSigningKey({ kid: member('kid') }))).to.deep.equal(['DEVELOPMENT_SIGNING_KEY']);
  });
});
