import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { sha256 } from '../../src/crypto/digest.ts';
import { randomSecretKey } from '../../src/crypto/random-token.ts';
import { type Database, openDatabase } from '../../src/db/open-database.ts';
import { freshDatabase } from '../support/test-database.ts';
import { emptyFolder, runLatchkey } from './run-latchkey.ts';

describe('latchkey bootstrap, on a real database', () => {
  let env: Record<string, string>;
  let database: Database;

  before(async () => {
    const databaseUrl = await freshDatabase();
    env = {
      DATABASE_URL: databaseUrl,
      DATA_DIR: await emptyFolder(),
      ISSUER: 'http://localhost:3999',
      SCOPES_FILE: fileURLToPath(new URL('../../scopes.yaml', import.meta.url)),
      SECRET_KEYS: randomSecretKey(),
    };
    database = openDatabase({ databaseUrl, poolSize: 2 });
  });
  after(() => database.close());

  const bootstrap = async (...args: string[]) => {
    const run = await runLatchkey(['bootstrap', ...args], env);
    expect(run.code, run.stderr).to.equal(0);
    return run;
  };

  it('makes an owner without a password and prints the link to set one, and nothing else, on standard output', async () => {
    const { stdout, stderr } = await bootstrap('--email', 'Ada@Example.com', '--name', 'Ada', '--json');
    const result = JSON.parse(stdout);
    expect(result).to.have.all.keys('email', 'created', 'link');
    expect(result).to.include({ email: 'ada@example.com', created: true });
    const token = /^http:\/\/localhost:3999\/set-password\/([A-Za-z0-9_-]{43})$/.exec(result.link)?.[1] ?? '';
    expect(stderr).to.not.include(token);
    expect(await database.knex('one_time_links').where({ token_hash: sha256(token) })).to.have.length(1);
    expect(await database.knex('users').first('email', 'name', 'password_hash')).to.deep.equal({
      email: 'ada@example.com',
      name: 'Ada',
      password_hash: null,
    });
    expect(await database.knex('memberships').pluck('role')).to.deep.equal(['owner']);
  });

  it('is the way back in for somebody who was there, and was even disabled', async () => {
    await database.knex('users').update({ disabled_at: database.knex.fn.now() });
    await database.knex('memberships').update({ role: 'member' });
    const { stdout, stderr } = await bootstrap('--email', 'ada@example.com');
    expect(stdout).to.match(/link: +http:\/\/localhost:3999\/set-password\//);
    expect(stderr).to.include('existed already');
    expect(await database.knex('users').pluck('disabled_at')).to.deep.equal([null]);
    expect(await database.knex('memberships').pluck('role')).to.deep.equal(['owner']);
  });
});
