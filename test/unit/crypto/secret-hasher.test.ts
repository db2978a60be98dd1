import bcrypt from 'bcrypt';
import { expect } from 'chai';
import { DependencyDown } from '../../../src/core/errors.ts';
import { concurrencyGate } from '../../../src/crypto/concurrency-gate.ts';
import { keyCost, needsRehash, passwordCost, secretHasher } from '../../../src/crypto/secret-hasher.ts';
import { cpuMs } from '../../support/cpu-time.ts';

const hasher = secretHasher();

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('a password', () => {
  it('is verified exactly as it was given', async () => {
    const passwordHash = await hasher.hashPassword('Correct horse ü ');
    expect(await hasher.verifyPassword('Correct horse ü ', passwordHash)).to.equal(true);
    for (const other of ['Correct horse ü', 'correct horse ü ', 'Correct horse u\u0308 ', '', 'Correct horse ü \0']) {
      expect(await hasher.verifyPassword(other, passwordHash), JSON.stringify(other)).to.equal(false);
    }
  });

  it('is hashed with bcrypt at cost 12 and its own salt', async () => {
    const hashes = await Promise.all([hasher.hashPassword('same'), hasher.hashPassword('same')]);
    for (const passwordHash of hashes) expect(passwordHash).to.match(/^\$2b\$12\$.{53}$/);
    expect(hashes[0]).not.to.equal(hashes[1]);
    expect(passwordCost).to.equal(12);
  });

  it('counts beyond the 72 bytes that bcrypt reads, and beyond a NUL', async () => {
    const start = 'x'.repeat(72);
    // The premise: bcrypt alone takes these two for the same.
    expect(await bcrypt.compare(`${start}two`, await bcrypt.hash(`${start}one`, 4))).to.equal(true);
    const passwordHash = await hasher.hashPassword(`${start}one`);
    expect(await hasher.verifyPassword(`${start}one`, passwordHash)).to.equal(true);
    expect(await hasher.verifyPassword(`${start}two`, passwordHash)).to.equal(false);
    expect(await hasher.verifyPassword('a\0two', await hasher.hashPassword('a\0one'))).to.equal(false);
  });

  it('of nobody is never right, and costs what a real one costs', async () => {
    const passwordHash = await hasher.hashPassword('right');
    const duration = (hash: string | null): Promise<number> =>
      cpuMs(async () => expect(await hasher.verifyPassword('wrong', hash)).to.equal(false));
    const known = Math.min(await duration(passwordHash), await duration(passwordHash), await duration(passwordHash));
    const unknown = Math.min(await duration(null), await duration(null), await duration(null));
    expect(unknown / known).to.be.within(0.5, 2);
  });

  it('is simply wrong where the stored hash is malformed', async () => {
    for (const malformed of ['', 'x', '$2b$12$short', 'right']) {
      expect(await hasher.verifyPassword('right', malformed)).to.equal(false);
    }
  });

  it('is hashed anew when its hash is cheaper than today or of another kind', () => {
    expect(needsRehash(`$2b$12$${'a'.repeat(53)}`)).to.equal(false);
    expect(needsRehash(`$2b$13$${'a'.repeat(53)}`)).to.equal(false);
    expect(needsRehash(`$2b$10$${'a'.repeat(53)}`)).to.equal(true);
    expect(needsRehash('sha256$x')).to.equal(true);
  });
});

describe('an API key', () => {
  const key = `sk_live_${'k'.repeat(32)}`;

  it('is hashed with bcrypt itself at cost 10', async () => {
    const keyHash = await hasher.hashKey(key);
    expect(keyHash).to.match(/^\$2b\$10\$.{53}$/);
    expect(keyCost).to.equal(10);
    expect(await bcrypt.compare(key, keyHash)).to.equal(true);
    expect(await hasher.verifyKey(key, keyHash)).to.equal(true);
    expect(await hasher.verifyKey(`${key}x`, keyHash)).to.equal(false);
    expect(await hasher.verifyKey(key, 'malformed')).to.equal(false);
  });

  it('is refused above 72 bytes, counted as bytes', async () => {
    const longest = 'k'.repeat(72);
    const keyHash = await hasher.hashKey(longest);
    expect(await hasher.verifyKey(longest, keyHash)).to.equal(true);
    expect(await hasher.verifyKey(`${longest}x`, keyHash)).to.equal(false);
    expect(await failureOf(hasher.hashKey(`${longest}x`))).to.be.instanceOf(RangeError);
    expect(await failureOf(hasher.hashKey('ü'.repeat(37)))).to.be.instanceOf(RangeError);
  });
});

describe('the gate before slow hashes', () => {
  /** A task that ends when told to. */
  function heldTask() {
    let end: () => void = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    return { end, run: () => ended };
  }

  it('lets at most so many run, and the others in their order', async () => {
    const gate = concurrencyGate('hashing', { concurrency: 2, queueLimit: 10, queueTimeoutMs: 5000 });
    const started: number[] = [];
    let running = 0;
    let most = 0;
    const tasks = Array.from({ length: 9 }, (_, index) =>
      gate(async () => {
        started.push(index);
        running += 1;
        most = Math.max(most, running);
        await new Promise(setImmediate);
        running -= 1;
        return index;
      }),
    );
    expect(await Promise.all(tasks)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(started).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(most).to.equal(2);
  });

  it('turns away at once what no longer fits into the queue', async () => {
    const gate = concurrencyGate('hashing', { concurrency: 1, queueLimit: 1, queueTimeoutMs: 5000 });
    const held = heldTask();
    const first = gate(held.run);
    const second = gate(async () => 'second');
    const failure = await failureOf(gate(async () => 'third'));
    expect(failure).to.be.instanceOf(DependencyDown);
    expect(failure).to.include({ status: 503, detail: 'hashing does not answer', retryAfterSeconds: 2 });
    held.end();
    await first;
    expect(await second).to.equal('second');
  });

  it('turns away what waited too long, and goes on', async () => {
    const gate = concurrencyGate('hashing', { concurrency: 1, queueLimit: 5, queueTimeoutMs: 10 });
    const held = heldTask();
    const first = gate(held.run);
    let ran = false;
    const late = gate(async () => {
      ran = true;
    });
    expect(await failureOf(late)).to.be.instanceOf(DependencyDown);
    held.end();
    await first;
    expect(await gate(async () => 'next')).to.equal('next');
    expect(ran).to.equal(false);
  });

  it('frees the place of a task that failed', async () => {
    const gate = concurrencyGate('hashing', { concurrency: 1, queueLimit: 0, queueTimeoutMs: 10 });
    expect(await failureOf(gate(() => Promise.reject(new Error('broken'))))).to.be.instanceOf(Error);
    expect(await gate(async () => 'next')).to.equal('next');
  });

  it('stands before every function of the hasher', async () => {
    const narrow = secretHasher({ concurrency: 1, queueLimit: 0, queueTimeoutMs: 10 });
    const keyHash = await narrow.hashKey('k');
    const first = narrow.hashPassword('one');
    const failures = await Promise.all([
      failureOf(narrow.hashPassword('x')),
      failureOf(narrow.verifyPassword('x', null)),
      failureOf(narrow.hashKey('x')),
      failureOf(narrow.verifyKey('x', keyHash)),
    ]);
    for (const failure of failures) expect(failure).to.be.instanceOf(DependencyDown);
    await first;
  });
});
