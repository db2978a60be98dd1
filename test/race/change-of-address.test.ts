import { expect } from 'chai';
import { sha256 } from '../../src/crypto/digest.ts';
import { randomSecretKey } from '../../src/crypto/random-token.ts';
import { type Database, openDatabase } from '../../src/db/open-database.ts';
import { createUnitOfWork } from '../../src/db/transaction.ts';
import { changeProfile } from '../../src/users/change-profile.ts';
import { knexOneTimeLinkRepository } from '../../src/users/knex-one-time-link-repository.ts';
import { knexUserRepository } from '../../src/users/knex-user-repository.ts';
import { until } from '../support/start-server.ts';
import { freshDatabase } from '../support/test-database.ts';

/** A promise, and what settles it. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}

describe('a link asked for while the e-mail address is being changed', () => {
  let database: Database;
  let round = 0;

  before(async () => {
    database = openDatabase({ databaseUrl: await freshDatabase(), poolSize: 8 });
  });
  after(() => database.close());

  /** How the link was asked for on another connection: the product's way, or without its lock. */
  type Ask = (email: string, tokenHash: Buffer) => Promise<unknown>;
  const guarded: Ask = (email, tokenHash) =>
    knexOneTimeLinkRepository(() => database.knex).insert({ email, purpose: 'forgotten_password', tokenHash });
  // Awaited here, because a statement of knex runs anew for everybody who waits for it.
  const unguarded: Ask = async (email, tokenHash) => {
    await database.knex.raw(
      `INSERT INTO one_time_links (user_id, purpose, token_hash, expires_at)
       SELECT id, 'forgotten_password', :tokenHash, now() + interval '1 hour' FROM users WHERE email = :email`,
      { email, tokenHash },
    );
  };

  /** Asks between the change of the address and its commit; tells whether the link of the old address works afterwards. */
  async function raced(ask: Ask): Promise<boolean> {
    round += 1;
    const email = `ada${round}@example.com`;
    const [user] = await database.knex('users').insert({ email }).returning('id');
    const unit = createUnitOfWork(database.knex);
    const users = knexUserRepository(unit.current);
    const links = knexOneTimeLinkRepository(unit.current);
    const [changed, asked] = [gate(), gate()];
    const change = changeProfile({
      users,
      links: {
        async forgetOfUser(userId) {
          await links.forgetOfUser(userId);
          changed.open();
          await asked.passed;
        },
      },
      confirmPassword: async () => ({ outcome: 'right', user: { email, name: '' }, passwordHash: '' }),
      together: unit.run,
    });
    const changing = change({ userId: user.id, email: `new.${email}`, currentPassword: 'x', address: '192.0.2.1' });
    await changed.passed;
    const tokenHash = sha256(randomSecretKey());
    let isDone = false;
    const asking = ask(email, tokenHash).finally(() => {
      isDone = true;
    });
    // Until it waits for the lock of the change, or is done where it takes none.
    await until(async () => isDone || (await isWaiting()));
    asked.open();
    expect((await changing).outcome).to.equal('changed');
    await asking;
    return (await links.find(tokenHash)) !== null;
  }

  async function isWaiting(): Promise<boolean> {
    const { rows } = await database.knex.raw(
      `SELECT count(*)::int AS waiting FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%one_time_links%'`,
    );
    return rows[0].waiting > 0;
  }

  it('never reaches who had the old one', async () => {
    for (let index = 0; index < 3; index += 1) expect(await raced(guarded)).to.equal(false);
  });

  it('would, if it did not wait for the change', async () => {
    expect(await raced(unguarded)).to.equal(true);
  });
});
