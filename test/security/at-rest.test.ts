import { expect } from 'chai';
import { ask, askJson, askToken, basic, ownerToken, registerMachine } from '../support/ask.ts';
import { almightyMachine, clientToken, startServer, type TestServer } from '../support/start-server.ts';

describe('a stolen database (T1)', function () {
  this.timeout(120_000);
  let server: TestServer;
  let secrets: readonly string[];
  let values: ReadonlySet<string>;

  before(async () => {
    server = await startServer();
    const owner = await ownerToken(server);
    const login = await registerMachine(server, owner, 'posts:read');
    const further = await askJson(server, 'POST', `/api/clients/${login.clientId}/secrets`, owner, {});
    const token = await clientToken(server, login, 'posts:read');
    const password = /password: (\S+)/.exec(server.welcome ?? '')?.[1] ?? '';
    secrets = [
      owner,
      token,
      login.clientSecret,
      (further.json as { client_secret: string }).client_secret,
      (await almightyMachine(server)).clientSecret,
      password,
    ];
    for (const secret of secrets) expect(secret).to.have.length.of.at.least(20);
    values = await dump(server);
  });
  after(() => server.stop());

  it('is read here to the last value: every table, every column, and what stands inside JSON and arrays', async () => {
    const { rows } = await server.composed.installation.database.pool.query<{ id_hash: string }>(
      "SELECT encode(id_hash, 'hex') AS id_hash FROM oauth_artifacts LIMIT 1",
    );
    expect(values).to.include(rows[0]?.id_hash ?? 'nothing was stored');
    expect([...values].some((value) => value.startsWith('sha256$'))).to.equal(true);
    expect([...values].some((value) => value.startsWith('$2b$'))).to.equal(true);
    expect(values.size).to.be.above(100);
  });

  it('holds no token, no secret and no password, whole or encoded', () => {
    const everything = [...values].join('\n');
    for (const secret of secrets) {
      const bare = secret.replace(/^o[a-z]{2}_/, '');
      for (const form of [
        secret,
        bare,
        Buffer.from(secret).toString('hex'),
        Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      ]) {
        expect(everything.includes(form), `${secret.slice(0, 4)}…`).to.equal(false);
      }
    }
  });

  it('opens nothing: no value is a credential at /verify, at the API or at the token endpoint', async () => {
    const { rows } = await server.composed.installation.database.pool.query<{ client_id: string }>(
      'SELECT client_id FROM oauth_clients',
    );
    const clientIds = rows.map(({ client_id }) => client_id);
    const accepted: string[] = [];
    const candidates = [...values].flatMap((value) => [value, `oct_${value}`, `ocs_${value}`]);
    const queue = [...candidates];
    const worker = async (): Promise<void> => {
      for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
        const printable = /^[\x21-\x7e]{1,2000}$/.test(value);
        if (printable) {
          const verified = await ask(server, '/verify?scope=posts:read', {
            headers: { Authorization: `Bearer ${value}` },
          });
          if (verified.status !== 401) accepted.push(`/verify ${verified.status}: ${value}`);
          const listed = await ask(server, '/api/scopes', { headers: { Authorization: `Bearer ${value}` } });
          if (listed.status !== 401) accepted.push(`/api ${listed.status}: ${value}`);
        }
        for (const clientId of clientIds) {
          const answer = await askToken(server, null, {
            grant_type: 'client_credentials',
            client_id: clientId,
            client_secret: value.slice(0, 2000),
          });
          if (answer.status === 200 || answer.status >= 500) accepted.push(`/oauth/token ${answer.status}: ${value}`);
        }
      }
    };
    await Promise.all(Array.from({ length: 12 }, worker));
    expect(accepted).to.deep.equal([]);
    expect(candidates.length).to.be.above(300);
    const good = await ask(server, '/oauth/token', {
      method: 'POST',
      headers: { Authorization: basic(await almightyMachine(server)) },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'posts:read' }),
    });
    expect(good.status).to.equal(200);
  });
});

/** Every value of every table as text, bytes in hexadecimal and base64url, and every member of JSON and arrays on its own. */
async function dump(server: TestServer): Promise<ReadonlySet<string>> {
  const { pool } = server.composed.installation.database;
  const tables = await pool.query<{ name: string }>(
    "SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'",
  );
  const values = new Set<string>();
  for (const { name } of tables.rows) {
    const { rows } = await pool.query<{ row: unknown }>(`SELECT to_jsonb(t) AS row FROM ${name} AS t`);
    for (const { row } of rows) collect(row, values);
  }
  values.delete('');
  return values;
}

function collect(value: unknown, into: Set<string>): void {
  if (value === null || value === undefined) return;
  if (typeof value === 'object') {
    for (const member of Object.values(value)) collect(member, into);
    return;
  }
  const text = String(value);
  into.add(text);
  if (text.startsWith('\\x')) {
    const bytes = Buffer.from(text.slice(2), 'hex');
    into.add(bytes.toString('hex'));
    into.add(bytes.toString('base64url'));
  }
  if (/^[[{]/.test(text)) {
    try {
      collect(JSON.parse(text), into);
    } catch {
      // It only looked like JSON.
    }
  }
}
