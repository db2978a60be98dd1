import bcrypt from 'bcrypt';
import { expect } from 'chai';
import { deriveKeys } from '../../../src/crypto/derive-keys.ts';
import { sha256Hex } from '../../../src/crypto/digest.ts';
import { type MatchProof, writeMatchProof } from '../../../src/crypto/match-proof.ts';
import { secretHasher } from '../../../src/crypto/secret-hasher.ts';
import type { StoredProof } from '../../../src/verification/credential-record.ts';
import { matchSecret, type ProveSecret, proveSecret } from '../../../src/verification/prove-secret.ts';

const KEY = `sk_live_${'a'.repeat(32)}`;
const OTHER_KEY = `sk_live_${'b'.repeat(32)}`;
const START_MS = 1_800_000_000_000;

type KeyProof = Extract<StoredProof, { kind: 'key' }>;

describe('the proof of an API key', () => {
  const { verifyKey } = secretHasher();
  let withoutProof: KeyProof;
  let runs = 0;
  let nowMs = START_MS;
  let kept: MatchProof[] = [];
  let prove: ProveSecret;

  before(async () => {
    const keyHash = await bcrypt.hash(KEY, 4);
    withoutProof = { kind: 'key', publicId: 'aaaaaaaa', keyHash, proof: null, pepperId: null };
  });
  beforeEach(() => {
    runs = 0;
    nowMs = START_MS;
    kept = [];
    prove = proving((key, keyHash) => verifyKey(key, keyHash));
  });

  function proving(compare: (key: string, keyHash: string) => Promise<boolean>): ProveSecret {
    return proveSecret({
      peppers: deriveKeys(['s'.repeat(43)], 'pepper'),
      verifyKey: (key, keyHash) => {
        runs += 1;
        return compare(key, keyHash);
      },
      keepProof: (_publicId, _keyHash, proof) => kept.push(proof),
      clock: () => new Date(nowMs),
    });
  }

  /** A proof as the lookup reads it. */
  const stored = (written: MatchProof | undefined): Pick<KeyProof, 'proof' | 'pepperId'> => ({
    proof: written?.proof.toString('hex') ?? null,
    pepperId: written?.pepperId ?? null,
  });

  it('runs bcrypt once for all who present a key at the same time', async () => {
    const verdicts = await Promise.all(Array.from({ length: 5 }, () => prove(KEY, withoutProof)));
    expect(verdicts).to.deep.equal([true, true, true, true, true]);
    expect(runs).to.equal(1);
  });

  it('runs no bcrypt for a call whose row was read before the proof was written, though it comes after', async () => {
    expect(await prove(KEY, withoutProof)).to.equal(true);
    expect(await prove(KEY, withoutProof)).to.equal(true);
    nowMs += 5000;
    expect(await prove(KEY, withoutProof)).to.equal(true);
    expect(runs).to.equal(1);
    const [written] = kept;
    expect(await prove(KEY, { ...withoutProof, ...stored(written) })).to.equal(true);
    expect(runs).to.equal(1);
  });

  it('remembers no match for longer than such a call may be under way, so that a lost proof is written again', async () => {
    await prove(KEY, withoutProof);
    nowMs += 10_000;
    kept = [];
    expect(await prove(KEY, withoutProof)).to.equal(true);
    expect(runs).to.equal(2);
    expect(kept).to.have.length(1);
  });

  it('takes a match for nothing but that key, that row and that hash', async () => {
    await prove(KEY, withoutProof);
    expect(await prove(OTHER_KEY, withoutProof)).to.equal(false);
    expect(runs, 'another key').to.equal(2);
    expect(await prove(KEY, { ...withoutProof, publicId: 'bbbbbbbb' })).to.equal(true);
    expect(runs, 'another row').to.equal(3);
    expect(await prove(KEY, { ...withoutProof, keyHash: await bcrypt.hash(OTHER_KEY, 4) })).to.equal(false);
    expect(runs, 'another hash').to.equal(4);
    expect(await prove(KEY, { ...withoutProof, ...stored(kept[0]), proof: '00'.repeat(32) }), 'another proof').to.equal(
      false,
    );
    expect(runs).to.equal(4);
  });

  it('remembers neither a refusal nor a failure', async () => {
    for (const time of [1, 2]) {
      expect(await prove(OTHER_KEY, withoutProof)).to.equal(false);
      expect(runs).to.equal(time);
    }
    let broken = true;
    prove = proving(async () => {
      if (broken) throw new Error('too many wait');
      return true;
    });
    const failed = await Promise.resolve(prove(KEY, withoutProof)).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(Error);
    broken = false;
    runs = 0;
    expect(await prove(KEY, withoutProof)).to.equal(true);
    expect(runs).to.equal(1);
  });

  it('remembers a thousand matches and no more, the latest ones', async () => {
    prove = proving(async () => true);
    const keys = Array.from({ length: 1001 }, (_, index) => `sk_live_${String(index).padStart(32, '0')}`);
    for (const key of keys) await prove(key, withoutProof);
    runs = 0;
    await prove(keys[1] ?? '', withoutProof);
    await prove(keys[1000] ?? '', withoutProof);
    expect(runs).to.equal(0);
    await prove(keys[0] ?? '', withoutProof);
    expect(runs).to.equal(1);
  });
});

describe('holding a secret against a record that is known', () => {
  const peppers = deriveKeys(['s'.repeat(43)], 'pepper');
  const older = deriveKeys(['o'.repeat(43)], 'pepper');
  const keyOf = (ring: typeof peppers): KeyProof => {
    const { proof, pepperId } = writeMatchProof(ring, 'aaaaaaaa', 'a hash', KEY);
    return { kind: 'key', publicId: 'aaaaaaaa', keyHash: 'a hash', proof: proof.toString('hex'), pepperId };
  };

  it('says yes to the right key, again and again, and no to every other, whichever came first', () => {
    const matches = matchSecret({ peppers });
    const known = keyOf(peppers);
    for (const key of [OTHER_KEY, KEY, OTHER_KEY, KEY]) expect(matches(key, known), key).to.equal(key === KEY);
    expect(matches(KEY, { ...keyOf(peppers), proof: '00'.repeat(32) }), 'another reading').to.equal(false);
    expect(matches(null, known)).to.equal(false);
  });

  it('leaves a proof under an old pepper, or none, to the proof that writes a new one', () => {
    const matches = matchSecret({ peppers: [...peppers, ...older] as unknown as typeof peppers });
    expect(matches(KEY, keyOf(older))).to.equal(false);
    expect(matches(KEY, { ...keyOf(peppers), proof: null })).to.equal(false);
  });

  it('compares digests whole', () => {
    const matches = matchSecret({ peppers });
    const digest = sha256Hex('secret');
    expect(matches('secret', { kind: 'digest', digest })).to.equal(true);
    expect(matches('secreT', { kind: 'digest', digest })).to.equal(false);
    for (const wrong of ['', digest.slice(1), `${digest}0`, `${digest.slice(0, -1)}x`]) {
      expect(matches('secret', { kind: 'digest', digest: wrong }), wrong).to.equal(false);
    }
    expect(matches('anything', { kind: 'none' })).to.equal(true);
  });
});
