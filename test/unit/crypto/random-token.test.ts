import { expect } from 'chai';
import { base62Alphabet } from '../../../src/crypto/base62.ts';
import { checksum } from '../../../src/crypto/checksum.ts';
import { randomId, randomSecretKey, randomToken } from '../../../src/crypto/random-token.ts';

/** Pearson's statistic of how far characters are from being equally likely; 61 degrees of freedom. */
function chiSquare(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const expected = text.length / 62;
  return [...base62Alphabet].reduce(
    (sum, character) => sum + ((counts.get(character) ?? 0) - expected) ** 2 / expected,
    0,
  );
}

/** A sound generator exceeds this once in a billion runs. */
const limit = 160;

describe('a random token', () => {
  it('has the length asked for and only base62 characters', () => {
    for (const length of [0, 1, 6, 18, 40, 43, 500]) {
      expect(randomToken(length)).to.match(new RegExp(`^[0-9A-Za-z]{${length}}$`));
    }
  });

  it('draws each of the 62 characters equally often', () => {
    expect(chiSquare(randomToken(620_000))).to.be.below(limit);
    const manyShortOnes = Array.from({ length: 20_000 }, () => randomToken(18)).join('');
    expect(chiSquare(manyShortOnes)).to.be.below(limit);
  });

  it('is held to a test that notices the usual modulo bias', () => {
    const biased = Array.from(crypto.getRandomValues(new Uint8Array(60_000)), (byte) => base62Alphabet[byte % 62]).join(
      '',
    );
    expect(chiSquare(biased)).to.be.above(limit);
  });

  it('never comes twice', () => {
    const tokens = new Set(Array.from({ length: 100_000 }, () => randomToken(18)));
    expect(tokens.size).to.equal(100_000);
  });

  it('has its relatives for identifiers and secret keys', () => {
    expect(randomId()).to.match(/^[0-9A-Za-z]{22}$/);
    expect(Buffer.from(randomSecretKey(), 'base64url')).to.have.length(32);
  });
});

describe('a checksum', () => {
  /** The inverse, written for this test. */
  const fromBase62 = (text: string) =>
    [...text].reduce((value, character) => value * 62 + base62Alphabet.indexOf(character), 0);

  it('is the CRC-32 of IEEE in base62, digits first, padded to six characters', () => {
    const vectors: readonly (readonly [string, number])[] = [
      ['', 0],
      ['123456789', 0xcbf43926],
      ['a', 0xe8b7be43],
      ['The quick brown fox jumps over the lazy dog', 0x414fa339],
    ];
    for (const [text, crc] of vectors) {
      expect(checksum(text), text).to.match(/^[0-9A-Za-z]{6}$/);
      expect(fromBase62(checksum(text)), text).to.equal(crc);
    }
    expect(checksum('')).to.equal('000000');
    expect(checksum('123456789')).to.equal('3jZRME');
  });

  it('changes with any one character', () => {
    const text = `sk_live_${randomToken(26)}`;
    for (let index = 0; index < text.length; index += 1) {
      const other = text[index] === 'x' ? 'y' : 'x';
      expect(checksum(text.slice(0, index) + other + text.slice(index + 1))).not.to.equal(checksum(text));
    }
  });
});
