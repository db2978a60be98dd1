import { expect } from 'chai';
import { csrfToken, isCsrfToken } from '../../../src/crypto/csrf-token.ts';
import { deriveKeys } from '../../../src/crypto/derive-keys.ts';

const keysOf = (...secretKeys: string[]) => deriveKeys(secretKeys, 'csrf');

describe('the token of a form', () => {
  it('is good for the browser it was made for, and for no other', () => {
    const token = csrfToken('session:a', keysOf('one'));
    expect(token).to.match(/^[A-Za-z0-9_-]{43}$/);
    expect(isCsrfToken(token, 'session:a', keysOf('one'))).to.equal(true);
    for (const binding of ['session:b', 'visitor:a', '']) {
      expect(isCsrfToken(token, binding, keysOf('one')), binding).to.equal(false);
    }
    for (const changed of ['', token.slice(1), `${token}=`, token.toLowerCase()]) {
      expect(isCsrfToken(changed, 'session:a', keysOf('one')), changed).to.equal(false);
    }
  });

  it('outlives a rotation of the keys, and ends with its own', () => {
    const token = csrfToken('session:a', keysOf('old'));
    expect(isCsrfToken(token, 'session:a', keysOf('new', 'old'))).to.equal(true);
    expect(isCsrfToken(token, 'session:a', keysOf('new'))).to.equal(false);
  });
});
