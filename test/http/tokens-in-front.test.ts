import { expect } from 'chai';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { reports, scopesFileWithReports } from '../support/app-under-test.ts';
import { type Answer, ask, askJson, basic, ownerToken, registerMachine } from '../support/ask.ts';
import { type MachineLogin, startServer, type TestServer } from '../support/start-server.ts';

/** The same path to everybody but the code in front, which leaves every query to the library. */
const BEHIND = '/oauth/token?way=behind';
const IN_FRONT = '/oauth/token';
const GRANT = { grant_type: 'client_credentials' } as const;

interface Question {
  readonly body: Readonly<Record<string, string>>;
  readonly login?: MachineLogin;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What requests leave behind: stored tokens, events of the audit trail, and how often what was counted. */
interface Traces {
  readonly artifacts: readonly object[];
  readonly events: readonly object[];
  readonly counts: Readonly<Record<string, number>>;
}

describe('a request for client credentials, in front of the library and behind it', () => {
  let server: TestServer;
  let owner: string;
  let machine: MachineLogin;
  let posting: MachineLogin;
  let guest: MachineLogin;
  let app: MachineLogin;

  async function register(settings: Readonly<Record<string, unknown>>): Promise<MachineLogin> {
    const { json, text } = await askJson(server, 'POST', '/api/clients', owner, {
      client_name: 'Under test',
      grant_types: ['client_credentials'],
      scope: 'posts:* analytics:read',
      ...settings,
    });
    const { client_id: clientId, client_secret: clientSecret } = json as Record<string, string>;
    if (clientId === undefined || clientSecret === undefined) throw new Error(text);
    return { clientId, clientSecret };
  }

  before(async () => {
    server = await startServer({ SCOPES_FILE: await scopesFileWithReports() });
    owner = await ownerToken(server);
    machine = await registerMachine(server, owner, 'posts:* analytics:read');
    posting = await register({ token_endpoint_auth_method: 'client_secret_post' });
    app = await register({ grant_types: ['authorization_code'], redirect_uris: ['https://app.example/cb'] });
    const { pool } = server.composed.installation.database;
    const { rows } = await pool.query<{ id: number }>(
      "INSERT INTO workspaces (name, own) VALUES ('Guests', false) RETURNING id::int",
    );
    guest = await register({ scope: 'posts:read', workspace_id: rows[0]?.id });
    await pool.query('UPDATE workspaces SET suspended_at = now() WHERE id = $1', [rows[0]?.id]);
  });
  after(() => server.stop());

  function send(path: string, { body, login, headers }: Question): Promise<Answer> {
    return ask(server, path, {
      method: 'POST',
      headers: { ...(login !== undefined && { Authorization: basic(login) }), ...headers },
      body: new URLSearchParams(body),
    });
  }

  /** Everything of an answer that is not drawn anew for each. */
  function lasting({ status, headers, text, json }: Answer): object {
    const { date: _date, 'x-request-id': requestId, ...kept } = Object.fromEntries(headers);
    expect(requestId).to.match(/^[0-9a-f-]{36}$/);
    const { access_token: token, ...body } = json as Record<string, unknown>;
    if (typeof token !== 'string') return { status, headers: kept, text };
    const order = Object.keys(json as object);
    if (token.startsWith('oct_')) return { status, headers: kept, order, body, length: token.length };
    const { jti, iat = 0, exp = 0, ...claims } = decodeJwt(token);
    expect(jti).to.match(/^[A-Za-z0-9_-]{43}$/);
    const members = Object.keys(decodeJwt(token));
    return { status, headers: kept, order, body, members, claims, life: exp - iat, head: decodeProtectedHeader(token) };
  }

  /** Answers are counted, and uses of secrets. */
  async function traces(): Promise<Traces> {
    await server.composed.flushUsage();
    const { pool } = server.composed.installation.database;
    const artifacts = await pool.query<{ payload: Record<string, unknown> }>(
      `SELECT model, payload - 'iat' - 'exp' AS payload, client_id, user_id, grant_id, uid, scopes, audience, session_id,
              family, (payload->>'exp')::int - (payload->>'iat')::int AS life,
              abs(extract(epoch FROM expires_at) - (payload->>'exp')::int) < 5 AS in_time
         FROM oauth_artifacts ORDER BY id`,
    );
    const events = await pool.query('SELECT action, outcome, actor_type, target_id FROM audit_events ORDER BY id');
    const uses = await pool.query<{ meter: string; allowed: number }>(
      "SELECT meter, sum(allowed)::int AS allowed FROM usage_hours WHERE meter LIKE 'client_secret:%' GROUP BY meter",
    );
    const { text } = await ask(server, '/metrics');
    const answers = text.matchAll(/_request_duration_seconds_count(\{route="\/oauth".*\}) (\d+)/g);
    const counts = [
      ...uses.rows.map(({ meter, allowed }) => [meter, allowed] as const),
      ...[...answers].map(([, labels, count]) => [labels ?? '', Number(count)] as const),
    ];
    return { artifacts: artifacts.rows, events: events.rows, counts: Object.fromEntries(counts) };
  }

  const known: Readonly<Record<string, () => Question & { readonly status: number }>> = {
    'with a scope': () => ({ login: machine, body: { ...GRANT, scope: 'posts:write posts:read' }, status: 200 }),
    'without a scope': () => ({ login: machine, body: GRANT, status: 200 }),
    'for the API by name': () => ({ login: machine, body: { ...GRANT, resource: server.issuer }, status: 200 }),
    'for a JWT': () => ({
      login: machine,
      body: { ...GRANT, scope: 'analytics:read', resource: reports },
      status: 200,
    }),
    'by a secret in the body': () => ({
      body: { ...GRANT, client_id: posting.clientId, client_secret: posting.clientSecret },
      status: 200,
    }),
    'by a secret in the body, registered for the header': () => ({
      body: { ...GRANT, client_id: machine.clientId, client_secret: machine.clientSecret },
      status: 200,
    }),
    'by the header, registered for the body': () => ({ login: posting, body: GRANT, status: 200 }),
    'with openid beside': () => ({ login: machine, body: { ...GRANT, scope: 'openid posts:read' }, status: 200 }),
    'with a wildcard': () => ({ login: machine, body: { ...GRANT, scope: 'posts:*' }, status: 200 }),
    'from a page': () => ({ login: machine, body: GRANT, headers: { Origin: 'https://a.example' }, status: 400 }),
    'with a wrong secret': () => ({ login: { ...machine, clientSecret: 'ocs_wrong' }, body: GRANT, status: 401 }),
    'of an unknown client': () => ({ login: { ...machine, clientId: 'client_none' }, body: GRANT, status: 401 }),
    'without a credential': () => ({ body: GRANT, status: 401 }),
    'with a secret in both places': () => ({
      login: machine,
      body: { ...GRANT, client_id: machine.clientId, client_secret: machine.clientSecret },
      status: 400,
    }),
    'of a client for other grants': () => ({ login: app, body: GRANT, status: 400 }),
    'of a suspended workspace': () => ({ login: guest, body: GRANT, status: 400 }),
    'for a scope beyond the ceiling': () => ({
      login: machine,
      body: { ...GRANT, scope: 'categories:read' },
      status: 400,
    }),
    'for a scope of another resource': () => ({
      login: machine,
      body: { ...GRANT, scope: 'posts:read', resource: reports },
      status: 400,
    }),
    'for a foreign resource': () => ({
      login: machine,
      body: { ...GRANT, resource: 'https://nobody.example' },
      status: 400,
    }),
    'for openid alone': () => ({ login: machine, body: { ...GRANT, scope: 'openid' }, status: 400 }),
    'that is longer than the library reads': () => ({
      login: machine,
      body: { ...GRANT, filler: 'x'.repeat(60_000) },
      status: 400,
    }),
  };

  for (const [what, question] of Object.entries(known)) {
    it(`is answered the same ${what}, and leaves the same behind`, async () => {
      const { status, ...asked } = question();
      const start = await traces();
      const inFront = await send(IN_FRONT, asked);
      const middle = await traces();
      const behind = await send(BEHIND, asked);
      const end = await traces();
      expect(inFront.status, inFront.text).to.equal(status);
      expect(lasting(inFront)).to.deep.equal(lasting(behind));
      expect(added(start, middle)).to.deep.equal(added(middle, end));
      const labels = `{route="/oauth",method="POST",status="${status}"}`;
      expect(added(start, middle).counts).to.have.property(labels, 1);
    });
  }
});

/** The rows that came, and by how much each count has grown. */
function added(before: Traces, after: Traces): Traces {
  const grown = Object.entries(after.counts).map(
    ([what, count]) => [what, count - (before.counts[what] ?? 0)] as const,
  );
  return {
    artifacts: after.artifacts.slice(before.artifacts.length),
    events: after.events.slice(before.events.length),
    counts: Object.fromEntries(grown.filter(([, growth]) => growth !== 0)),
  };
}
