import { expect } from 'chai';
import pg from 'pg';
import { credentialSweeps } from '../../src/credentials/pg-credential-sweep.ts';
import { runSweeps } from '../../src/db/run-sweeps.ts';
import { type Answer, ask, registerMachine } from '../support/ask.ts';
import { clientToken, commandLineToken, startServer, type TestServer } from '../support/start-server.ts';

function member(answer: Answer, name: string): unknown {
  return (answer.json as Record<string, unknown> | null)?.[name];
}

describe('an Idempotency-Key', () => {
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

  const post = (path: string, sent: unknown, key: string, token = almighty): Promise<Answer> =>
    ask(server, path, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'Idempotency-Key': key },
      body: JSON.stringify(sent),
    });
  const count = async (table: string): Promise<number> =>
    (await database.query(`SELECT count(*)::int AS count FROM ${table}`)).rows[0].count;
  const key = { name: 'k', scopes: ['posts:read'] };
  const client = { client_name: 'c', grant_types: ['client_credentials'], scope: 'posts:read' };

  it('makes nothing a second time, and names the first, on every route that makes a credential', async () => {
    const rotatable = Number(member(await post('/api/keys', key, 'to-rotate'), 'id'));
    const clientId = String(member(await post('/api/clients', client, 'to-give-secrets'), 'client_id'));
    const routes: readonly (readonly [string, unknown, string, string])[] = [
      ['/api/keys', key, 'credentials', 'id'],
      ['/api/tokens', { name: 't' }, 'credentials', 'id'],
      [`/api/keys/${rotatable}/rotate`, {}, 'credentials', 'id'],
      ['/api/clients', client, 'oauth_clients', 'client_id'],
      [`/api/clients/${clientId}/secrets`, {}, 'oauth_client_secrets', 'id'],
    ];
    for (const [path, sent, table, id] of routes) {
      const first = await post(path, sent, 'once');
      expect(first.status, path + first.text).to.equal(201);
      const before = await count(table);
      const second = await post(path, sent, 'once');
      expect(second.status, path + second.text).to.equal(409);
      expect(second.json, path).to.deep.equal({
        message: 'This was made before, under the same Idempotency-Key.',
        id: member(first, id),
      });
      expect(await count(table), path).to.equal(before);
    }
  });

  it('is the caller’s own: another one may use the same', async () => {
    const login = await registerMachine(server, almighty, 'keys:manage posts:read');
    const machine = await clientToken(server, login, 'keys:manage posts:read');
    expect((await post('/api/keys', key, 'shared')).status).to.equal(201);
    expect((await post('/api/keys', key, 'shared', machine)).status).to.equal(201);
    expect((await post('/api/keys', key, 'shared', machine)).status).to.equal(409);
  });

  it('is free again when the request failed', async () => {
    expect((await post('/api/keys', { ...key, scopes: ['nothing:there'] }, 'again')).status).to.equal(422);
    expect((await post('/api/clients', { ...client, grant_types: [] }, 'again')).status).to.equal(422);
    expect((await post('/api/keys', key, 'again')).status).to.equal(201);
    expect((await post('/api/clients', client, 'again')).status).to.equal(201);
  });

  it('makes one of many that come at once', async () => {
    const before = await count('credentials');
    const answers = await Promise.all(Array.from({ length: 8 }, () => post('/api/keys', key, 'at-once')));
    const made = answers.filter(({ status }) => status === 201);
    expect(made).to.have.length(1);
    for (const answer of answers) {
      if (answer.status === 201) continue;
      expect([answer.status, member(answer, 'id')]).to.deep.equal([409, made[0] && member(made[0], 'id')]);
    }
    expect(await count('credentials')).to.equal(before + 1);
  });

  it('lasts a day, whether or not the sweeper comes', async () => {
    const first = await post('/api/keys', key, 'daily');
    const age = (interval: string): Promise<unknown> =>
      database.query(`UPDATE idempotency_keys SET created_at = now() - interval '${interval}' WHERE made = $1`, [
        String(member(first, 'id')),
      ]);
    await age('23 hours 59 minutes');
    await runSweeps(database, credentialSweeps);
    expect((await post('/api/keys', key, 'daily')).status).to.equal(409);
    await age('24 hours 1 minute');
    const second = await post('/api/keys', key, 'daily');
    expect(second.status).to.equal(201);
    expect(member(await post('/api/keys', key, 'daily'), 'id')).to.equal(member(second, 'id'));
    await database.query("UPDATE idempotency_keys SET created_at = now() - interval '2 days'");
    expect((await runSweeps(database, credentialSweeps)).idempotency_keys).to.be.above(0);
    expect(await count('idempotency_keys')).to.equal(0);
  });

  it('is refused where it is no key, and nothing is made', async () => {
    const before = await count('credentials');
    for (const bad of ['x'.repeat(256), 'two words', 'ümlaut']) {
      const answer = await post('/api/keys', key, bad);
      expect(answer.status, bad).to.equal(422);
      expect(member(answer, 'errors')).to.have.key('Idempotency-Key');
    }
    expect(await count('credentials')).to.equal(before);
  });

  it('is not kept in clear', async () => {
    await post('/api/keys', key, 'very-telling-name');
    const { rows } = await database.query('SELECT * FROM idempotency_keys');
    expect(JSON.stringify(rows)).to.not.include('very-telling-name');
  });
});
