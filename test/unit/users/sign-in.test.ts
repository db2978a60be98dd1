import { expect } from 'chai';
import { DependencyDown } from '../../../src/core/errors.ts';
import { needsRehash, secretHasher } from '../../../src/crypto/secret-hasher.ts';
import { signInLimits } from '../../../src/users/sign-in-limits.ts';
import { cheapHash, openPeopleBench, type PeopleBench } from './people-bench.ts';

const { perAccountAndAddress, perAddress, perAccount } = signInLimits;

describe('sign-in', () => {
  let bench: PeopleBench;

  beforeEach(async () => {
    bench = await openPeopleBench();
    await bench.person('ada@example.com');
  });

  afterEach(() => bench.database.close());

  const attempt = (email: string, password: string, address = '192.0.2.1', browserOf: number | null = null) =>
    bench.signIn({ email, password, address, browserOf });
  const right = (address?: string, browserOf: number | null = null) =>
    attempt('ada@example.com', 'password of ada@example.com', address, browserOf);
  const wrong = (address?: string) => attempt('ada@example.com', 'wrong', address);
  const outcome = async (result: Promise<{ readonly outcome: string }>) => (await result).outcome;

  it('knows a person however they write the address', async () => {
    for (const email of ['ada@example.com', ' Ada@Example.COM ', 'ａｄａ@example.com']) {
      expect(await outcome(attempt(email, 'password of ada@example.com'))).to.equal('signed_in');
    }
  });

  it('compares the password exactly as received', async () => {
    for (const password of ['password of ada@example.com ', 'Password of ada@example.com', '']) {
      expect(await attempt('ada@example.com', password)).to.deep.equal({ outcome: 'wrong' });
    }
  });

  it('answers an unknown address, a wrong password, a disabled user and one without password alike, each after one hash', async () => {
    const disabled = await bench.person('disabled@example.com');
    await bench.users.setDisabled(disabled.id, true);
    await bench.users.insert({ email: 'link@example.com', name: '', passwordHash: null, mustChangePassword: false });
    const answers = [
      await wrong(),
      await attempt('nobody@example.com', 'password of nobody@example.com'),
      await attempt('disabled@example.com', 'password of disabled@example.com'),
      await attempt('link@example.com', ''),
      await attempt('no address at all\0', 'x'),
    ];
    for (const answer of answers) expect(answer).to.deep.equal({ outcome: 'wrong' });
    expect(bench.hashed).to.have.length(answers.length);
  });

  it('lets exactly the documented number of 50 parallel wrong passwords through to the hash', async () => {
    const results = await Promise.all(Array.from({ length: 50 }, () => wrong()));
    expect(results.filter((result) => result.outcome === 'wrong')).to.have.length(perAccountAndAddress.attempts);
    expect(bench.hashed).to.have.length(perAccountAndAddress.attempts);
    for (const result of results) {
      if (result.outcome === 'throttled') {
        expect(result.retryAfterSeconds).to.be.within(1, perAccountAndAddress.windowSeconds);
      }
    }
    expect(await outcome(right())).to.equal('throttled');
  });

  it('throttles an address that belongs to nobody just the same', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, () => outcome(attempt('nobody@example.com', 'x', '192.0.2.2'))),
    );
    expect(results.filter((result) => result === 'wrong')).to.have.length(perAccountAndAddress.attempts);
  });

  it('lets the victim of a flood sign in from another address', async () => {
    await Promise.all(Array.from({ length: 200 }, () => wrong('203.0.113.9')));
    expect(await outcome(right('198.51.100.7'))).to.equal('signed_in');
  });

  it('forgets the failures before a success', async () => {
    for (let round = 0; round < 3; round += 1) {
      for (let n = 1; n < perAccountAndAddress.attempts; n += 1) expect(await outcome(wrong())).to.equal('wrong');
      expect(await outcome(right())).to.equal('signed_in');
    }
  });

  it('counts one IPv6 network as one address', async () => {
    for (let n = 0; n < perAccountAndAddress.attempts; n += 1) await wrong(`2001:db8:0:1::${n.toString(16)}`);
    expect(await outcome(wrong('2001:db8:0:1:ffff::1'))).to.equal('throttled');
    expect(await outcome(wrong('2001:db8:0:2::1'))).to.equal('wrong');
  });

  it('stops one address that tries many accounts, not the people who are known there', async () => {
    expect(await outcome(right())).to.equal('signed_in');
    const results = await Promise.all(
      Array.from({ length: perAddress.attempts + 30 }, (_, n) => outcome(attempt(`user${n}@example.com`, 'x'))),
    );
    expect(results.filter((result) => result === 'wrong')).to.have.length(perAddress.attempts);
    expect(await outcome(attempt('another@example.com', 'x'))).to.equal('throttled');
    expect(await outcome(right())).to.equal('signed_in');
    const rows = await bench.database.knex('sign_in_attempts').count('* as rows').first();
    await attempt('one-more@example.com', 'x');
    expect(await bench.database.knex('sign_in_attempts').count('* as rows').first()).to.deep.equal(rows);
  });

  it('stops many addresses that try one account, not an address or a browser that is known', async () => {
    expect(await outcome(right('198.51.100.7'))).to.equal('signed_in');
    const flood = Array.from({ length: perAccount.attempts + 20 }, (_, n) => outcome(wrong(`203.0.113.${n}`)));
    const results = await Promise.all(flood);
    expect(results.filter((result) => result === 'wrong')).to.have.length(perAccount.attempts);
    expect(await outcome(right('203.0.113.200'))).to.equal('throttled');
    expect(await outcome(right('198.51.100.7'))).to.equal('signed_in');
    const user = await bench.users.findByEmail('ada@example.com');
    expect(await outcome(right('203.0.113.201', user?.id))).to.equal('signed_in');
  });

  it('opens again when the window has passed', async () => {
    for (let n = 0; n <= perAccountAndAddress.attempts; n += 1) await wrong();
    await bench.database
      .knex('sign_in_attempts')
      .update({ ends_at: bench.database.knex.raw(`now() - interval '1 s'`) });
    expect(await outcome(right())).to.equal('signed_in');
  });

  it('keeps neither addresses nor names in the counters', async () => {
    await wrong();
    const text = JSON.stringify(await bench.database.knex('sign_in_attempts'));
    expect(text).to.not.include('ada').and.not.include('192.0.2.1');
  });
});

describe('sign-in with the real hash', () => {
  it('writes an older hash anew, and the password still works', async () => {
    const hasher = secretHasher();
    const bench = await openPeopleBench({ ...hasher, needsRehash });
    try {
      const { id } = await bench.person('ada@example.com');
      // bcrypt at cost 4 of base64(SHA-384('correct horse battery')), as an import would bring it.
      const { default: bcrypt } = await import('bcrypt');
      const { createHash } = await import('node:crypto');
      const old = await bcrypt.hash(createHash('sha384').update('correct horse battery').digest('base64'), 4);
      await bench.users.setPassword(id, { passwordHash: old });
      const input = { email: 'ada@example.com', password: 'correct horse battery', address: '192.0.2.1' };
      expect((await bench.signIn(input)).outcome).to.equal('signed_in');
      const stored = (await bench.users.findWithPassword({ id }))?.passwordHash ?? '';
      expect(stored).to.not.equal(old);
      expect(needsRehash(stored)).to.equal(false);
      expect((await bench.signIn(input)).outcome).to.equal('signed_in');
    } finally {
      await bench.database.close();
    }
  });

  it('costs nobody a try when the queue of hashes is full', async () => {
    let full = true;
    const bench = await openPeopleBench({
      verifyPassword: async (password, hash) => {
        if (full) throw new DependencyDown('password hashing');
        return hash === cheapHash(password);
      },
    });
    try {
      await bench.person('ada@example.com');
      const input = { email: 'ada@example.com', password: 'password of ada@example.com', address: '192.0.2.1' };
      for (let n = 0; n < 20; n += 1) {
        const error: unknown = await bench.signIn(input).catch((caught: unknown) => caught);
        expect(error).to.be.instanceOf(DependencyDown);
      }
      full = false;
      expect((await bench.signIn(input)).outcome).to.equal('signed_in');
    } finally {
      await bench.database.close();
    }
  });
});
