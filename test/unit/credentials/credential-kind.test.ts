import bcrypt from 'bcrypt';
import { expect } from 'chai';
import { apiKeyKind, personalAccessTokenKind } from '../../../src/credentials/credential-kind.ts';
import { parseApiKey, parsePersonalAccessToken } from '../../../src/credentials/token-format.ts';
import { deriveKeys } from '../../../src/crypto/derive-keys.ts';
import { sha256 } from '../../../src/crypto/digest.ts';
import { checkMatchProof } from '../../../src/crypto/match-proof.ts';
import { secretHasher } from '../../../src/crypto/secret-hasher.ts';

describe('the kinds of credential', () => {
  const peppers = deriveKeys(['a secret key of the server, long enough'], 'pepper');
  const key = apiKeyKind({ peppers, hashKey: secretHasher().hashKey });

  it('store a token as the SHA-256 of its secret alone', async () => {
    const { stored, write } = await personalAccessTokenKind(null).draw(null);
    const secret = parsePersonalAccessToken(write(12))?.secret ?? '';
    expect(stored).to.deep.equal({
      hint: secret.slice(-4),
      tokenHash: sha256(secret),
      publicId: null,
      keyHash: null,
      matchProof: null,
      pepperId: null,
    });
    expect(write(12)).to.match(/^12\|lkp_/);
  });

  it('store a key as bcrypt of cost 10 over all of it, beside a proof under the current pepper', async () => {
    const { stored, write } = await key.draw('test');
    const text = write(1);
    const publicId = parseApiKey(text)?.publicId ?? '';
    expect(stored).to.include({ hint: `sk_test_${publicId}`, publicId, tokenHash: null, pepperId: peppers[0].id });
    expect(stored.keyHash).to.match(/^\$2b\$10\$/);
    expect(await bcrypt.compare(text, stored.keyHash ?? '')).to.equal(true);
    expect(await bcrypt.compare(text.slice(0, -1), stored.keyHash ?? '')).to.equal(false);
    const proof = { pepperId: stored.pepperId, proof: stored.matchProof };
    expect(checkMatchProof(peppers, proof, publicId, stored.keyHash ?? '', text)).to.equal('matches');
    expect(write(2)).to.equal(text);
  });

  it('draw no secret twice', async () => {
    const kind = personalAccessTokenKind(null);
    const drawn = await Promise.all(Array.from({ length: 200 }, () => kind.draw(null)));
    expect(new Set(drawn.map(({ write }) => write(1))).size).to.equal(200);
  });
});
