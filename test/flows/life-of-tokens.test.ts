import { expect } from 'chai';
import type pg from 'pg';
import {
  type AppUnderTest,
  askTokenAs,
  letIn,
  newPerson,
  refresh,
  registerApp,
  type Tokens,
  verdict,
} from '../support/app-under-test.ts';
import { type Answer, ask, ownerToken } from '../support/ask.ts';
import type { Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const INACTIVE = '{"active":false}';

describe('the life of tokens', () => {
  let server: TestServer;
  let owner: string;
  let app: AppUnderTest;
  let other: AppUnderTest;
  let ada: Person & { readonly id: number };
  let tokens: Tokens;
  let pool: pg.Pool;

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
    pool = server.composed.installation.database.pool;
    app = await registerApp(server, owner);
    other = await registerApp(server, owner);
    ada = await newPerson(server, owner);
  });
  after(() => server.stop());
  beforeEach(async () => {
    tokens = await letIn(app, ada, 'openid email posts:read posts:write');
  });

  const introspect = (token: string | undefined, as: AppUnderTest = app): Promise<Answer> =>
    askTokenAs(server, as, { token }, '/oauth/introspect');
  const revoke = (token: string | undefined, as: AppUnderTest = app): Promise<Answer> =>
    askTokenAs(server, as, { token }, '/oauth/revoke');
  const isGood = async (token: string): Promise<boolean> => (await verdict(server, token, 'posts:read')) === 200;
  const agoSeconds = (seconds: number): Promise<unknown> =>
    pool.query(
      'UPDATE oauth_artifacts SET consumed_at = now() - make_interval(secs => $1) WHERE consumed_at IS NOT NULL',
      [seconds],
    );

  describe('by introspection', () => {
    it('is told to the client whose tokens they are, and to no other client, to the byte', async () => {
      for (const token of [tokens.access_token, tokens.refresh_token]) {
        const own = await introspect(token);
        expect(own.json).to.include({ active: true, client_id: app.clientId, sub: String(ada.id) });
        expect(own.headers.get('Cache-Control')).to.include('no-store');
        for (const foreign of [
          await introspect(token, other),
          await introspect('ort_nothing'),
          await introspect('x'),
        ]) {
          expect(foreign.status).to.equal(200);
          expect(foreign.text).to.equal(INACTIVE);
        }
      }
    });

    it('is told to a resource server, refresh tokens excepted (I5)', async () => {
      const api = await registerApp(server, owner, {
        grant_types: ['client_credentials'],
        redirect_uris: [],
        post_logout_redirect_uris: [],
        resource_server: true,
      });
      expect((await introspect(tokens.access_token, api)).json).to.include({
        active: true,
        scope: 'posts:read posts:write',
        credential_type: 'oauth_access_token',
        sub_type: 'user',
        workspace_id: 1,
      });
      expect((await introspect(tokens.refresh_token, api)).text).to.equal(INACTIVE);
    });

    it('is told to nobody who does not say who they are', async () => {
      const answer = await ask(server, '/oauth/introspect', {
        method: 'POST',
        body: new URLSearchParams({ token: tokens.access_token }),
      });
      expect(answer.status).to.equal(401);
      const named = { clientId: app.clientId, clientSecret: 'wrong' };
      expect((await askTokenAs(server, named, { token: tokens.access_token }, '/oauth/introspect')).status).to.equal(
        401,
      );
    });

    it('is over for a person who is disabled', async () => {
      const bob = await newPerson(server, owner);
      const theirs = await letIn(app, bob, 'posts:read');
      await pool.query('UPDATE users SET disabled_at = now() WHERE id = $1', [bob.id]);
      expect((await introspect(theirs.access_token)).text).to.equal(INACTIVE);
      expect((await introspect(theirs.refresh_token)).text).to.equal(INACTIVE);
    });
  });

  describe('by revocation', () => {
    it('ends one access token, and leaves its refresh token', async () => {
      expect((await revoke(tokens.access_token)).status).to.equal(200);
      expect(await isGood(tokens.access_token)).to.equal(false);
      expect((await refresh(server, app, tokens.refresh_token)).status).to.equal(200);
    });

    it('ends with a refresh token the access tokens that came by it, and not what the person agreed to', async () => {
      const more = (await refresh(server, app, tokens.refresh_token)).json as Tokens;
      expect((await revoke(more.refresh_token)).status).to.equal(200);
      expect(await isGood(tokens.access_token)).to.equal(false);
      expect(await isGood(more.access_token)).to.equal(false);
      expect((await refresh(server, app, more.refresh_token)).json).to.include({ error: 'invalid_grant' });
      const pages: string[] = [];
      await letIn(app, ada, 'openid posts:read', {}, { onPage: ({ path }) => pages.push(path) });
      expect(pages).to.deep.equal([]);
    });

    it('says the same of another client’s token, of an unknown one and of one that is ended, and ends nothing', async () => {
      const answers = [
        await revoke(tokens.refresh_token, other),
        await revoke(tokens.access_token, other),
        await revoke('ort_nothing', other),
        await revoke('nonsense', other),
      ];
      for (const { status, text } of answers) expect({ status, text }).to.deep.equal({ status: 200, text: '' });
      expect(await isGood(tokens.access_token)).to.equal(true);
      expect((await refresh(server, app, tokens.refresh_token)).status).to.equal(200);
      expect((await revoke(tokens.access_token)).status).to.equal(200);
      expect((await revoke(tokens.access_token)).status).to.equal(200);
    });

    it('finds a token whatever the hint says (R4, R5)', async () => {
      for (const token_type_hint of ['refresh_token', 'nonsense']) {
        const { access_token: token } = await letIn(app, ada, 'posts:read');
        await askTokenAs(server, app, { token, token_type_hint }, '/oauth/revoke');
        expect(await isGood(token), token_type_hint).to.equal(false);
      }
    });
  });

  describe('by refreshing', () => {
    it('gives for ten seconds the same answer again, and then takes the repeat for theft', async () => {
      const one = await refresh(server, app, tokens.refresh_token);
      expect((await refresh(server, app, tokens.refresh_token)).text).to.equal(one.text);
      await agoSeconds(9);
      expect((await refresh(server, app, tokens.refresh_token)).text).to.equal(one.text);
      await agoSeconds(11);
      expect((await refresh(server, app, tokens.refresh_token)).json).to.include({ error: 'invalid_grant' });
      const { access_token: token, refresh_token: successor } = one.json as Tokens;
      expect(await isGood(token)).to.equal(false);
      expect((await refresh(server, app, successor)).json).to.include({ error: 'invalid_grant' });
    });

    it('takes an older one than the immediate predecessor for theft at once', async () => {
      const one = (await refresh(server, app, tokens.refresh_token)).json as Tokens;
      const two = (await refresh(server, app, one.refresh_token)).json as Tokens;
      expect((await refresh(server, app, tokens.refresh_token)).json).to.include({ error: 'invalid_grant' });
      expect(await isGood(two.access_token)).to.equal(false);
    });

    it('gives another client nothing, and does it no harm', async () => {
      expect((await refresh(server, other, tokens.refresh_token)).json).to.include({ error: 'invalid_grant' });
      const one = await refresh(server, app, tokens.refresh_token);
      expect((await refresh(server, other, tokens.refresh_token)).json).to.include({ error: 'invalid_grant' });
      expect(await isGood((one.json as Tokens).access_token)).to.equal(true);
    });

    it('gives fewer scopes for one time, and never more', async () => {
      const one = (await refresh(server, app, tokens.refresh_token, { scope: 'posts:read' })).json as Tokens;
      expect(one.scope).to.equal('posts:read');
      expect(await verdict(server, one.access_token, 'posts:write')).to.equal(403);
      const more = await refresh(server, app, one.refresh_token, { scope: 'posts:read posts:delete' });
      expect(more.json).to.include({ error: 'invalid_scope' });
      const two = (await refresh(server, app, one.refresh_token)).json as Tokens;
      expect(two.scope).to.equal('posts:read posts:write');
    });

    it('ends with the family’s time: 30 days without use, 180 in all', async () => {
      const { rows } = await pool.query(
        `SELECT extract(epoch FROM expires_at - created_at)::int AS lifetime FROM oauth_artifacts
          WHERE model = 'RefreshToken' AND consumed_at IS NULL ORDER BY id DESC LIMIT 1`,
      );
      expect(rows[0].lifetime).to.be.closeTo(30 * 86_400, 5);
      await pool.query(
        `UPDATE oauth_artifacts SET payload = jsonb_set(payload, '{iiat}', to_jsonb(extract(epoch FROM now())::int - 179 * 86400))
          WHERE model = 'RefreshToken'`,
      );
      expect((await refresh(server, app, tokens.refresh_token)).status).to.equal(200);
      const { rows: last } = await pool.query(
        `SELECT extract(epoch FROM expires_at - created_at)::int AS lifetime FROM oauth_artifacts
          WHERE model = 'RefreshToken' ORDER BY id DESC LIMIT 1`,
      );
      expect(last[0].lifetime).to.be.closeTo(86_400, 5);
    });
  });

  describe('at userinfo', () => {
    const userinfo = (token: string): Promise<Answer> =>
      ask(server, '/oauth/userinfo', { headers: { Authorization: `Bearer ${token}` } });

    it('opens what was asked for with openid, beside scopes of the API, and after a refresh', async () => {
      const expected = { sub: String(ada.id), email: ada.email, email_verified: false };
      expect((await userinfo(tokens.access_token)).json).to.deep.equal(expected);
      const refreshed = (await refresh(server, app, tokens.refresh_token)).json as Tokens;
      expect((await userinfo(refreshed.access_token)).json).to.deep.equal(expected);
    });

    it('opens nothing for a request without openid, though the person agreed to openid before', async () => {
      const bare = await letIn(app, ada, 'posts:read');
      expect(bare.id_token).to.equal(undefined);
      const answer = await userinfo(bare.access_token);
      expect(answer.status).to.equal(403);
      expect(answer.headers.get('WWW-Authenticate')).to.include('insufficient_scope');
    });

    it('shows what this request asked for, and no more', async () => {
      const fewer = await letIn(app, ada, 'openid posts:read');
      expect((await userinfo(fewer.access_token)).json).to.deep.equal({ sub: String(ada.id) });
    });

    it('opens for openid alone, which opens nothing else', async () => {
      const alone = await letIn(app, ada, 'openid');
      expect((await userinfo(alone.access_token)).json).to.deep.equal({ sub: String(ada.id) });
      expect(await isGood(alone.access_token)).to.equal(false);
    });
  });
});
