import { expect } from 'chai';
import { deriveKeys } from '../../../src/crypto/derive-keys.ts';
import { randomSecretKey } from '../../../src/crypto/random-token.ts';
import {
  generateSigningKey,
  type PrivateJwk,
  type PublishedSigningKey,
  resealSigningKey,
} from '../../../src/oauth/signing-key.ts';
import { openSigningKeyRing, type SigningKeyRing } from '../../../src/oauth/signing-key-ring.ts';
import { until } from '../../support/start-server.ts';

const sealingKeys = deriveKeys([randomSecretKey()], 'sealing');

async function publishedKey(changesInMs: number | null = null): Promise<PublishedSigningKey> {
  const moment = new Date();
  return {
    ...(await generateSigningKey(sealingKeys)),
    createdAt: moment,
    activeFrom: moment,
    retiresAt: null,
    status: 'active',
    changesInMs,
  };
}

describe('the ring of signing keys', () => {
  let published: PublishedSigningKey[];
  let broken: Error | null;
  let failures: unknown[];
  let builds: string[][];
  let readings: number;
  let ring: SigningKeyRing<{ readonly kids: readonly string[] }>;

  const kids = (): string[] => published.map(({ kid }) => kid);

  async function open(pollMs: number): Promise<void> {
    ring = await openSigningKeyRing({
      repository: {
        listPublished: async () => {
          readings += 1;
          if (broken !== null) throw broken;
          return published;
        },
      },
      sealingKeys,
      build: (keys: readonly PrivateJwk[]) => {
        builds.push(keys.map(({ kid }) => kid ?? ''));
        return { kids: keys.map(({ kid }) => kid ?? '') };
      },
      reportFailure: (error) => failures.push(error),
      pollMs,
    });
  }

  beforeEach(async () => {
    published = [await publishedKey()];
    broken = null;
    failures = [];
    builds = [];
    readings = 0;
  });
  afterEach(() => ring.close());

  it('builds anew only when the keys or their order have changed', async () => {
    await open(60_000);
    const built = ring.current();
    await ring.refresh();
    expect(ring.current()).to.equal(built);
    published = [...published, await publishedKey()];
    await ring.refresh();
    expect(ring.current()).to.not.equal(built);
    expect(ring.current().kids).to.deep.equal(kids());
    published = published.toReversed();
    await ring.refresh();
    expect(ring.current().kids).to.deep.equal(kids());
    expect(builds).to.have.length(3);
  });

  it('follows changes without being asked', async () => {
    await open(10);
    published = [await publishedKey(), ...published];
    await until(() => ring.current().kids.length === 2);
    expect(ring.current().kids).to.deep.equal(kids());
  });

  it('looks at the moment at which a key is to change, not at the next round', async () => {
    published = [await publishedKey(50)];
    await open(60_000);
    const next = await publishedKey();
    published = [next, ...published.map((key) => ({ ...key, changesInMs: null }))];
    await until(() => ring.current().kids[0] === next.kid);
  });

  it('keeps the present keys while the database fails, says so, and follows again afterwards', async () => {
    await open(10);
    const built = ring.current();
    broken = new Error('no answer');
    published = [await publishedKey()];
    await until(() => failures.length >= 2);
    expect(ring.current()).to.equal(built);
    broken = null;
    await until(() => ring.current() !== built);
    expect(ring.current().kids).to.deep.equal(kids());
  });

  it('keeps the present keys when there are none left, or one that it can not open', async () => {
    await open(60_000);
    const built = ring.current();
    const [present] = published;
    const foreign = await generateSigningKey(deriveKeys([randomSecretKey()], 'sealing'));
    for (const strange of [[], present === undefined ? [] : [{ ...present, ...foreign }, present]]) {
      published = strange;
      await ring.refresh();
      expect(ring.current()).to.equal(built);
    }
    expect(failures).to.have.length(2);
  });

  it('does not mind that another process sealed a key anew with a secret key that only the other has', async () => {
    await open(60_000);
    const newer = deriveKeys([randomSecretKey()], 'sealing');
    const resealed = published.map((key) => ({
      ...key,
      sealedPrivateJwk: resealSigningKey([...newer, ...sealingKeys], key) ?? '',
    }));
    published = [...resealed, await publishedKey()];
    await ring.refresh();
    expect(failures).to.deep.equal([]);
    expect(ring.current().kids).to.deep.equal(kids());
  });

  it('gives the public keys out of the sealed ones, whatever else the table says', async () => {
    const [present] = published;
    if (present === undefined) throw new Error('no key');
    const { publicJwk: planted } = await publishedKey();
    published = [{ ...present, publicJwk: { ...planted, kid: present.kid } }];
    await open(60_000);
    expect(ring.publicKeys().get(present.kid)).to.deep.equal(present.publicJwk);
    expect(ring.publicKeys().get(present.kid)).to.not.have.property('d');
  });

  it('looks again for a key that it has not noticed, but not for every stranger', async () => {
    await open(60_000);
    await ring.refresh();
    const before = readings;
    for (let round = 0; round < 20; round += 1) expect(await ring.publicKey(`unknown-${round}`)).to.equal(null);
    expect(readings - before).to.be.lessThan(3);
    const next = await publishedKey();
    published = [...published, next];
    await until(async () => (await ring.publicKey(next.kid)) !== null);
  });

  it('reads nothing any more once it is closed', async () => {
    await open(10);
    await ring.close();
    const before = readings;
    await ring.refresh();
    expect(readings).to.equal(before);
  });
});
