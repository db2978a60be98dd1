import { expect } from 'chai';
import { generateClientSecret, hashClientSecret } from '../../../src/crypto/client-secret.ts';
import { deriveKeys } from '../../../src/crypto/derive-keys.ts';
import { matchLiveSecret } from '../../../src/oauth/match-live-secret.ts';

describe('the live secrets of a client', () => {
  const peppers = deriveKeys(['s'.repeat(43)], 'pepper');
  const [first, second] = [generateClientSecret(), generateClientSecret()];
  const live = {
    secretHashes: [hashClientSecret(first, peppers), hashClientSecret(second, peppers)],
    secretIds: ['1', '2'],
  };

  it('match each its own secret, every time, and nothing else', () => {
    const used: string[] = [];
    const matches = matchLiveSecret(peppers, (id) => used.push(id));
    for (const secret of [second, first, second, first]) expect(matches(secret, live)).to.equal(true);
    expect(used).to.deep.equal(['2', '1', '2', '1']);
    for (const wrong of ['', `${first}x`, generateClientSecret()]) expect(matches(wrong, live), wrong).to.equal(false);
    expect(used).to.have.length(4);
  });

  it('match no longer once they are not among the live ones, although they did before', () => {
    const matches = matchLiveSecret(peppers, () => {});
    expect(matches(first, live)).to.equal(true);
    expect(matches(first, { secretHashes: live.secretHashes.slice(1), secretIds: ['2'] })).to.equal(false);
    expect(matches(first, { secretHashes: [], secretIds: [] })).to.equal(false);
  });

  it('are remembered up to a limit, and match beyond it too', () => {
    const matches = matchLiveSecret(peppers, () => {});
    for (let count = 0; count < 1100; count += 1) {
      const secret = generateClientSecret();
      const one = { secretHashes: [hashClientSecret(secret, peppers)], secretIds: ['1'] };
      expect(matches(secret, one)).to.equal(true);
    }
    expect(matches(first, live)).to.equal(true);
  });
});
