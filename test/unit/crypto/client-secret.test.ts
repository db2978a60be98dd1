import { createHash, createHmac } from 'node:crypto';
import { expect } from 'chai';
import { generateClientSecret, hashClientSecret, matchClientSecret } from '../../../src/crypto/client-secret.ts';
import { constantTimeEqual } from '../../../src/crypto/constant-time-equal.ts';
import { deriveKeys } from '../../../src/crypto/derive-keys.ts';
import { sha256, sha256Base64url, sha256Hex } from '../../../src/crypto/digest.ts';

const peppers = deriveKeys(['first'.padEnd(32, '-')], 'pepper');
const rotated = deriveKeys(['second'.padEnd(32, '-'), 'first'.padEnd(32, '-')], 'pepper');

describe('a client secret', () => {
  it('is ocs_ and 43 random characters', () => {
    expect(generateClientSecret()).to.match(/^ocs_[0-9A-Za-z]{43}$/);
    expect(generateClientSecret()).not.to.equal(generateClientSecret());
  });

  it('is stored as an HMAC that names its algorithm and its pepper', () => {
    const secret = generateClientSecret();
    const hmac = createHmac('sha256', peppers[0].key).update(secret).digest('hex');
    expect(hashClientSecret(secret, peppers)).to.equal(`sha256$${peppers[0].id}$${hmac}`);
  });

  it('is found among several live hashes, also under a previous pepper', () => {
    const [first, second, foreign] = [generateClientSecret(), generateClientSecret(), generateClientSecret()];
    const hashes = [hashClientSecret(first, peppers), hashClientSecret(second, rotated)];
    expect(matchClientSecret(first, hashes, rotated)).to.equal(hashes[0]);
    expect(matchClientSecret(second, hashes, rotated)).to.equal(hashes[1]);
    expect(matchClientSecret(foreign, hashes, rotated)).to.equal(null);
    expect(matchClientSecret(second, hashes, peppers)).to.equal(null);
    expect(matchClientSecret(first, [], peppers)).to.equal(null);
  });

  it('does not match a malformed hash, nor its own stored form', () => {
    const secret = generateClientSecret();
    const stored = hashClientSecret(secret, peppers);
    const malformed = [
      '',
      secret,
      stored.slice(0, -1),
      `${stored}0`,
      stored.toUpperCase(),
      stored.replace('sha256', 'sha512'),
      `sha256$${peppers[0].id}$`,
    ];
    expect(matchClientSecret(secret, malformed, peppers)).to.equal(null);
    expect(matchClientSecret(stored, [stored], peppers)).to.equal(null);
    expect(matchClientSecret('', [stored], peppers)).to.equal(null);
  });
});

describe('a comparison in constant time', () => {
  it('tells equal from different, whatever their lengths', () => {
    expect(constantTimeEqual('a', 'a')).to.equal(true);
    expect(constantTimeEqual('ä', Buffer.from('ä'))).to.equal(true);
    expect(constantTimeEqual('', '')).to.equal(true);
    for (const other of ['', 'A', 'aa', 'a\0']) expect(constantTimeEqual('a', other)).to.equal(false);
  });
});

describe('a digest', () => {
  it('is SHA-256 in three spellings', () => {
    const known = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(sha256Hex('abc')).to.equal(known);
    expect(sha256('abc').toString('hex')).to.equal(known);
    expect(sha256Base64url(Buffer.from('abc'))).to.equal(createHash('sha256').update('abc').digest('base64url'));
  });
});
