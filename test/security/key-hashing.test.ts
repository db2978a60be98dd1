import { randomBytes } from 'node:crypto';
import bcrypt from 'bcrypt';
import { expect } from 'chai';
import pg from 'pg';
import { generateApiKey } from '../../src/credentials/token-format.ts';
import { checksum } from '../../src/crypto/checksum.ts';
import { randomToken } from '../../src/crypto/random-token.ts';
import { ask, askJson } from '../support/ask.ts';
import { commandLineToken, startServer, type TestServer, until } from '../support/start-server.ts';

interface Key {
  readonly id: number;
  readonly key: string;
}

describe('bcrypt', function () {
  this.timeout(120_000);
  const { compare } = bcrypt;
  const keys: Key[] = [];
  const oldKey = randomBytes(32).toString('base64url');
  const newKey = randomBytes(32).toString('base64url');
  let runs = 0;
  let server: TestServer;
  let database: pg.Client;
  let token: string;

  before(async () => {
    server = await startServer({ SECRET_KEYS: oldKey });
    token = await commandLineToken(server);
    database = new pg.Client({ connectionString: server.databaseUrl });
    await database.connect();
    for (let count = 0; count < 6; count += 1) {
      const answer = await askJson(server, 'POST', '/api/keys', token, { name: 'k', scopes: ['posts:read'] });
      keys.push(answer.json as Key);
    }
    bcrypt.compare = async (data: string | Buffer, encrypted: string): Promise<boolean> => {
      runs += 1;
      return compare(data, encrypted);
    };
  });
  beforeEach(() => {
    runs = 0;
  });
  after(async () => {
    bcrypt.compare = compare;
    await database.end();
    await server.stop();
  });

  const status = async (key: string): Promise<number> =>
    (await ask(server, '/verify?scope=posts:read', { headers: { Authorization: `Bearer ${key}` } })).status;
  const peppersInUse = async (): Promise<string[]> => {
    const { rows } = await database.query(
      "SELECT DISTINCT pepper_id FROM credentials WHERE kind = 'api_key' AND name = 'k'",
    );
    return rows.map(({ pepper_id: id }) => String(id));
  };
  const restart = async (secretKeys: readonly string[]): Promise<void> => {
    const { databaseUrl, issuer } = server;
    await server.stop();
    server = await startServer({ SECRET_KEYS: secretKeys.join(','), DATABASE_URL: databaseUrl, ISSUER: issuer });
  };

  it('runs for no key that was verified before', async () => {
    for (const { key } of keys) expect(await status(key)).to.equal(200);
    expect(runs).to.equal(0);
  });

  it('runs for none of 10,000 forged keys, whether or not they name one that exists', async () => {
    const known = keys.map(({ key }) => key.slice('sk_live_'.length, 'sk_live_'.length + 8));
    const forge = (index: number): string => {
      if (index % 2 === 0) return generateApiKey('live').text;
      const key = `sk_live_${known[index % known.length]}${randomToken(18)}`;
      return key + checksum(key);
    };
    const STREAMS = 20;
    let accepted = 0;
    await Promise.all(
      Array.from({ length: STREAMS }, async (_, stream) => {
        for (let index = stream; index < 10_000; index += STREAMS)
          accepted += (await status(forge(index))) === 401 ? 0 : 1;
      }),
    );
    expect(accepted).to.equal(0);
    expect(runs).to.equal(0);
    expect(await status(keys[0]?.key ?? '')).to.equal(200);
  });

  it('does not run when the secret keys are rotated: what is used moves over to the new pepper', async () => {
    const [before] = await peppersInUse();
    await restart([newKey, oldKey]);
    const [first, ...others] = keys;
    for (const { key } of others) expect(await status(key)).to.equal(200);
    expect(runs).to.equal(0);
    await until(async () => (await peppersInUse()).length === 2);
    expect(await status(first?.key ?? '')).to.equal(200);
    await until(async () => (await peppersInUse()).length === 1);
    expect(await peppersInUse()).to.not.include(before);
  });

  it('runs once a key, and not once a call, where the pepper is lost', async () => {
    await database.query("UPDATE credentials SET match_proof = NULL, pepper_id = NULL WHERE kind = 'api_key'");
    const answers = await Promise.all(keys.flatMap(({ key }) => Array.from({ length: 5 }, () => status(key))));
    expect(new Set(answers)).to.deep.equal(new Set([200]));
    expect(runs).to.equal(keys.length);
    await until(async () => (await peppersInUse()).every((id) => id !== 'null'));
    for (const { key } of keys) expect(await status(key)).to.equal(200);
    expect(runs).to.equal(keys.length);
  });

  it('runs once a key where the old secret key was dropped before the key was used', async () => {
    await database.query(
      "UPDATE credentials SET match_proof = decode(repeat('00', 32), 'hex'), pepper_id = 'deadbeef'",
    );
    await restart([newKey]);
    for (const { key } of keys) expect(await status(key)).to.equal(200);
    expect(runs).to.equal(keys.length);
    // Somebody who holds a dump and forges a key for one of its rows is refused by bcrypt, and writes no proof.
    await database.query("UPDATE credentials SET match_proof = NULL, pepper_id = NULL WHERE kind = 'api_key'");
    const forged = `sk_live_${keys[0]?.key.slice(8, 16)}${randomToken(18)}`;
    expect(await status(forged + checksum(forged))).to.equal(401);
    expect(await status(keys[0]?.key ?? '')).to.equal(200);
  });

  it('says no to every key that differs from a stored one, though its checksum be right', async () => {
    const key = keys[0]?.key ?? '';
    const body = key.slice(0, -6);
    for (let index = 16; index < body.length; index += 1) {
      const changed = body.slice(0, index) + (body[index] === 'a' ? 'b' : 'a') + body.slice(index + 1);
      expect(await status(changed + checksum(changed)), changed).to.equal(401);
    }
    const other = key.replace('sk_live_', 'sk_test_').slice(0, -6);
    expect(await status(other + checksum(other))).to.equal(401);
  });
});
