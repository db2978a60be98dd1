import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type pg from 'pg';
import {
  type AppUnderTest,
  beginFlow,
  type Flow,
  letIn,
  newPerson,
  registerApp,
  verdict,
} from '../support/app-under-test.ts';
import { askRaw, basic, ownerToken } from '../support/ask.ts';
import type { Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const CODES = 40;
const TRIES = 10;

interface TokenAnswer {
  readonly status: number;
  readonly body: string;
  readonly json: { readonly access_token?: string; readonly refresh_token?: string; readonly error?: string };
}

describe('what may be redeemed once', function () {
  this.timeout(90_000);
  let server: TestServer;
  let twin: TestServer;
  let app: AppUnderTest;
  let ada: Person;
  let pool: pg.Pool;

  before(async () => {
    const SECRET_KEYS = randomBytes(32).toString('base64url');
    server = await startServer({ SECRET_KEYS });
    twin = await startServer({ SECRET_KEYS, DATABASE_URL: server.databaseUrl, ISSUER: server.issuer });
    const owner = await ownerToken(server);
    app = await registerApp(server, owner);
    ada = await newPerson(server, owner);
    pool = server.composed.installation.database.pool;
    await letIn(app, ada, 'posts:read');
  });
  after(async () => {
    await twin.stop();
    await server.stop();
  });

  /** Asks one of the two servers, as a balancer would, under the issuer's name. */
  async function post(at: TestServer, parameters: Record<string, string>): Promise<TokenAnswer> {
    const body = new URLSearchParams(parameters).toString();
    const head = [
      'POST /oauth/token HTTP/1.1',
      `Host: ${new URL(server.issuer).host}`,
      `Authorization: ${basic(app)}`,
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${body.length}`,
      'Connection: close',
    ].join('\r\n');
    const answer = await askRaw(at, `${head}\r\n\r\n${body}`, 20_000);
    const text = answer.body.replace(/^[0-9a-f]+\r\n|\r\n0\r\n\r\n$/g, '');
    return { status: answer.status, body: text, json: text.startsWith('{') ? JSON.parse(text) : {} };
  }

  const atOnce = (servers: readonly TestServer[], parameters: Record<string, string>, tries = TRIES) =>
    Promise.all(
      Array.from({ length: tries }, (_, index) => post(servers[index % servers.length] ?? server, parameters)),
    );

  /** A code by the consent that is remembered. */
  async function code(): Promise<{ flow: Flow; code: string }> {
    const flow = await beginFlow(app, 'posts:read');
    const at = await ada.authorize(flow.url);
    return { flow, code: at.searchParams.get('code') ?? '' };
  }

  const redemption = ({ flow, code: value }: { flow: Flow; code: string }): Record<string, string> => ({
    grant_type: 'authorization_code',
    code: value,
    redirect_uri: flow.url.searchParams.get('redirect_uri') ?? '',
    code_verifier: flow.verifier,
  });

  async function redeemAll(servers: readonly TestServer[], codes: number): Promise<number> {
    let given = 0;
    for (let round = 0; round < codes; round += 1) {
      const answers = await atOnce(servers, redemption(await code()));
      for (const { status, json } of answers) if (status !== 200) expect(json).to.include({ error: 'invalid_grant' });
      given += answers.filter(({ status }) => status === 200).length;
    }
    return given;
  }

  it('is redeemed at once by as many as come, also by more than there are connections', async () => {
    const codes = [];
    for (let index = 0; index < CODES; index += 1) codes.push(await code());
    const answers = await Promise.all(codes.map((one) => post(server, redemption(one))));
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200]));
  });

  const places = (): [string, readonly TestServer[]][] => [
    ['one server', [server]],
    ['two servers on one database', [server, twin]],
  ];
  for (const index of [0, 1]) {
    const place = ['one server', 'two servers on one database'][index];

    it(`is a code: ${CODES} codes tried ${TRIES} times in parallel at ${place} give ${CODES} sets of tokens`, async () => {
      expect(await redeemAll(places()[index]?.[1] ?? [], CODES)).to.equal(CODES);
    });

    it(`is a refresh token: ${TRIES} refreshes in parallel at ${place} give one lineage, all with the same answer`, async () => {
      const servers = places()[index]?.[1] ?? [];
      for (let round = 0; round < 5; round += 1) {
        const first = await post(server, redemption(await code()));
        const refresh = { grant_type: 'refresh_token', refresh_token: first.json.refresh_token ?? '' };
        const answers = await atOnce(servers, refresh);
        expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200]));
        expect(new Set(answers.map(({ body }) => body)).size).to.equal(1);
        const { rows } = await pool.query(
          `SELECT count(*)::int AS n FROM oauth_artifacts a WHERE model = 'RefreshToken' AND consumed_at IS NULL
              AND family = (SELECT family FROM oauth_artifacts WHERE id_hash = sha256($1::text::bytea))`,
          [answers[0]?.json.refresh_token],
        );
        expect(rows[0].n).to.equal(1);
        expect(await verdict(server, answers[0]?.json.access_token ?? '', 'posts:read')).to.equal(200);
      }
    });

    it(`is a pushed request: one of 20 tries at ${place} gets a code`, async () => {
      expect(await timesPushed(places()[index]?.[1] ?? [])).to.equal(1);
    });
  }

  /** Pushes one request and sends the same browser there 20 times at once; gives how many codes it brought. */
  async function timesPushed(servers: readonly TestServer[]): Promise<number> {
    const { url } = await beginFlow(app, 'posts:read');
    const pushed = await fetch(`${server.url}/oauth/par`, {
      method: 'POST',
      headers: { Authorization: basic(app) },
      body: url.searchParams,
    });
    const { request_uri } = (await pushed.json()) as { request_uri: string };
    const query = new URLSearchParams({ client_id: app.clientId, request_uri });
    const cookies = [...ada.browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const heads = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const head = `GET /oauth/authorize?${query} HTTP/1.1\r\nHost: ${new URL(server.issuer).host}\r\nCookie: ${cookies}\r\n`;
        return (await askRaw(servers[index % servers.length] ?? server, `${head}Connection: close\r\n\r\n`, 20_000))
          .head;
      }),
    );
    for (const head of heads) expect(head).to.match(/^HTTP\/1\.1 (?:303|400) /);
    return heads.filter((head) => /\r\nlocation: [^\r]*[?&]code=/i.test(head)).length;
  }

  it('leaves nothing alive of a family that ends while it is being refreshed, and locks nobody', async () => {
    for (let round = 0; round < 20; round += 1) {
      const first = await post(server, redemption(await code()));
      const refresh = (token: string | undefined): Record<string, string> => ({
        grant_type: 'refresh_token',
        refresh_token: token ?? '',
      });
      const second = await post(server, refresh(first.json.refresh_token));
      const third = await post(server, refresh(second.json.refresh_token));
      const { rows: before } = await pool.query(
        'SELECT DISTINCT family FROM oauth_artifacts WHERE id_hash = sha256($1::text::bytea)',
        [third.json.refresh_token],
      );
      const family: unknown = before[0]?.family;
      expect(family).to.be.a('string');
      // The oldest is no immediate predecessor any more: its reuse ends the family, while the newest is used.
      const [reused, rotated] = await Promise.all([
        post(twin, refresh(first.json.refresh_token)),
        post(server, refresh(third.json.refresh_token)),
      ]);
      expect(reused.json).to.include({ error: 'invalid_grant' });
      expect(rotated.status, rotated.body).to.be.oneOf([200, 400]);
      const { rows } = await pool.query('SELECT model FROM oauth_artifacts WHERE family = $1', [family]);
      expect(rows).to.deep.equal([]);
      for (const token of [third.json.access_token, rotated.json.access_token ?? third.json.access_token]) {
        expect(await verdict(server, token ?? '', 'posts:read')).to.equal(401);
      }
    }
  });

  describe('where a trigger forgets what was used (the guard removed)', () => {
    before(async () => {
      // As if it were read first and written then: the mark is not there when the next one looks, and nobody waits.
      await pool.query(`
        CREATE FUNCTION forget_use() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF NEW.consumed_at IS NOT NULL AND OLD.consumed_at IS NULL THEN NEW.consumed_at := NULL; END IF;
          RETURN NEW;
        END $$`);
      await pool.query(
        'CREATE TRIGGER forget_use BEFORE UPDATE ON oauth_artifacts FOR EACH ROW EXECUTE FUNCTION forget_use()',
      );
    });
    after(() => pool.query('DROP FUNCTION forget_use() CASCADE'));

    it('gives many sets of tokens for one code', async () => {
      expect(await redeemAll([server, twin], 2)).to.be.above(2);
    });

    it('gives many lineages for one refresh token', async () => {
      const first = await post(server, redemption(await code()));
      const refresh = { grant_type: 'refresh_token', refresh_token: first.json.refresh_token ?? '' };
      const answers = await atOnce([server, twin], refresh);
      expect(new Set(answers.map(({ json }) => json.refresh_token)).size).to.be.above(1);
    });

    it('gives many codes for one pushed request', async () => {
      expect(await timesPushed([server, twin])).to.be.above(1);
    });
  });

  describe('when the database fails in the middle', () => {
    async function withTrigger(event: string, condition: string, work: () => Promise<void>): Promise<void> {
      await pool.query(`
        CREATE FUNCTION fail_here() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION USING ERRCODE = '57P01', MESSAGE = 'as if the server went away'; END $$`);
      await pool.query(
        `CREATE TRIGGER fail_here BEFORE ${event} ON oauth_artifacts FOR EACH ROW WHEN (${condition}) EXECUTE FUNCTION fail_here()`,
      );
      try {
        await work();
      } finally {
        await pool.query('DROP FUNCTION fail_here() CASCADE');
      }
    }

    const counts = async (): Promise<unknown> =>
      (
        await pool.query(
          'SELECT model, count(*)::int AS n, count(consumed_at)::int AS used FROM oauth_artifacts GROUP BY model ORDER BY 1',
        )
      ).rows;

    it('leaves a code good and nothing half done', async () => {
      const good = redemption(await code());
      const before = await counts();
      await withTrigger('INSERT', "NEW.model = 'RefreshToken'", async () => {
        expect((await post(server, good)).status).to.be.oneOf([500, 503]);
      });
      expect(await counts()).to.deep.equal(before);
      expect((await post(server, good)).status).to.equal(200);
    });

    it('leaves a refresh token good and nothing half done', async () => {
      const first = await post(server, redemption(await code()));
      const refresh = { grant_type: 'refresh_token', refresh_token: first.json.refresh_token ?? '' };
      const before = await counts();
      await withTrigger('INSERT', "NEW.model = 'AccessToken'", async () => {
        expect((await post(server, refresh)).status).to.be.oneOf([500, 503]);
      });
      expect(await counts()).to.deep.equal(before);
      expect((await post(server, refresh)).status).to.equal(200);
    });

    it('answers a revocation with 503, keeps what was to end, and ends it when it is asked again', async () => {
      const { json } = await post(server, redemption(await code()));
      const revoke = (token: string): Promise<Response> =>
        fetch(`${server.url}/oauth/revoke`, {
          method: 'POST',
          headers: { Authorization: basic(app) },
          body: new URLSearchParams({ token }),
        });
      for (const token of [json.access_token ?? '', json.refresh_token ?? '']) {
        await withTrigger('DELETE', "OLD.model IN ('AccessToken', 'RefreshToken')", async () => {
          const answer = await revoke(token);
          expect(answer.status, await answer.text()).to.equal(503);
          expect(answer.headers.get('Retry-After')).to.match(/^\d+$/);
        });
        expect((await revoke(token)).status).to.equal(200);
      }
      expect(await verdict(server, json.access_token ?? '', 'posts:read')).to.equal(401);
      const refresh = { grant_type: 'refresh_token', refresh_token: json.refresh_token ?? '' };
      expect((await post(server, refresh)).json).to.include({ error: 'invalid_grant' });
    });
  });
});
