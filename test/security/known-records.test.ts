import { expect } from 'chai';
import { decodeJwt } from 'jose';
import type pg from 'pg';
import type { CountableCall } from '../../src/rate-limits/pg-call-counter.ts';
import type { AccessTokenClaims } from '../../src/verification/access-token-jwt.ts';
import type {
  CredentialRecord,
  FindCredentialRecord,
  LookupAnswer,
  LookupKey,
} from '../../src/verification/credential-record.ts';
import { parseCredential, parseSessionCookie } from '../../src/verification/credential-shape.ts';
import { createCredentialLookup } from '../../src/verification/pg-credential-lookup.ts';
import { letIn, registerApp, reports, scopesFileWithReports } from '../support/app-under-test.ts';
import { askJson } from '../support/ask.ts';
import { person } from '../support/person.ts';
import { commandLineToken, startServer, type TestServer } from '../support/start-server.ts';

/** What each kind of credential is read from: after a change of any of these rows nothing that was known of it holds. */
const READ_FROM = {
  api_key: ['credentials', 'workspaces'],
  personal_access_token: ['credentials', 'workspaces', 'users', 'memberships'],
  session: ['sessions', 'workspaces', 'users', 'memberships'],
  oauth_token: ['oauth_artifacts', 'oauth_grants', 'oauth_clients', 'workspaces', 'users', 'memberships'],
  access_token: ['oauth_grants', 'oauth_clients', 'workspaces', 'users', 'memberships'],
} as const;
type Kind = keyof typeof READ_FROM;
const KINDS = Object.keys(READ_FROM) as Kind[];

/** A change that changes nothing but the version of the rows. */
const TOUCH: Readonly<Record<string, string>> = {
  memberships: 'UPDATE memberships SET role = role',
  oauth_clients: 'UPDATE oauth_clients SET client_id = client_id',
  oauth_artifacts: 'UPDATE oauth_artifacts SET id_hash = id_hash',
};

describe('a record that is known from before', () => {
  let server: TestServer;
  let pool: pg.Pool;
  let find: FindCredentialRecord;
  let keys: Record<Kind, LookupKey>;
  let jwt: string;
  let app: { readonly clientId: string; readonly clientSecret: string };

  before(async () => {
    server = await startServer({ SCOPES_FILE: await scopesFileWithReports() });
    pool = server.composed.installation.database.pool;
    find = createCredentialLookup(pool, (error) => error);
    const token = await commandLineToken(server);
    const made = await askJson(server, 'POST', '/api/keys', token, { name: 'x', scopes: ['posts:read'] });
    const somebody = person(server);
    const registered = await registerApp(server, token);
    app = registered;
    const opaque = await letIn(registered, somebody, 'posts:read');
    const other = await letIn(registered, somebody, 'analytics:read', { resource: reports });
    jwt = other.access_token;
    keys = {
      api_key: await keyOf((made.json as { key: string }).key),
      personal_access_token: await keyOf(token),
      session: sessionKey(somebody.cookie('latchkey_session') ?? ''),
      oauth_token: await keyOf(opaque.access_token),
      access_token: await keyOf(jwt),
    };
  });
  after(() => server.stop());

  const ask = (key: LookupKey, known: CredentialRecord | null, call: CountableCall | null): Promise<LookupAnswer> =>
    find({ key, known, call });
  async function read(key: LookupKey): Promise<CredentialRecord> {
    const found = await ask(key, null, null);
    if (found === null || 'granted' in found) throw new Error('there is no record');
    return found;
  }
  const callOf = ({ bucket }: CredentialRecord, limit = 1000): CountableCall => ({
    bucket,
    cost: 1,
    limit,
    windowSeconds: 3600,
  });
  async function used({ bucket }: CredentialRecord): Promise<number> {
    const { rows } = await pool.query('SELECT used FROM rate_limit_windows WHERE bucket = $1', [bucket]);
    return rows[0]?.used ?? 0;
  }

  for (const kind of KINDS) {
    it(`has its calls counted while it stands: ${kind}`, async () => {
      const known = await read(keys[kind]);
      const before = await used(known);
      expect(await ask(keys[kind], known, callOf(known))).to.include({ granted: true, used: before + 1 });
      expect(await used(known)).to.equal(before + 1);
    });

    for (const table of READ_FROM[kind]) {
      it(`is told again, and nothing is counted, after any change of its row: ${kind}, ${table}`, async () => {
        const known = await read(keys[kind]);
        const before = await used(known);
        await pool.query(TOUCH[table] ?? `UPDATE ${table} SET created_at = created_at`);
        const found = await ask(keys[kind], known, callOf(known));
        expect(found).to.have.property('version').that.is.not.equal(known.version);
        expect(found).to.deep.equal({
          ...(await read(keys[kind])),
          nowSeconds: (found as CredentialRecord).nowSeconds,
        });
        expect(await used(known)).to.equal(before);
      });
    }
  }

  it('stands whatever else is asked about in the same turn, alone or in company', async () => {
    const alone = new Map<Kind, CredentialRecord>();
    for (const kind of KINDS) alone.set(kind, await read(keys[kind]));
    const together = await Promise.all(KINDS.map((kind) => read(keys[kind])));
    const asked = KINDS.map((kind, index) => [kind, alone.get(kind), together[index]] as const);
    for (const [kind, ...known] of asked) {
      for (const one of known) {
        if (one !== undefined) expect(await ask(keys[kind], one, callOf(one)), kind).to.include({ granted: true });
      }
    }
    const answers = await Promise.all(
      asked.map(([kind, one]) => (one === undefined ? null : ask(keys[kind], one, callOf(one)))),
    );
    for (const [index, answer] of answers.entries()) expect(answer, KINDS[index]).to.include({ granted: true });
  });

  it('is told again when PostgreSQL was started again, whatever its transactions are called', async () => {
    const known = await read(keys.api_key);
    const found = await ask(keys.api_key, { ...known, version: known.version.replace(/^\d/, '0') }, callOf(known));
    expect(found).to.have.property('version', known.version);
  });

  it('has expired when its time has come, although no row has changed', async () => {
    const { rows } = await pool.query(
      `UPDATE credentials SET expires_at = now() + interval '0.3 seconds' WHERE kind = 'api_key' RETURNING id`,
    );
    expect(rows).to.have.length.above(0);
    const known = await read(keys.api_key);
    expect(known.expired).to.equal(false);
    await new Promise((resolve) => setTimeout(resolve, 350));
    const found = await ask(keys.api_key, known, callOf(known));
    expect(found).to.include({ expired: true, version: known.version });
    await pool.query(`UPDATE credentials SET expires_at = NULL WHERE kind = 'api_key'`);
  });

  it('is gone when its row is', async () => {
    const known = await read(keys.session);
    await pool.query('DELETE FROM sessions WHERE id = $1', [known.id]);
    expect(await ask(keys.session, known, callOf(known))).to.equal(null);
  });

  it('is told again when a JWT is revoked by its name', async () => {
    const known = await read(keys.access_token);
    const body = new URLSearchParams({ token: jwt });
    const headers = { Authorization: `Basic ${btoa(`${app.clientId}:${app.clientSecret}`)}` };
    const answer = await fetch(`${server.url}/oauth/revoke`, { method: 'POST', headers, body });
    expect(answer.status).to.equal(200);
    const found = await ask(keys.access_token, known, callOf(known));
    expect(found).to.include({ revoked: true });
  });

  it('is granted what is left, call by call, in the order of asking', async () => {
    const known = await read(keys.personal_access_token);
    const limit = (await used(known)) + 2;
    const calls = [1, 2, 3, 4].map(() => ask(keys.personal_access_token, known, callOf(known, limit)));
    const answers = (await Promise.all(calls)) as { granted: boolean; used: number }[];
    expect(answers.map(({ granted }) => granted)).to.deep.equal([true, true, false, false]);
    expect(answers.map((answer) => answer.used)).to.deep.equal([limit - 1, limit, limit, limit]);
    expect(await used(known)).to.equal(limit);
  });

  it('leaves a call of another limit in the same bucket to the counter', async () => {
    const known = await read(keys.personal_access_token);
    const [one, other] = await Promise.all([
      ask(keys.personal_access_token, known, callOf(known, 1000)),
      ask(keys.personal_access_token, known, callOf(known, 2000)),
    ]);
    expect(one).to.include({ granted: true });
    expect(other).to.include({ version: known.version, bucket: known.bucket });
  });
});

async function keyOf(credential: string): Promise<LookupKey> {
  const parsed = await parseCredential(credential, async (token) => claimsOf(token));
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed.key;
}

function sessionKey(cookie: string): LookupKey {
  const parsed = parseSessionCookie(cookie);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed.key;
}

function claimsOf(token: string): AccessTokenClaims {
  const payload = decodeJwt(token);
  return {
    jti: String(payload.jti),
    clientId: String(payload.client_id),
    userId: Number(payload.sub),
    grantId: String(payload.gid),
    family: String(payload.fam),
    openidScopes: [],
    scopes: String(payload.scope).split(' '),
    audience: String(payload.aud),
    expiresAtSeconds: Number(payload.exp),
  };
}
