import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { askRaw, ownerToken } from '../support/ask.ts';
import { waitForAnother } from '../support/meeting.ts';
import { assertionType, registerSigningClient, type SigningClient } from '../support/signing-client.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const TRIES = 20;
const ROUNDS = 5;

/** Tries one assertion many times at once, each time at the next server; gives how often it was accepted. */
async function timesAccepted(servers: readonly TestServer[], issuer: string, assertion: string): Promise<number> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion: assertion,
    client_assertion_type: assertionType,
  }).toString();
  // As through a balancer: whichever server gets it, the request names the issuer's host.
  const head = [
    'POST /oauth/token HTTP/1.1',
    `Host: ${new URL(issuer).host}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ].join('\r\n');
  const answers = await Promise.all(
    Array.from({ length: TRIES }, (_, index) =>
      askRaw(servers[index % servers.length] ?? { url: issuer }, `${head}\r\n\r\n${body}`),
    ),
  );
  for (const answer of answers) {
    if (answer.status !== 200) expect(answer.body).to.include('"invalid_client"');
  }
  return answers.filter(({ status }) => status === 200).length;
}

describe('a client assertion that is tried many times at once (RFC 7523 section 3)', () => {
  let server: TestServer;
  let twin: TestServer;
  let client: SigningClient;

  before(async () => {
    const SECRET_KEYS = randomBytes(32).toString('base64url');
    server = await startServer({ SECRET_KEYS });
    twin = await startServer({ SECRET_KEYS, DATABASE_URL: server.databaseUrl, ISSUER: server.issuer });
    client = await registerSigningClient(server, await ownerToken(server), 'posts:read');
  });
  after(async () => {
    await twin.stop();
    await server.stop();
  });

  it('is accepted once by one server', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      expect(await timesAccepted([server], server.issuer, await client.sign())).to.equal(1);
    }
  });

  it('is accepted once by two servers on one database', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      expect(await timesAccepted([server, twin], server.issuer, await client.sign())).to.equal(1);
    }
  });

  it('is accepted more than once where the mark is looked for before it is set (the guard removed)', async () => {
    const { pool } = server.composed.installation.database;
    // A trigger that forgets the key's uniqueness: every mark is stored under a name of its own.
    await pool.query(`
      ${waitForAnother}
      CREATE FUNCTION forget_marks() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW.model = 'ReplayDetection' THEN
          IF EXISTS (SELECT 1 FROM oauth_artifacts WHERE id_hash = NEW.id_hash) THEN RETURN NULL; END IF;
          PERFORM wait_for_another();
          NEW.id_hash := sha256(NEW.id_hash || random()::text::bytea);
        END IF;
        RETURN NEW;
      END $$`);
    await pool.query(
      'CREATE TRIGGER forget_marks BEFORE INSERT ON oauth_artifacts FOR EACH ROW EXECUTE FUNCTION forget_marks()',
    );
    try {
      expect(await timesAccepted([server, twin], server.issuer, await client.sign())).to.be.above(1);
    } finally {
      await pool.query('DROP FUNCTION forget_marks() CASCADE; DROP FUNCTION wait_for_another(); DROP SEQUENCE come');
    }
  });
});
