import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { expect } from 'chai';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { randomSecretKey } from '../../src/crypto/random-token.ts';
import { ask, askJson, basic, ownerToken, registerMachine } from '../support/ask.ts';
import { almightyMachine, startServer, type TestServer } from '../support/start-server.ts';
import { freshDatabase } from '../support/test-database.ts';

const RESOURCE = 'https://reports.example.com';
const VOCABULARY = `
scopes:
  analytics:read: { description: Access analytics data, default: true }
  admin:clients: { description: Manage OAuth clients, protected: true, server: true }
roles:
  owner: ['*']
resources:
  ${RESOURCE}: { scopes: [analytics:read], format: jwt, ttl: PT5M }
tiers:
  free: { requests: 1000, per: hour }
test_multiplier: 10
`;

/** A key as the API shows it. */
interface ShownKey {
  readonly kid: string;
  readonly alg: string;
  readonly status: string;
  readonly created_at: string;
  readonly active_from: string;
  readonly retires_at: string | null;
}

/** Asks under the issuer's name, whichever server it is: several of them stand behind one proxy. */
async function askBehindProxy(
  server: TestServer,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body = '',
): Promise<{ readonly status: number | undefined; readonly text: string }> {
  const question = request(server.url + path, { method, headers: { ...headers, Host: new URL(server.issuer).host } });
  question.end(body);
  const [answer]: IncomingMessage[] = await once(question, 'response');
  if (answer === undefined) throw new Error('no answer');
  return { status: answer.statusCode, text: await readText(answer) };
}

describe('signing keys over two servers', () => {
  let folder: string;
  let first: TestServer;
  let second: TestServer;
  let token: string;

  /** Each test begins with a database of its own, so that no rotation of another is in its way. */
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-keys-'));
    await writeFile(join(folder, 'scopes.yaml'), VOCABULARY);
    const shared = {
      DATABASE_URL: await freshDatabase(),
      DATA_DIR: folder,
      SCOPES_FILE: join(folder, 'scopes.yaml'),
      SEED_EXAMPLES: 'false',
    };
    first = await startServer(shared);
    second = await startServer({ ...shared, ISSUER: first.issuer });
    token = await ownerToken(first);
  });
  afterEach(async () => {
    await Promise.all([first.stop(), second.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  async function keySetOf(server: TestServer): Promise<JSONWebKeySet> {
    const { status, text } = await askBehindProxy(server, 'GET', '/oauth/jwks');
    expect(status).to.equal(200);
    return JSON.parse(text) as JSONWebKeySet;
  }

  const kidsOf = async (server: TestServer): Promise<(string | undefined)[]> =>
    (await keySetOf(server)).keys.map(({ kid }) => kid);

  async function jwtFrom(server: TestServer): Promise<string> {
    const parameters = { grant_type: 'client_credentials', resource: RESOURCE, scope: 'analytics:read' };
    const { text } = await askBehindProxy(
      server,
      'POST',
      '/oauth/token',
      {
        Authorization: basic(await almightyMachine(first)),
        'Content-Type': 'application/x-www-form-urlencoded',
      },
      new URLSearchParams(parameters).toString(),
    );
    const jwt = (JSON.parse(text) as { access_token?: string }).access_token;
    expect(jwt, text).to.match(/^eyJ/);
    return jwt ?? '';
  }

  async function verifiesAt(server: TestServer, jwt: string): Promise<boolean> {
    try {
      await jwtVerify(jwt, createLocalJWKSet(await keySetOf(server)), { issuer: first.issuer, audience: RESOURCE });
      return true;
    } catch {
      return false;
    }
  }

  async function listed(): Promise<ShownKey[]> {
    const { json } = await askJson(first, 'GET', '/api/signing-keys', token);
    return (json as { data: ShownKey[] }).data;
  }

  async function rotate(body: object = {}): Promise<ShownKey> {
    const { status, json, text } = await askJson(first, 'POST', '/api/signing-keys/rotate', token, body);
    expect(status, text).to.equal(200);
    return json as ShownKey;
  }

  /** Lets time pass for the keys alone. */
  async function pass(seconds: number): Promise<void> {
    await first.composed.installation.database.pool.query(
      `UPDATE signing_keys SET active_from = active_from - $1 * interval '1 second',
              retires_at = retires_at - $1 * interval '1 second', created_at = created_at - $1 * interval '1 second'`,
      [seconds],
    );
    await refreshBoth();
  }

  const refreshBoth = (): Promise<unknown> =>
    Promise.all([first.composed.refreshSigningKeys(), second.composed.refreshSigningKeys()]);

  it('shows one active key after the first start', async () => {
    const { status, json } = await askJson(first, 'GET', '/api/signing-keys', token);
    expect(status).to.equal(200);
    expect(json).to.have.all.keys('data', 'next').and.to.include({ next: null });
    const [key, ...others] = await listed();
    expect(others).to.deep.equal([]);
    expect(key).to.have.all.keys('kid', 'alg', 'status', 'created_at', 'active_from', 'retires_at');
    expect(key).to.include({ alg: 'ES256', status: 'active', retires_at: null });
    expect([key?.kid]).to.deep.equal(await kidsOf(second));
  });

  it('answers only callers that cover admin:clients', async () => {
    const machine = await registerMachine(first, token, 'analytics:read');
    const { json } = await ask(first, '/oauth/token', {
      method: 'POST',
      headers: { Authorization: basic(machine) },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    const weak = (json as { access_token: string }).access_token;
    for (const [method, path] of [
      ['GET', '/api/signing-keys'],
      ['POST', '/api/signing-keys/rotate'],
    ] as const) {
      expect((await ask(first, path, { method })).status, path).to.equal(401);
      expect((await askJson(first, method, path, weak)).status, path).to.equal(403);
    }
    expect(await listed()).to.have.length(1);
  });

  it('refuses a rotation with members it does not know', async () => {
    for (const body of [{ now: true }, { immediately: 'yes' }, { withdraw: 1 }]) {
      expect((await askJson(first, 'POST', '/api/signing-keys/rotate', token, body)).status).to.equal(422);
    }
    expect(await listed()).to.have.length(1);
  });

  it('publishes a new key on every server before any server signs with it', async () => {
    const [old] = await kidsOf(first);
    const fresh = await rotate();
    expect(fresh.status).to.equal('waiting');
    const waitMs = Date.parse(fresh.active_from) - Date.parse(fresh.created_at);
    expect(waitMs).to.equal(300_000);
    expect(await kidsOf(first)).to.deep.equal([old, fresh.kid]);
    await second.composed.refreshSigningKeys();
    expect(await kidsOf(second)).to.deep.equal([old, fresh.kid]);
    for (const server of [first, second]) {
      expect(decodeProtectedHeader(await jwtFrom(server)).kid).to.equal(old);
    }
  });

  it('refuses a second rotation while the first one waits', async () => {
    await rotate();
    const { status, json } = await askJson(first, 'POST', '/api/signing-keys/rotate', token, {});
    expect(status).to.equal(409);
    expect((json as { message: string }).message).to.include('under way');
    expect(await listed()).to.have.length(2);
    await pass(301);
    await rotate();
  });

  it('signs with the new key once its time has come, and refuses nothing that the old one signed', async () => {
    const [old] = await kidsOf(first);
    const before = await jwtFrom(second);
    const fresh = await rotate();
    const during = await jwtFrom(first);
    await pass(301);
    const after = [await jwtFrom(first), await jwtFrom(second)];
    expect(after.map((jwt) => decodeProtectedHeader(jwt).kid)).to.deep.equal([fresh.kid, fresh.kid]);
    for (const jwt of [before, during, ...after]) {
      for (const server of [first, second]) expect(await verifiesAt(server, jwt)).to.equal(true);
    }
    expect((await listed()).map(({ kid, status }) => [kid, status])).to.deep.equal([
      [fresh.kid, 'active'],
      [old, 'retiring'],
    ]);
  });

  it('lets a server that has not noticed the change verify, and be verified by, those that have', async () => {
    const fresh = await rotate();
    await second.composed.refreshSigningKeys();
    const { pool } = first.composed.installation.database;
    await pool.query(`UPDATE signing_keys SET active_from = now() WHERE kid = $1`, [fresh.kid]);
    await first.composed.refreshSigningKeys();
    const [byNew, byOld] = [await jwtFrom(first), await jwtFrom(second)];
    expect(decodeProtectedHeader(byNew).kid).to.equal(fresh.kid);
    expect(decodeProtectedHeader(byOld).kid).to.not.equal(fresh.kid);
    expect(await verifiesAt(second, byNew)).to.equal(true);
    expect(await verifiesAt(first, byOld)).to.equal(true);
  });

  it('keeps the old key published for longer than anything it signed lives, then drops it', async () => {
    const [old] = await listed();
    const fresh = await rotate();
    await pass(300 + 3600);
    expect(await kidsOf(second)).to.deep.equal([fresh.kid, old?.kid]);
    await pass(601);
    for (const server of [first, second]) expect(await kidsOf(server)).to.deep.equal([fresh.kid]);
    expect(await listed()).to.have.length(1);
  });

  it('signs at once when told so, and what was signed before stays good', async () => {
    const before = await jwtFrom(first);
    await rotate();
    const fresh = await rotate({ immediately: true });
    expect(fresh.status).to.equal('active');
    await refreshBoth();
    // The key that only waited has signed nothing and is gone.
    expect(await listed()).to.have.length(2);
    for (const server of [first, second]) {
      expect(decodeProtectedHeader(await jwtFrom(server)).kid).to.equal(fresh.kid);
      expect(await verifiesAt(server, before)).to.equal(true);
    }
    expect((await askJson(first, 'POST', '/api/signing-keys/rotate', token, { immediately: true })).status).to.equal(
      409,
    );
  });

  it('refuses whatever a withdrawn key signed', async () => {
    const before = await jwtFrom(first);
    const fresh = await rotate({ withdraw: true });
    await refreshBoth();
    for (const server of [first, second]) {
      expect(await kidsOf(server)).to.deep.equal([fresh.kid]);
      expect(await verifiesAt(server, before)).to.equal(false);
      expect(await verifiesAt(server, await jwtFrom(server))).to.equal(true);
    }
  });

  it('pages through the list', async () => {
    const fresh = await rotate();
    const one = (await askJson(first, 'GET', '/api/signing-keys?limit=1', token)).json as {
      data: ShownKey[];
      next: string;
    };
    expect(one.data).to.have.length(1);
    const rest = await askJson(first, 'GET', `/api/signing-keys?limit=1&cursor=${one.next}`, token);
    expect(rest.json).to.deep.include({ next: null });
    expect((rest.json as { data: ShownKey[] }).data[0]?.kid).to.equal(fresh.kid);
    expect((await askJson(first, 'GET', '/api/signing-keys?cursor=x', token)).status).to.equal(422);
  });

  it('never shows a private member, in the list, the key set or the table', async () => {
    await rotate();
    const { rows } = await first.composed.installation.database.pool.query('SELECT * FROM signing_keys');
    for (const text of [JSON.stringify(await listed()), JSON.stringify(await keySetOf(first)), JSON.stringify(rows)]) {
      expect(text).to.not.match(/"d"/);
    }
  });
});

describe('signing keys and the secret keys that seal them', () => {
  it('are sealed with the current secret key at the start, so that the old one may be dropped', async () => {
    const [old, current] = [randomSecretKey(), randomSecretKey()];
    const databaseUrl = await freshDatabase();
    const kids: unknown[] = [];
    const sealed: unknown[] = [];
    for (const keys of [old, `${current},${old}`, current]) {
      const server = await startServer({ DATABASE_URL: databaseUrl, SECRET_KEYS: keys });
      const { rows } = await server.composed.installation.database.pool.query(
        'SELECT kid, sealed_private_jwk FROM signing_keys',
      );
      kids.push(rows.map(({ kid }) => kid));
      sealed.push(rows[0]?.sealed_private_jwk);
      const { text } = await askBehindProxy(server, 'GET', '/oauth/jwks');
      expect((JSON.parse(text) as JSONWebKeySet).keys.map(({ kid }) => kid)).to.deep.equal(kids[0]);
      await server.stop();
    }
    expect(kids[1]).to.deep.equal(kids[0]);
    expect(kids[2]).to.deep.equal(kids[0]);
    expect(sealed[1]).to.not.equal(sealed[0]);
    expect(sealed[2], 'nothing is sealed anew without need').to.equal(sealed[1]);
  });
});
