import { expect } from 'chai';
import { openTrail } from '../../../src/composition/compose-audit.ts';
import { composePeople, type People } from '../../../src/composition/compose-people.ts';
import { sha256 } from '../../../src/crypto/digest.ts';
import { type Database, openDatabase } from '../../../src/db/open-database.ts';
import { createUnitOfWork } from '../../../src/db/transaction.ts';
import { linkLifeSeconds } from '../../../src/users/one-time-link.ts';
import { linkRequestLimits, signInLimits } from '../../../src/users/sign-in-limits.ts';
import type { User } from '../../../src/users/user.ts';
import { patientTimeouts } from '../../support/patient-timeouts.ts';
import { freshDatabase } from '../../support/test-database.ts';
import { cheapHash } from './people-bench.ts';

const OLD = 'an old and quiet river';
const NEW = 'a new and quiet river';

describe('passwords', () => {
  let database: Database;
  let people: People;
  let user: User;
  const sent: { email: string; purpose: string; url: string }[] = [];

  before(async () => {
    database = openDatabase({ databaseUrl: await freshDatabase(), poolSize: 8, timeouts: patientTimeouts });
    const unit = createUnitOfWork(database.knex);
    people = composePeople({
      pool: database.pool,
      unit,
      trail: openTrail(unit, { error: () => {} }),
      hasher: {
        hashPassword: async (password) => cheapHash(password),
        verifyPassword: async (password, hash) => hash === cheapHash(password),
        hashKey: async () => '',
        verifyKey: async () => false,
      },
      issuer: 'https://auth.example.com',
      outbox: { sendLink: ({ email, purpose, link }) => sent.push({ email, purpose, url: link.url }) },
    });
  });

  let count = 0;
  beforeEach(async () => {
    sent.length = 0;
    count += 1;
    const email = `person${count}@example.com`;
    const inserted = await people.users.insert({
      email,
      name: '',
      passwordHash: cheapHash(OLD),
      mustChangePassword: true,
    });
    if (inserted === null) throw new Error('taken');
    user = inserted;
  });

  after(() => database.close());

  const address = '192.0.2.1';
  const begin = () => people.startSession({ userId: user.id, address, userAgent: '' });
  const signsIn = async (password: string) =>
    (await people.signIn({ email: user.email, password, address: '192.0.2.77' })).outcome === 'signed_in';
  const change = (more = {}) =>
    people.changePassword({
      userId: user.id,
      currentPassword: OLD,
      newPassword: NEW,
      address,
      sessionId: null,
      ...more,
    });
  const tokenOf = (url: string | undefined) => (url ?? '').split('/').at(-1) ?? '';
  const newToken = async () => {
    const link = await people.createOneTimeLink({ email: user.email, purpose: 'forgotten_password' });
    return tokenOf(link?.url);
  };

  describe('changed by their owner', () => {
    it('end every other session and unused link, and need no change any more', async () => {
      const [kept, other] = [await begin(), await begin()];
      const token = await newToken();
      expect(await change({ sessionId: kept.session.id })).to.deep.equal({ outcome: 'changed' });
      expect(await people.resumeSession(kept.cookieValue)).to.not.equal(null);
      expect(await people.resumeSession(other.cookieValue)).to.equal(null);
      expect(await people.peekOneTimeLink(token)).to.deep.equal({ outcome: 'gone' });
      expect((await people.users.find(user.id))?.mustChangePassword).to.equal(false);
      expect(await signsIn(OLD)).to.equal(false);
      expect(await signsIn(NEW)).to.equal(true);
    });

    it('need the current one, and a new one that is acceptable and another', async () => {
      const { cookieValue } = await begin();
      expect(await change({ currentPassword: 'wrong' })).to.deep.equal({ outcome: 'wrong_password' });
      for (const newPassword of ['short', 'password1', OLD, user.email]) {
        expect((await change({ newPassword })).outcome).to.equal('refused');
      }
      expect(await people.resumeSession(cookieValue)).to.not.equal(null);
      expect(await signsIn(OLD)).to.equal(true);
    });

    it('can not be guessed by who has taken a session', async () => {
      const guesses = Array.from({ length: 30 }, () => change({ currentPassword: 'wrong' }));
      const outcomes = (await Promise.all(guesses)).map(({ outcome }) => outcome);
      const { attempts } = signInLimits.perAccountAndAddress;
      expect(outcomes.filter((one) => one === 'wrong_password')).to.have.length(attempts);
    });

    it('change once when two changes race', async () => {
      const results = await Promise.all([change(), change({ newPassword: 'yet another quiet river' })]);
      expect(results.map(({ outcome }) => outcome).sort()).to.deep.equal(['changed', 'wrong_password']);
    });
  });

  describe('set by a one-time link', () => {
    it('end all sessions, and the link is gone', async () => {
      const { cookieValue } = await begin();
      const [token, another] = [await newToken(), await newToken()];
      expect(await people.peekOneTimeLink(token)).to.deep.include({ outcome: 'open', purpose: 'forgotten_password' });
      expect((await people.useOneTimeLink({ token, password: NEW })).outcome).to.equal('password_set');
      expect(await people.resumeSession(cookieValue)).to.equal(null);
      expect(await people.useOneTimeLink({ token, password: OLD })).to.deep.equal({ outcome: 'gone' });
      expect(await people.peekOneTimeLink(another)).to.deep.equal({ outcome: 'gone' });
      expect(await signsIn(NEW)).to.equal(true);
    });

    it('leave the link open when the password is refused', async () => {
      const token = await newToken();
      expect((await people.useOneTimeLink({ token, password: 'password1' })).outcome).to.equal('refused');
      expect((await people.useOneTimeLink({ token, password: NEW })).outcome).to.equal('password_set');
    });

    it('are not set by a link that is too old, made up, or of a disabled user', async () => {
      const token = await newToken();
      await database.knex('one_time_links').update({ expires_at: database.knex.raw(`now() - interval '1 s'`) });
      for (const value of [token, '', 'A'.repeat(43), `${token}\0`]) {
        expect(await people.peekOneTimeLink(value)).to.deep.equal({ outcome: 'gone' });
        expect(await people.useOneTimeLink({ token: value, password: NEW })).to.deep.equal({ outcome: 'gone' });
      }
      const ofDisabled = await newToken();
      await people.users.setDisabled(user.id, true);
      expect(await people.peekOneTimeLink(ofDisabled)).to.deep.equal({ outcome: 'gone' });
      expect(await people.useOneTimeLink({ token: ofDisabled, password: NEW })).to.deep.equal({ outcome: 'gone' });
      expect(await people.createOneTimeLink({ email: user.email, purpose: 'invitation' })).to.equal(null);
    });
  });

  describe('a one-time link', () => {
    it('lives one hour, has 256 random bits, and only its SHA-256 is kept', async () => {
      const link = await people.createOneTimeLink({ email: user.email, purpose: 'invitation' });
      expect(link?.url).to.match(/^https:\/\/auth\.example\.com\/set-password\/[A-Za-z0-9_-]{43}$/);
      const token = tokenOf(link?.url);
      const row = await database.knex('one_time_links').where({ user_id: user.id }).first();
      expect(row.token_hash.equals(sha256(token))).to.equal(true);
      expect((row.expires_at - row.created_at) / 1000).to.equal(linkLifeSeconds);
      expect(sent).to.deep.equal([{ email: user.email, purpose: 'invitation', url: link?.url }]);
    });

    it('is asked for with the same answer whether or not there is such a person', async () => {
      const known = await people.requestPasswordLink({ email: ` ${user.email.toUpperCase()}`, address });
      const unknown = await people.requestPasswordLink({ email: 'nobody@example.com', address });
      expect(known).to.deep.equal({ outcome: 'accepted' });
      expect(unknown).to.deep.equal(known);
      expect(sent.map(({ email }) => email)).to.deep.equal([user.email]);
    });

    it('is sent to nobody more often than the limit', async () => {
      for (const email of [user.email, `nobody${count}@example.com`]) {
        const asked = Array.from({ length: 12 }, () => people.requestPasswordLink({ email, address: '198.51.100.9' }));
        const accepted = (await Promise.all(asked)).filter(({ outcome }) => outcome === 'accepted');
        expect(accepted).to.have.length(linkRequestLimits.perAccountAndAddress.attempts);
      }
      expect(sent).to.have.length(linkRequestLimits.perAccountAndAddress.attempts);
    });
  });
});
