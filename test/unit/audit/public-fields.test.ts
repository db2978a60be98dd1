import { expect } from 'chai';
import { changedFields, removed, safeIdentifier, withoutSecrets } from '../../../src/audit/public-fields.ts';
import {
  formatPersonalAccessToken,
  generateApiKey,
  generateTokenSecret,
} from '../../../src/credentials/token-format.ts';
import { generateClientSecret } from '../../../src/crypto/client-secret.ts';
import { randomSecretKey, randomToken } from '../../../src/crypto/random-token.ts';

describe('the guard of the audit trail', () => {
  it('removes members that are named like a secret, at any depth, and keeps their names', () => {
    for (const name of [
      'secret',
      'client_secret',
      'password',
      'newPassword',
      'token',
      'access_token',
      'key',
      'api_key',
      'keys',
      'key_hash',
      'jwks',
      'match_proof',
      'code',
      'cookie',
      'private_jwk',
      'csrf',
      'Authorization',
    ]) {
      for (const value of ['x', 7, ['x'], { inner: 'x' }]) {
        expect(withoutSecrets({ [name]: value }), name).to.deep.equal({ [name]: removed });
        expect(withoutSecrets({ list: [{ [name]: value }] }), name).to.deep.equal({ list: [{ [name]: removed }] });
      }
    }
  });

  it('keeps what only sounds like one', () => {
    const fields = {
      must_change_password: true,
      has_password: false,
      token_endpoint_auth_method: 'none',
      jwks_uri: 'https://example.com/keys',
      monkey: 'business',
      count: 3,
      scopes: ['keys:manage', 'posts:*'],
      expires_at: null,
    };
    expect(withoutSecrets(fields)).to.deep.equal(fields);
  });

  it('removes every kind of credential from every text, also in the middle and cut short', () => {
    const credentials = [
      generateApiKey('live').text,
      generateApiKey('test').text,
      formatPersonalAccessToken(7, generateTokenSecret()),
      formatPersonalAccessToken(7, generateTokenSecret()).replace('|', '.'),
      generateClientSecret(),
      `oat_${randomSecretKey()}`,
      `oct_${randomSecretKey()}`,
      `ort_${randomSecretKey()}`,
      randomSecretKey(),
      `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.${randomToken(43)}`,
      `$2b$10$${randomToken(53)}`,
    ];
    for (const credential of credentials) {
      for (const text of [credential, `my ${credential} key`, `"${credential}"`, `a\n${credential}\nb`]) {
        const guarded = JSON.stringify(withoutSecrets({ name: text, nested: [{ name: text }], [text]: 1 }));
        expect(guarded, text).to.include(removed);
        expect(guarded, text).to.not.include(credential.slice(-12));
      }
    }
    const cut = generateApiKey('live').text.slice(0, 20);
    expect(withoutSecrets({ name: cut })).to.deep.equal({ name: removed });
    expect(safeIdentifier(`x ${credentials[0]}`)).to.equal(`x ${removed}`);
  });

  it('writes only what the database can hold, and no more than somebody can read', () => {
    expect(withoutSecrets({ name: 'a\0b\ud800c', at: new Date(0), gone: undefined })).to.deep.equal({
      name: 'ab\ufffdc',
      at: '1970-01-01T00:00:00.000Z',
    });
    const long = withoutSecrets({ name: 'a b '.repeat(10_000), list: Array.from({ length: 5000 }, () => 'x') });
    expect(JSON.stringify(long).length).to.be.below(4000);
    const deep: Record<string, unknown> = {};
    deep.self = deep;
    expect(JSON.stringify(withoutSecrets(deep)).length).to.be.below(500);
    expect(withoutSecrets({ bytes: Buffer.from('x') })).to.deep.equal({ bytes: removed });
  });

  it('keeps of a change what has changed', () => {
    const before = { name: 'a', scopes: ['x'], same: 1 };
    expect(changedFields(before, { name: 'b', scopes: ['x', 'y'], same: 1 })).to.deep.equal({
      before: { name: 'a', scopes: ['x'] },
      after: { name: 'b', scopes: ['x', 'y'] },
    });
    expect(changedFields(before, null)).to.deep.equal({ before, after: null });
    expect(changedFields(null, before)).to.deep.equal({ before: null, after: before });
    expect(changedFields({ a: 1 }, { b: 2 })).to.deep.equal({ before: { a: 1 }, after: { b: 2 } });
  });
});
