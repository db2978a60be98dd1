import { expect } from 'chai';
import { deriveKeys, type KeyPurpose } from '../../../src/crypto/derive-keys.ts';
import { isSealedWithCurrentKey, open, seal } from '../../../src/crypto/seal.ts';
import { matchesFingerprint, secretKeyFingerprint } from '../../../src/crypto/secret-key-fingerprint.ts';

const oldKey = 'old'.padEnd(32, '-');
const newKey = 'new'.padEnd(32, '-');
const purposes: readonly KeyPurpose[] = ['cookies', 'pepper', 'sealing', 'csrf', 'fingerprint'];

describe('derived keys', () => {
  it('differ for every secret key and every purpose, and have 32 bytes', () => {
    const keys = purposes.flatMap((purpose) => deriveKeys([oldKey, newKey], purpose));
    expect(new Set(keys.map((key) => key.key.toString('hex'))).size).to.equal(10);
    for (const key of keys) expect(key.key).to.have.length(32);
  });

  it('stay what they are from one version to the next', () => {
    const [key] = deriveKeys([oldKey], 'sealing');
    expect(key.id).to.equal('80e493c4');
    expect(key.key.toString('hex')).to.equal('812045ad3c6af4d61b82730036dc90c266aebea15621bb655f30ba7136975797');
  });

  it('keep their names when another key becomes current', () => {
    const [, previous] = deriveKeys([newKey, oldKey], 'pepper');
    expect(previous).to.deep.equal(deriveKeys([oldKey], 'pepper')[0]);
    expect(deriveKeys([oldKey], 'cookies')[0].id).to.equal(previous?.id);
  });

  it('need a secret key', () => {
    expect(() => deriveKeys([], 'cookies')).to.throw(RangeError);
  });
});

describe('a sealed value', () => {
  const keys = deriveKeys([oldKey], 'sealing');

  it('opens with the same key and the same associated data', () => {
    for (const plain of ['', 'private key', 'ü'.repeat(5000)]) {
      expect(open(keys, seal(keys, plain, 'signing_keys:1'), 'signing_keys:1')?.toString()).to.equal(plain);
    }
    expect(open(keys, seal(keys, Buffer.from([0, 255]), 'x'), 'x')).to.deep.equal(Buffer.from([0, 255]));
  });

  it('is never written twice the same, nor shows its text', () => {
    expect(seal(keys, 'private key', 'x')).not.to.equal(seal(keys, 'private key', 'x'));
    expect(
      Buffer.from(seal(keys, 'private key', 'x').split('.')[2] ?? '', 'base64url').toString('latin1'),
    ).not.to.contain('private');
  });

  it('does not open in another place', () => {
    expect(open(keys, seal(keys, 'private key', 'signing_keys:1'), 'signing_keys:2')).to.equal(null);
  });

  it('does not open with any one character changed, removed or added', () => {
    const sealed = seal(keys, 'private key', 'x');
    for (let index = 0; index < sealed.length; index += 1) {
      const other = sealed[index] === 'A' ? 'B' : 'A';
      expect(open(keys, sealed.slice(0, index) + other + sealed.slice(index + 1), 'x'), `changed ${index}`).to.equal(
        null,
      );
      expect(open(keys, sealed.slice(0, index) + sealed.slice(index + 1), 'x'), `removed ${index}`).to.equal(null);
    }
    for (const stray of ['=', ' ', '\n', '.', 'A']) expect(open(keys, sealed + stray, 'x')).to.equal(null);
  });

  it('is not mistaken in garbage', () => {
    for (const garbage of [
      '',
      '.',
      'v1',
      'v1..',
      `v1.${keys[0].id}.`,
      `v1.${keys[0].id}.AAAA`,
      `v2.${keys[0].id}.AAAA`,
    ]) {
      expect(open(keys, garbage, 'x'), garbage).to.equal(null);
    }
  });

  it('opens after a rotation while the previous key is still named, and not longer', () => {
    const sealed = seal(keys, 'private key', 'x');
    const rotated = deriveKeys([newKey, oldKey], 'sealing');
    expect(open(rotated, sealed, 'x')?.toString()).to.equal('private key');
    expect(isSealedWithCurrentKey(rotated, sealed)).to.equal(false);
    expect(isSealedWithCurrentKey(rotated, seal(rotated, 'private key', 'x'))).to.equal(true);
    expect(open(deriveKeys([newKey], 'sealing'), sealed, 'x')).to.equal(null);
  });

  it('opens only with keys of its purpose', () => {
    expect(open(deriveKeys([oldKey], 'cookies'), seal(keys, 'private key', 'x'), 'x')).to.equal(null);
  });
});

describe('the fingerprint of the secret keys', () => {
  it('names the current key, without its text', () => {
    expect(secretKeyFingerprint([oldKey])).to.match(/^v1\$[0-9a-f]{32}$/);
    expect(secretKeyFingerprint([oldKey, newKey])).to.equal(secretKeyFingerprint([oldKey]));
    expect(secretKeyFingerprint([newKey])).not.to.equal(secretKeyFingerprint([oldKey]));
  });

  it('matches while the key it names is current or previous', () => {
    const stored = secretKeyFingerprint([oldKey]);
    expect(matchesFingerprint([oldKey], stored)).to.equal(true);
    expect(matchesFingerprint([newKey, oldKey], stored)).to.equal(true);
    expect(matchesFingerprint([newKey], stored)).to.equal(false);
    expect(matchesFingerprint([oldKey], '')).to.equal(false);
  });
});
