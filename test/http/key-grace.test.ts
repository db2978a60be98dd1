import { expect } from 'chai';
import pg from 'pg';
import { graceGuard, knexKeyGraces } from '../../src/credentials/knex-key-graces.ts';
import { type Database, openDatabase } from '../../src/db/open-database.ts';
import { type Answer, askJson } from '../support/ask.ts';
import { commandLineToken, startServer, type TestServer } from '../support/start-server.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface Key {
  readonly id: number;
  readonly key: string;
}
interface Grace {
  readonly id: number;
  readonly replaced_by: number;
  readonly began_at: string;
  readonly ends_at: string;
  readonly latest_end: string;
}

describe('/api/keys/{id}/grace', () => {
  let server: TestServer;
  let database: pg.Client;
  let almighty: string;

  before(async () => {
    server = await startServer();
    almighty = await commandLineToken(server);
    database = new pg.Client({ connectionString: server.databaseUrl });
    await database.connect();
  });
  after(async () => {
    await database.end();
    await server.stop();
  });

  const call = (method: string, path: string, sent?: unknown, by = almighty): Promise<Answer> =>
    askJson(server, method, `/api/keys${path}`, by, sent);
  const make = async (path: string, sent: unknown): Promise<Key> => {
    const answer = await call('POST', path, sent);
    expect(answer.status, answer.text).to.equal(201);
    return answer.json as Key;
  };
  const rotation = async (settings: object = {}, sent: object = {}): Promise<readonly [old: Key, heir: Key]> => {
    const old = await make('', { name: 'Nightly', scopes: ['posts:read'], environment: 'test', ...settings });
    return [old, await make(`/${old.id}/rotate`, sent)];
  };
  const move = (id: number, endsAt: Date | string, by = almighty): Promise<Answer> =>
    call('POST', `/${id}/grace`, { ends_at: new Date(endsAt).toISOString() }, by);
  const works = async ({ key }: Key): Promise<boolean> =>
    (await askJson(server, 'GET', '/v1/posts', key)).status === 200;

  it('says when it began, ends, and could end at the latest', async () => {
    const [old, heir] = await rotation({}, { grace_period: 3600 });
    const { id, replaced_by, began_at, ends_at, latest_end } = (await call('GET', `/${old.id}/grace`)).json as Grace;
    expect([id, replaced_by]).to.deep.equal([old.id, heir.id]);
    const secondsAfter = (time: string): number => Math.round((Date.parse(time) - Date.parse(began_at)) / 1000);
    expect([secondsAfter(ends_at), secondsAfter(latest_end)]).to.deep.equal([3600, 7 * 86_400]);
    expect((await call('GET', `/${heir.id}/grace`)).status, 'the new key has none').to.equal(404);
  });

  it('is prolonged and shortened, and the key works accordingly', async () => {
    const [old] = await rotation({}, { grace_period: 3600 });
    const later = new Date(Date.now() + 3 * DAY_MS).toISOString();
    expect((await move(old.id, later)).json).to.include({ ends_at: later });
    expect((await call('GET', `/${old.id}`)).json).to.include({ expires_at: later, state: 'replaced' });
    const sooner = new Date(Date.now() + 400).toISOString();
    expect((await move(old.id, sooner)).status).to.equal(200);
    await database.query('SELECT pg_sleep(0.5)');
    expect(await works(old)).to.equal(false);
    expect((await move(old.id, later)).status, 'it does not rise again').to.equal(404);
  });

  it('ends a week after the rotation at the latest', async () => {
    const [old] = await rotation();
    const { latest_end } = (await call('GET', `/${old.id}/grace`)).json as Grace;
    const refused = await move(old.id, new Date(Date.parse(latest_end) + 1000));
    expect(refused.status).to.equal(422);
    expect(refused.text).to.include(latest_end);
    expect((await move(old.id, latest_end)).json).to.include({ ends_at: latest_end });
  });

  it('never ends after the end that the old key had, whatever the new one was given', async () => {
    const end = new Date(Date.now() + 2 * DAY_MS).toISOString();
    const [old] = await rotation({ expires_at: end }, { grace_period: 60, expires_at: null });
    expect((await call('GET', `/${old.id}/grace`)).json).to.include({ latest_end: end });
    expect((await move(old.id, new Date(Date.now() + 3 * DAY_MS))).status).to.equal(422);
    expect((await move(old.id, end)).status).to.equal(200);
  });

  it('is not moved to the past, nor of a key that is not being replaced', async () => {
    const [old, heir] = await rotation();
    expect((await move(old.id, new Date(Date.now() - 1000))).status).to.equal(422);
    expect((await call('POST', `/${old.id}/grace`, { ends_at: 'tomorrow' })).status).to.equal(422);
    expect((await move(heir.id, new Date(Date.now() + HOUR_MS))).status).to.equal(409);
    expect((await call('DELETE', `/${old.id}`)).status).to.equal(204);
    expect((await move(old.id, new Date(Date.now() + HOUR_MS))).status).to.equal(404);
  });

  it('is not prolonged by the old key itself, nor by somebody who does not hold what it may do', async () => {
    const [old, heir] = await rotation({ scopes: ['keys:manage', 'posts:read'] });
    const week = new Date(Date.now() + 5 * DAY_MS);
    expect((await move(old.id, week, old.key)).status).to.equal(403);
    expect((await move(old.id, week, heir.key)).status).to.equal(200);
    const lesser = await make('', { name: 'Clerk', scopes: ['keys:manage'] });
    const more = await move(old.id, new Date(Date.now() + 6 * DAY_MS), lesser.key);
    expect([more.status, more.text.includes('posts:read')]).to.deep.equal([422, true]);
    expect((await move(old.id, new Date(Date.now() + HOUR_MS), lesser.key)).status, 'sooner').to.equal(200);
  });

  it('leaves an event with both ends', async () => {
    const [old] = await rotation({}, { grace_period: 3600 });
    const { ends_at: before } = (await call('GET', `/${old.id}/grace`)).json as Grace;
    const after = new Date(Date.now() + DAY_MS).toISOString();
    await move(old.id, after);
    const { rows } = await database.query(
      `SELECT before, after FROM audit_events WHERE action = 'key.changed' AND target_id = $1`,
      [String(old.id)],
    );
    expect(rows).to.deep.equal([{ before: { expires_at: before }, after: { expires_at: after } }]);
  });

  describe('in the database', () => {
    let second: Database;
    before(() => {
      second = openDatabase({ databaseUrl: server.databaseUrl, poolSize: 2 });
    });
    after(() => second.close());

    it('loses against the end of the key at the same time, and would bring it back without its guard', async () => {
      for (const guarded of [true, false]) {
        const [old] = await rotation();
        await database.query('BEGIN');
        await database.query('UPDATE credentials SET revoked_at = now() WHERE id = $1', [old.id]);
        const knex = new Proxy(second.knex, {
          get: (target, name, receiver) =>
            name !== 'raw' || guarded
              ? Reflect.get(target, name, receiver)
              : (statement: string, bindings: object) => target.raw(statement.replace(graceGuard, ''), { ...bindings }),
        });
        const moving = knexKeyGraces(() => knex).move(old.id, new Date(Date.now() + HOUR_MS));
        await second.knex.raw('SELECT pg_sleep(0.05)');
        await database.query('COMMIT');
        expect(await moving, guarded ? 'guarded' : 'unguarded').to.equal(!guarded);
      }
    });
  });
});
