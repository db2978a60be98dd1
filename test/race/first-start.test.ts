import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import pg from 'pg';
import { deriveKeys } from '../../src/crypto/derive-keys.ts';
import { generateSigningKey } from '../../src/oauth/signing-key.ts';
import { ask } from '../support/ask.ts';
import { meeting } from '../support/meeting.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { freshDatabase } from '../support/test-database.ts';

const SERVERS = 5;

async function count(databaseUrl: string, table: string): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query(`SELECT count(*)::int AS count FROM ${table}`)).rows[0].count;
  } finally {
    await client.end();
  }
}

describe('five servers that start at once on one empty database', function () {
  this.timeout(60_000);
  let databaseUrl: string;
  const servers: TestServer[] = [];

  before(async () => {
    databaseUrl = await freshDatabase('empty');
    const SECRET_KEYS = randomBytes(32).toString('base64url');
    const started = await Promise.allSettled(
      Array.from({ length: SERVERS }, () => startServer({ SECRET_KEYS, DATABASE_URL: databaseUrl })),
    );
    for (const result of started) if (result.status === 'fulfilled') servers.push(result.value);
    const reasons = started.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
    expect(reasons).to.deep.equal([]);
  });
  after(() => Promise.all(servers.map((server) => server.stop())));

  it('all come up', async () => {
    expect(servers).to.have.length(SERVERS);
    for (const server of servers) expect((await ask(server, '/readyz')).status).to.equal(200);
  });

  it('make one workspace, one administrator and one credential of the command line', async () => {
    expect(await count(databaseUrl, 'workspaces')).to.equal(1);
    expect(await count(databaseUrl, "memberships WHERE role = 'owner'")).to.equal(1);
    expect(await count(databaseUrl, '(SELECT email FROM users GROUP BY email HAVING count(*) > 1) AS twice')).to.equal(
      0,
    );
    expect(await count(databaseUrl, "credentials WHERE name = 'Command line'")).to.equal(1);
    expect(servers.filter(({ welcome }) => welcome !== null)).to.have.length(1);
  });

  it('make one signing key, which all of them publish', async () => {
    expect(await count(databaseUrl, 'signing_keys')).to.equal(1);
    const sets = await Promise.all(servers.map(async (server) => (await ask(server, '/oauth/jwks')).text));
    expect(new Set(sets).size).to.equal(1);
    expect(sets[0]).to.include('"keys"');
  });

  it('make several signing keys where each looks first and writes then (the guard removed)', async () => {
    const unguarded = await freshDatabase();
    const pool = new pg.Pool({ connectionString: unguarded, max: SERVERS });
    try {
      const sealing = deriveKeys([randomBytes(32).toString('base64url')], 'sealing');
      const bothHaveLooked = meeting(2);
      await Promise.all(
        Array.from({ length: SERVERS }, async () => {
          const { rowCount } = await pool.query('SELECT 1 FROM signing_keys');
          if (rowCount !== 0) return;
          await bothHaveLooked();
          const { kid, alg, publicJwk, sealedPrivateJwk } = await generateSigningKey(sealing);
          await pool.query(
            'INSERT INTO signing_keys (kid, alg, public_jwk, sealed_private_jwk) VALUES ($1, $2, $3, $4)',
            [kid, alg, JSON.stringify(publicJwk), sealedPrivateJwk],
          );
        }),
      );
      expect(await count(unguarded, 'signing_keys')).to.be.above(1);
    } finally {
      await pool.end();
    }
  });
});
