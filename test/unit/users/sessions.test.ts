import { expect } from 'chai';
import { sha256 } from '../../../src/crypto/digest.ts';
import { sessionAbsoluteSeconds, sessionIdleSeconds } from '../../../src/users/session.ts';
import { openPeopleBench, type PeopleBench } from './people-bench.ts';

describe('a session', () => {
  let bench: PeopleBench;
  let userId: number;

  before(async () => {
    bench = await openPeopleBench();
    userId = (await bench.person('ada@example.com')).id;
  });

  after(() => bench.database.close());

  const begin = (more = {}) => bench.start({ userId, address: '192.0.2.1', userAgent: 'Browser', ...more });
  const set = (id: number, sql: string) => bench.database.knex.raw(`UPDATE sessions SET ${sql} WHERE id = ${id}`);

  it('is found again by its cookie, and only its SHA-256 is kept', async () => {
    const { session, cookieValue } = await begin();
    expect(cookieValue).to.match(/^[A-Za-z0-9_-]{43}$/);
    const resumed = await bench.resume(cookieValue);
    expect(resumed?.session.id).to.equal(session.id);
    expect(resumed?.user).to.include({ id: userId, email: 'ada@example.com' });
    const row = await bench.database.knex('sessions').where({ id: session.id }).first();
    expect(row.id_hash.equals(sha256(cookieValue))).to.equal(true);
    expect(JSON.stringify(row)).to.not.include(cookieValue);
  });

  it('is nobody for a cookie with any character changed, cut or added', async () => {
    const { cookieValue } = await begin();
    for (let at = 0; at < cookieValue.length; at += 1) {
      const other = cookieValue[at] === 'A' ? 'B' : 'A';
      expect(await bench.resume(cookieValue.slice(0, at) + other + cookieValue.slice(at + 1))).to.equal(null);
    }
    for (const value of ['', cookieValue.slice(1), `${cookieValue}A`, `${cookieValue}\0`, ` ${cookieValue}`]) {
      expect(await bench.resume(value)).to.equal(null);
    }
  });

  it('ends after the idle time and not before', async () => {
    const { session, cookieValue } = await begin();
    await set(session.id, `last_seen_at = now() - interval '${sessionIdleSeconds - 60} seconds'`);
    expect(await bench.resume(cookieValue)).to.not.equal(null);
    await set(session.id, `last_seen_at = now() - interval '${sessionIdleSeconds + 1} seconds'`);
    expect(await bench.resume(cookieValue)).to.equal(null);
    expect(await bench.reauthenticate(session.id)).to.equal(null);
  });

  it('ends at its absolute end however busy it is', async () => {
    const { session, cookieValue } = await begin();
    const life = (session.expiresAt.getTime() - session.createdAt.getTime()) / 1000;
    expect(life).to.equal(sessionAbsoluteSeconds);
    await bench.resume(cookieValue);
    await set(session.id, `expires_at = now() - interval '1 second'`);
    expect(await bench.resume(cookieValue)).to.equal(null);
  });

  it('is written to once a minute at most', async () => {
    const { session, cookieValue } = await begin();
    const seen = async () => (await bench.database.knex('sessions').where({ id: session.id }).first()).last_seen_at;
    const first = await seen();
    await bench.resume(cookieValue);
    expect(await seen()).to.deep.equal(first);
    await set(session.id, `last_seen_at = now() - interval '61 seconds'`);
    await bench.resume(cookieValue);
    expect((await seen()).getTime()).to.be.at.least(first.getTime());
  });

  it('dies when the same browser signs in anew', async () => {
    const old = await begin();
    const fresh = await begin({ replacedSessionId: old.session.id });
    expect(fresh.cookieValue).to.not.equal(old.cookieValue);
    expect(await bench.resume(old.cookieValue)).to.equal(null);
    expect(await bench.resume(fresh.cookieValue)).to.not.equal(null);
  });

  it('keeps its identity and its end under a new cookie when the password is given again', async () => {
    const { session, cookieValue } = await begin();
    await set(session.id, `authenticated_at = now() - interval '2 hours'`);
    const again = await bench.reauthenticate(session.id);
    expect(again?.session).to.include({ id: session.id });
    expect(again?.session.expiresAt).to.deep.equal(session.expiresAt);
    expect(again?.session.authenticatedAt.getTime()).to.be.at.least(session.authenticatedAt.getTime());
    expect(await bench.resume(cookieValue)).to.equal(null);
    expect(await bench.resume(again?.cookieValue ?? '')).to.not.equal(null);
  });

  it('is nobody once its user is disabled', async () => {
    const person = await bench.person('disabled@example.com');
    const { cookieValue } = await begin({ userId: person.id });
    await bench.users.setDisabled(person.id, true);
    expect(await bench.resume(cookieValue)).to.equal(null);
  });

  it('starts in the first workspace of its user, and moves only where they are a member', async () => {
    const { knex } = bench.database;
    const person = await bench.person('member@example.com');
    const [a, b, c] = await knex('workspaces')
      .insert([{ name: 'A' }, { name: 'B' }, { name: 'C' }])
      .returning('id');
    await knex('memberships').insert([
      { workspace_id: b.id, user_id: person.id, role: 'member' },
      { workspace_id: c.id, user_id: person.id, role: 'member' },
    ]);
    const { session, cookieValue } = await begin({ userId: person.id });
    expect(session.workspaceId).to.equal(b.id);
    expect(await bench.sessions.setWorkspace(session.id, c.id)).to.include({ id: session.id, workspaceId: c.id });
    expect(await bench.sessions.setWorkspace(session.id, a.id)).to.equal(null);
    await knex('workspaces').where({ id: b.id }).update({ suspended_at: knex.fn.now() });
    expect(await bench.sessions.setWorkspace(session.id, b.id), 'suspended').to.equal(null);
    expect((await bench.resume(cookieValue))?.session.workspaceId).to.equal(c.id);
  });

  it('is listed and ended by its own user only, alone or with all others', async () => {
    const [person, stranger] = [await bench.person('list@example.com'), await bench.person('stranger@example.com')];
    const mine = [await begin({ userId: person.id }), await begin({ userId: person.id })];
    const kept = await begin({ userId: person.id });
    const theirs = await begin({ userId: stranger.id });
    expect((await bench.sessions.listOfUser(person.id)).map(({ id }) => id)).to.have.members(
      [...mine, kept].map(({ session }) => session.id),
    );
    expect(await bench.sessions.endOwn(person.id, theirs.session.id)).to.equal(false);
    expect(await bench.sessions.endOfUser(person.id, kept.session.id)).to.equal(2);
    expect(await bench.resume(kept.cookieValue)).to.not.equal(null);
    expect(await bench.resume(theirs.cookieValue)).to.not.equal(null);
    expect(await bench.sessions.end(kept.session.id)).to.equal(true);
    expect(await bench.resume(kept.cookieValue)).to.equal(null);
  });
});
