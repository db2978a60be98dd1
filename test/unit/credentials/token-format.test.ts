import { expect } from 'chai';
import fc from 'fast-check';
import {
  formatPersonalAccessToken,
  generateApiKey,
  generateTokenSecret,
  hintOf,
  parseApiKey,
  parsePersonalAccessToken,
} from '../../../src/credentials/token-format.ts';
import { checksum } from '../../../src/crypto/checksum.ts';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const base62 = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...BASE62), minLength: length, maxLength: length });
const apiKey = fc
  .tuple(fc.constantFrom('live', 'test'), base62(26))
  .map(([environment, random]) => `sk_${environment}_${random}`)
  .map((key) => key + checksum(key));
const token = fc
  .tuple(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), base62(40))
  .map(([id, random]) => formatPersonalAccessToken(id, `lkp_${random}`));

/** Every text that differs from `text` in one character, by one bit, by one character more or by one less. */
function neighbours(text: string): readonly string[] {
  const changed = Array.from(text, (character, index) => {
    const flipped = String.fromCharCode(character.charCodeAt(0) ^ 1);
    const other = character === '0' ? '1' : '0';
    return [flipped, other].map((one) => text.slice(0, index) + one + text.slice(index + 1));
  }).flat();
  const shorter = Array.from(text, (_, index) => text.slice(0, index) + text.slice(index + 1));
  const cut = Array.from(text, (_, index) => text.slice(0, index));
  return [...changed, ...shorter, ...cut, `${text}0`, `0${text}`, ` ${text}`, `${text}\n`, `${text}\0`];
}

describe('the form of API keys', () => {
  it('is read back as it was written', () => {
    for (const environment of ['live', 'test'] as const) {
      const key = generateApiKey(environment);
      expect(key.text).to.match(new RegExp(`^sk_${environment}_[0-9A-Za-z]{32}$`));
      expect(parseApiKey(key.text)).to.deep.equal(key);
    }
    fc.assert(
      fc.property(apiKey, (text) => {
        expect(parseApiKey(text)).to.deep.equal({ text, publicId: text.slice(8, 16), environment: text.slice(3, 7) });
      }),
    );
  });

  it('fits what bcrypt reads', () => {
    expect(generateApiKey('live').text).to.have.length(40);
  });

  it('refuses every key that was cut, lengthened or changed in one place', () => {
    fc.assert(
      fc.property(apiKey, (text) => {
        for (const neighbour of neighbours(text)) expect(parseApiKey(neighbour), neighbour).to.equal(null);
      }),
      { numRuns: 50 },
    );
  });

  it('refuses whatever else there is', () => {
    fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => parseApiKey(text) === null));
    for (const text of ['', 'sk_live_', 'sk_prod_', `SK_LIVE_${'a'.repeat(32)}`]) {
      expect(parseApiKey(text)).to.equal(null);
    }
  });
});

describe('the form of personal access tokens', () => {
  it('is read back as it was written, with a bar or a full stop', () => {
    const secret = generateTokenSecret();
    expect(secret).to.match(/^lkp_[0-9A-Za-z]{40}$/);
    expect(parsePersonalAccessToken(formatPersonalAccessToken(7, secret))).to.deep.equal({ id: 7, secret });
    fc.assert(
      fc.property(token, (text) => {
        const expected = {
          id: Number(text.slice(0, text.indexOf('|'))),
          secret: text.slice(text.indexOf('|') + 1, -6),
        };
        expect(parsePersonalAccessToken(text)).to.deep.equal(expected);
        expect(parsePersonalAccessToken(text.replace('|', '.'))).to.deep.equal(expected);
      }),
    );
  });

  it('refuses every secret that was cut, lengthened or changed in one place', () => {
    fc.assert(
      fc.property(token, (text) => {
        const at = text.indexOf('|') + 1;
        for (const neighbour of neighbours(text.slice(at))) {
          expect(parsePersonalAccessToken(text.slice(0, at) + neighbour), neighbour).to.equal(null);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('takes an id as text first: no sign, zero, blank, exponent or number beyond what is exact', () => {
    const secret = formatPersonalAccessToken(1, generateTokenSecret()).slice(1);
    for (const id of [
      '',
      '0',
      '01',
      '+1',
      '-1',
      ' 1',
      '1 ',
      '1e3',
      '0x1',
      '1.0',
      '١',
      '9007199254740992',
      '9'.repeat(19),
    ]) {
      expect(parsePersonalAccessToken(id + secret), id).to.equal(null);
    }
    expect(parsePersonalAccessToken(`9007199254740991${secret}`)?.id).to.equal(Number.MAX_SAFE_INTEGER);
  });
});

describe('the hint of a credential', () => {
  it('is four characters of it', () => {
    expect(hintOf('lkp_abcdefgh')).to.equal('efgh');
  });
});
