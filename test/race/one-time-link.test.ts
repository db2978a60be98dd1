import { expect } from 'chai';
import { sha256 } from '../../src/crypto/digest.ts';
import { randomSecretKey } from '../../src/crypto/random-token.ts';
import { secretHasher } from '../../src/crypto/secret-hasher.ts';
import { type Database, openDatabase } from '../../src/db/open-database.ts';
import { createUnitOfWork } from '../../src/db/transaction.ts';
import { knexOneTimeLinkRepository } from '../../src/users/knex-one-time-link-repository.ts';
import { knexSessionRepository } from '../../src/users/knex-session-repository.ts';
import { knexUserRepository } from '../../src/users/knex-user-repository.ts';
import type { OneTimeLinkRepository } from '../../src/users/one-time-link.ts';
import { useOneTimeLink } from '../../src/users/use-one-time-link.ts';
import { meeting } from '../support/meeting.ts';
import { patientTimeouts } from '../support/patient-timeouts.ts';
import { freshDatabase } from '../support/test-database.ts';

const CLICKS = 20;

/** A process of its own: a pool and a unit of work that share nothing with the other but the database. */
function openProcess(databaseUrl: string) {
  const database = openDatabase({ databaseUrl, poolSize: 10, timeouts: patientTimeouts });
  const unit = createUnitOfWork(database.knex);
  const links = knexOneTimeLinkRepository(unit.current);
  const use = (guarded: OneTimeLinkRepository, hashPassword: (password: string) => Promise<string>) =>
    useOneTimeLink({
      links: guarded,
      users: knexUserRepository(unit.current),
      sessions: knexSessionRepository(unit.current),
      passwordFaults: () => [],
      hashPassword,
      together: unit.run,
    });
  /** The mistake that the one statement guards against: look first, mark later. */
  const unguarded = (bothHaveLooked: () => Promise<void>): OneTimeLinkRepository => ({
    ...links,
    consume: async (tokenHash) => {
      const open = await links.find(tokenHash);
      if (open === null) return null;
      await bothHaveLooked();
      await unit.current()('one_time_links').where({ token_hash: tokenHash }).update({ used_at: new Date() });
      return open;
    },
  });
  return { database, links, use, unguarded };
}

describe('a one-time link clicked 20 times at once, on two processes', () => {
  let here: ReturnType<typeof openProcess>;
  let there: ReturnType<typeof openProcess>;
  let database: Database;

  before(async () => {
    const databaseUrl = await freshDatabase();
    here = openProcess(databaseUrl);
    there = openProcess(databaseUrl);
    database = here.database;
    await database.knex('users').insert({ email: 'ada@example.com' });
  });

  after(async () => {
    await here.database.close();
    await there.database.close();
  });

  async function race(guard: 'guarded' | 'unguarded'): Promise<number> {
    const token = randomSecretKey();
    await here.links.insert({ email: 'ada@example.com', purpose: 'invitation', tokenHash: sha256(token) });
    const bothHaveLooked = meeting(2);
    const uses = [here, there].map((process) =>
      guard === 'guarded'
        ? process.use(process.links, secretHasher().hashPassword)
        : // With the slow hash those who are too late would wait for the lock longer than a statement may take.
          process.use(process.unguarded(bothHaveLooked), async (password) => password),
    );
    const clicks = Array.from({ length: CLICKS }, (_, n) =>
      uses[n % 2]?.({ token, password: `the password of click ${n}` }),
    );
    const results = await Promise.all(clicks);
    return results.filter((result) => result?.outcome === 'password_set').length;
  }

  it('sets one password', async () => {
    for (let round = 0; round < 3; round += 1) expect(await race('guarded')).to.equal(1);
  });

  it('would set several if it were looked at first and marked later', async () => {
    expect(await race('unguarded')).to.be.above(1);
  });
});
