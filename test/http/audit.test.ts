import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import pg from 'pg';
import { auditActionNames, auditActions } from '../../src/audit/audit-event.ts';
import { type FormBrowser, formBrowser, tokenOf } from '../pages/support/form-browser.ts';
import { type Answer, ask, askJson, askToken, ownerToken, registerMachine } from '../support/ask.ts';
import { pageProgram } from '../support/page-program.ts';
import { person } from '../support/person.ts';
import { clientToken, commandLineToken, startServer, type TestServer } from '../support/start-server.ts';

interface Event {
  readonly id: number;
  readonly action: string;
  readonly outcome: string;
  readonly actor: { readonly type: string; readonly id: unknown };
  readonly credential: { readonly type: string; readonly id: unknown } | null;
  readonly workspace_id: number | null;
  readonly target: { readonly type: string; readonly id: unknown };
  readonly address: string | null;
  readonly request_id: string | null;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
}
interface Page {
  readonly data: readonly Event[];
  readonly next: string | null;
}

const PASSWORD = 'a slow and patient otter';
const NEXT_PASSWORD = 'another slow and patient otter';
const CALLBACK = 'http://localhost:9/callback';

describe('the audit trail over HTTP', () => {
  let server: TestServer;
  let database: pg.Client;
  let owner: string;
  let ownerClient: string;
  /** Every secret that anybody was shown or has typed in this file. */
  const secrets: string[] = [PASSWORD, NEXT_PASSWORD];
  const seen = new Set<string>();

  before(async () => {
    server = await startServer();
    database = new pg.Client({ connectionString: server.databaseUrl });
    await database.connect();
    owner = await ownerToken(server);
    secrets.push(owner, await commandLineToken(server));
    ownerClient = member<{ client_id: string }>(await call('GET', '/api/me'), 'client').client_id;
  });
  after(async () => {
    await database.end();
    await server.stop();
  });

  const call = async (method: string, path: string, body?: unknown, token = owner): Promise<Answer> => {
    const answer = await askJson(server, method, path, token, body);
    for (const name of ['client_secret', 'key', 'token', 'link']) {
      const value = (answer.json as Record<string, unknown> | null)?.[name];
      if (typeof value === 'string') secrets.push(value.split('/').at(-1) ?? value);
    }
    return answer;
  };
  const audit = async (query = ''): Promise<Page> => {
    const answer = await call('GET', `/api/audit${query}`);
    expect(answer.status, answer.text).to.equal(200);
    return answer.json as Page;
  };
  const member = <Value>(answer: Answer, name: string): Value => (answer.json as Record<string, Value>)[name] as Value;

  /** Does something and gives what it left in the trail, the oldest first. */
  async function eventsOf(work: () => Promise<unknown>): Promise<readonly Event[]> {
    const last = (await audit('?limit=1')).data[0]?.id ?? 0;
    await work();
    const events = (await audit('?limit=200')).data.filter(({ id }) => id > last).toReversed();
    for (const { action } of events) seen.add(action);
    return events;
  }

  /** Expects one event, by a call of the owner unless said otherwise. */
  async function eventOf(action: string, work: () => Promise<Answer>, status = 0): Promise<Event> {
    let answer: Answer | undefined;
    const events = await eventsOf(async () => {
      answer = await work();
      if (status > 0) expect(answer.status, answer.text).to.equal(status);
      else expect(answer.status, answer.text).to.be.below(300);
    });
    expect(
      events.map((event) => event.action),
      action,
    ).to.deep.equal([action]);
    const [event] = events;
    if (event === undefined) throw new Error('no event');
    expect(event.actor, action).to.deep.equal({ type: 'client', id: ownerClient });
    expect(event.credential?.type, action).to.equal('oauth_client_token');
    expect(event.address, action).to.match(/^(127\.0\.0\.1|::1)$/);
    expect(event.request_id, action).to.equal(answer?.headers.get('X-Request-Id'));
    expect(event.target.type).to.equal(auditActions[action as keyof typeof auditActions].target);
    return event;
  }

  let people = 0;
  async function somebody(role = 'owner'): Promise<{ id: number; email: string }> {
    people += 1;
    const email = `somebody${people}@example.com`;
    const body = { email, name: 'Some Body', password: PASSWORD, role };
    return { id: member(await call('POST', '/api/users', body), 'id'), email };
  }
  async function signIn(email: string, browser = formBrowser(server.url), password = PASSWORD): Promise<FormBrowser> {
    const csrf = tokenOf(await browser.get('/forgot-password'), '/forgot-password');
    await browser.post('/login', new URLSearchParams({ _csrf: csrf, email, password }).toString());
    for (const value of browser.cookies.values()) secrets.push(value);
    return browser;
  }
  const what = (events: readonly Event[]): unknown[] => events.map(({ action, outcome }) => `${action} ${outcome}`);

  describe('about clients', () => {
    const settings = { client_name: 'Machine', grant_types: ['client_credentials'], scope: 'posts:read' };

    it('knows who registered, changed and deleted one, with its secrets', async () => {
      let clientId = '';
      const created = await eventOf('client.created', async () => {
        const answer = await call('POST', '/api/clients', settings);
        clientId = member(answer, 'client_id');
        return answer;
      });
      expect([created.target.id, created.workspace_id, created.before]).to.deep.equal([clientId, 1, null]);
      expect(created.after).to.include({ client_name: 'Machine', token_endpoint_auth_method: 'client_secret_basic' });

      const path = `/api/clients/${clientId}`;
      const changed = await eventOf('client.changed', () => call('PATCH', path, { client_name: 'Engine' }));
      expect([changed.before, changed.after]).to.deep.equal([{ client_name: 'Machine' }, { client_name: 'Engine' }]);

      let secretId = 0;
      const added = await eventOf('client_secret.created', async () => {
        const answer = await call('POST', `${path}/secrets`, {});
        secretId = member(answer, 'id');
        return answer;
      });
      expect([added.target.id, added.after]).to.deep.equal([secretId, { client_id: clientId, expires_at: null }]);
      const ended = await eventOf('client_secret.deleted', () => call('DELETE', `${path}/secrets/${secretId}`));
      expect([ended.target.id, ended.before]).to.deep.equal([secretId, { client_id: clientId }]);

      const deleted = await eventOf('client.deleted', () => call('DELETE', path));
      expect(deleted.before).to.include({ client_name: 'Engine' });
      expect(deleted.after).to.equal(null);
    });

    it('keeps no event of what was refused, and no change without an event', async () => {
      const refused = await eventsOf(async () => {
        expect((await call('POST', '/api/clients', { ...settings, scope: 'no:such' })).status).to.equal(422);
        expect((await call('DELETE', '/api/clients/none')).status).to.equal(404);
      });
      expect(refused).to.deep.equal([]);
      await database.query(
        "ALTER TABLE audit_events ADD CONSTRAINT broken CHECK (action <> 'client.created') NOT VALID",
      );
      try {
        const body = { ...settings, client_name: 'Unaudited' };
        expect((await call('POST', '/api/clients', body)).status).to.equal(500);
        const { rows } = await database.query("SELECT 1 FROM oauth_clients WHERE client_name = 'Unaudited'");
        expect(rows).to.deep.equal([]);
      } finally {
        await database.query('ALTER TABLE audit_events DROP CONSTRAINT broken');
      }
    });
  });

  it('knows what was done to users', async () => {
    let id = 0;
    const invited = await eventsOf(async () => {
      const answer = await call('POST', '/api/users', { email: 'iris@example.com', name: 'Iris' });
      id = member(answer, 'id');
    });
    expect(invited.map(({ action, target }) => [action, target.id])).to.deep.equal([
      ['user.created', id],
      ['member.added', id],
    ]);
    expect(invited[0]?.after).to.deep.equal({
      email: 'iris@example.com',
      name: 'Iris',
      must_change_password: false,
      has_password: false,
    });
    expect([invited[1]?.workspace_id, invited[1]?.after]).to.deep.equal([1, { role: 'member' }]);
    const path = `/api/users/${id}`;
    const changed = await eventOf('user.changed', () => call('PATCH', path, { name: 'Iris B.' }));
    expect([changed.before, changed.after]).to.deep.equal([{ name: 'Iris' }, { name: 'Iris B.' }]);
    expect(await eventsOf(() => call('PATCH', path, { name: 'Iris B.' }))).to.deep.equal([]);
    await eventOf('user.invited', () => call('POST', `${path}/invite`));
    await eventOf('sessions.ended_all', () => call('DELETE', `${path}/sessions`));
    expect((await eventOf('user.disabled', () => call('POST', `${path}/disable`))).target.id).to.equal(id);
    expect(await eventsOf(() => call('POST', `${path}/disable`))).to.deep.equal([]);
    await eventOf('user.enabled', () => call('POST', `${path}/enable`));
  });

  it('knows what was done to workspaces and their members', async () => {
    let id = 0;
    const created = await eventOf('workspace.created', async () => {
      const answer = await call('POST', '/api/workspaces', { name: 'Blog' });
      id = member(answer, 'id');
      return answer;
    });
    expect([created.target.id, created.workspace_id]).to.deep.equal([id, id]);
    const path = `/api/workspaces/${id}`;
    const changed = await eventOf('workspace.changed', () => call('PATCH', path, { rate_limit_tier: 'pro' }));
    expect([changed.before, changed.after]).to.deep.equal([{ rate_limit_tier: 'free' }, { rate_limit_tier: 'pro' }]);
    const user = await somebody('member');
    const added = await eventOf('member.added', () => call('POST', `${path}/members`, { user_id: user.id }));
    expect([added.target.id, added.workspace_id, added.after]).to.deep.equal([user.id, id, { role: 'member' }]);
    const moved = await eventOf('member.changed', () => call('PATCH', `${path}/members/${user.id}`, { role: 'admin' }));
    expect([moved.before, moved.after]).to.deep.equal([{ role: 'member' }, { role: 'admin' }]);
    const gone = await eventOf('member.removed', () => call('DELETE', `${path}/members/${user.id}`));
    expect(gone.before).to.deep.equal({ role: 'admin' });
    await eventOf('workspace.suspended', () => call('POST', `${path}/suspend`));
    expect(await eventsOf(() => call('POST', `${path}/suspend`))).to.deep.equal([]);
    await eventOf('workspace.resumed', () => call('POST', `${path}/resume`));
  });

  it('knows when signing keys were replaced', async () => {
    const rotated = await eventOf('signing_key.rotated', () => call('POST', '/api/signing-keys/rotate', {}));
    expect(rotated.after).to.deep.equal({ alg: 'ES256', signs_in_seconds: 300 });
    await eventOf('signing_key.withdrawn', () => call('POST', '/api/signing-keys/rotate', { withdraw: true }));
  });

  describe('about people who come and go', () => {
    it('knows who signed in, signed in again and signed out', async () => {
      const { id, email } = await somebody();
      const browser = formBrowser(server.url);
      const began = await eventsOf(() => signIn(email, browser));
      expect(what(began)).to.deep.equal(['session.started done']);
      expect(began[0]).to.deep.include({ actor: { type: 'user', id }, workspace_id: 1 });
      expect(began[0]?.credential).to.deep.equal(began[0]?.target);
      const renewed = await eventsOf(() => signIn(email, browser));
      expect(what(renewed)).to.deep.equal(['session.renewed done']);
      expect(renewed[0]?.target).to.deep.equal(began[0]?.target);
      const ended = await eventsOf(() => browser.submit('/', '/logout', {}));
      expect(what(ended)).to.deep.equal(['session.ended done']);
      expect(ended[0]).to.deep.include({ actor: { type: 'user', id }, target: began[0]?.target });
    });

    it('knows when somebody signed out their other browsers, and not when there was none', async () => {
      const { id, email } = await somebody();
      const [here, there] = [pageProgram(server), pageProgram(server)];
      for (const page of [here, there]) await page.signIn({ email, password: PASSWORD });
      const others = await eventsOf(() => here.send('DELETE', '/api/sessions'));
      expect(what(others)).to.deep.equal(['sessions.ended_others done']);
      expect(others[0]).to.deep.include({
        actor: { type: 'user', id },
        target: { type: 'user', id },
        after: { count: 1 },
      });
      expect(await eventsOf(() => here.send('DELETE', '/api/sessions'))).to.deep.equal([]);
    });

    it('knows when somebody else took over a browser', async () => {
      const [first, second] = [await somebody(), await somebody()];
      const browser = await signIn(first.email);
      const events = await eventsOf(() => signIn(second.email, browser));
      expect(what(events)).to.deep.equal(['session.ended done', 'session.started done']);
    });

    it('knows of failed sign-ins whose they were, and never what was typed for nobody', async () => {
      const { id, email } = await somebody();
      const typed = 'my-password-typed-here@example.com';
      secrets.push(typed, 'a wrong and noisy otter');
      const events = await eventsOf(async () => {
        await signIn(email, formBrowser(server.url), 'a wrong and noisy otter');
        await signIn(typed);
        await signIn('no address at all{"event":"x"}');
      });
      expect(what(events)).to.deep.equal(Array.from({ length: 3 }, () => 'sign_in.refused refused'));
      expect(events.map(({ target }) => target.id)).to.deep.equal([id, null, null]);
      for (const event of events) {
        expect(event).to.deep.include({ actor: { type: 'anonymous', id: null }, credential: null, workspace_id: null });
        expect(event.after).to.deep.equal({ reason: 'wrong' });
      }
    });

    it('writes one event a minute for an account under a flood', async () => {
      const { id, email } = await somebody();
      const events = await eventsOf(async () => {
        for (let index = 0; index < 16; index += 1) await signIn(email, formBrowser(server.url), 'wrong');
      });
      const reasons = events.map(({ after }) => after?.reason);
      expect(reasons).to.deep.equal([...Array.from({ length: 10 }, () => 'wrong'), 'throttled']);
      expect(new Set(events.map(({ target }) => target.id))).to.deep.equal(new Set([id]));
    });

    it('knows of changed passwords, of tries to, and of links that were used', async () => {
      const { id, email } = await somebody();
      const browser = await signIn(email);
      const change = (current: string) => {
        const fields = { current_password: current, password: NEXT_PASSWORD, password_again: NEXT_PASSWORD };
        return browser.submit('/change-password', '/change-password', fields);
      };
      const refused = await eventsOf(() => change('not this one'));
      expect(what(refused)).to.deep.equal(['password.changed refused']);
      const changed = await eventsOf(() => change(PASSWORD));
      expect(what(changed)).to.deep.equal(['password.changed done', 'session.renewed done']);
      expect(changed[0]).to.deep.include({ actor: { type: 'user', id }, before: null, after: null });
      expect(changed[0]?.target.id).to.equal(id);
      expect(changed[0]?.credential?.type).to.equal('session');

      const link = new URL(member<string>(await call('POST', `/api/users/${id}/invite`), 'link')).pathname;
      const stranger = formBrowser(server.url);
      const used = await eventsOf(() => stranger.submit(link, link, { password: PASSWORD, password_again: PASSWORD }));
      expect(what(used)).to.deep.equal(['password.set_by_link done']);
      expect(used[0]).to.deep.include({ actor: { type: 'user', id }, credential: null });
    });
  });

  it('knows who was refused administration, once a minute for each route', async () => {
    const machine = await registerMachine(server, owner, 'posts:read');
    secrets.push(machine.clientSecret);
    const token = await clientToken(server, machine, 'posts:read');
    secrets.push(token);
    const events = await eventsOf(async () => {
      for (let index = 0; index < 3; index += 1) {
        expect((await call('GET', '/api/clients/some-secret-value', undefined, token)).status).to.equal(403);
        expect((await call('GET', '/api/users', undefined, token)).status).to.equal(403);
      }
      expect((await ask(server, '/api/clients')).status).to.equal(401);
    });
    expect(what(events)).to.deep.equal(Array.from({ length: 2 }, () => 'administration.refused refused'));
    expect(events.map(({ target, after }) => [target.id, after])).to.deep.equal([
      ['GET /api/clients/:client_id', { required_scope: 'admin:clients' }],
      ['GET /api/users', { required_scope: 'admin:users' }],
    ]);
    expect(events[0]?.actor).to.deep.equal({ type: 'client', id: machine.clientId });
  });

  it('knows of requests that another site may have sent', async () => {
    const foreign = formBrowser(server.url, 'https://evil.example');
    const events = await eventsOf(async () => {
      expect((await foreign.post('/login', 'email=a&password=b')).status).to.equal(403);
      expect((await foreign.post('/login', 'email=a&password=b')).status).to.equal(403);
    });
    expect(what(events)).to.deep.equal(['csrf.refused refused']);
    expect(events[0]?.target).to.deep.equal({ type: 'route', id: 'POST /login' });
  });

  describe('about apps', () => {
    const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');

    it('knows what a person let an app do, changed it, and why it ended', async () => {
      const answer = await call('POST', '/api/clients', {
        client_name: 'Reader',
        redirect_uris: [CALLBACK],
        scope: 'posts:*',
      });
      const login = {
        clientId: member<string>(answer, 'client_id'),
        clientSecret: member<string>(answer, 'client_secret'),
      };
      const user = await somebody();
      const someone = person(server, { email: user.email, password: PASSWORD });
      const verifier = randomBytes(32).toString('base64url');
      const authorize = async (scope: string): Promise<string> => {
        const query = new URLSearchParams({
          client_id: login.clientId,
          redirect_uri: CALLBACK,
          response_type: 'code',
          scope,
          code_challenge: digest(verifier),
          code_challenge_method: 'S256',
        });
        const code = (await someone.authorize(`${server.url}/oauth/authorize?${query}`)).searchParams.get('code') ?? '';
        secrets.push(code, ...someone.browser.cookies.values());
        return code;
      };
      const given = await eventsOf(() => authorize('openid posts:read'));
      expect(what(given)).to.deep.equal(['session.started done', 'grant.given done']);
      const grant = given[1];
      expect(grant?.actor).to.deep.equal({ type: 'user', id: user.id });
      expect(grant?.credential).to.deep.equal(given[0]?.target);
      expect(grant?.workspace_id).to.equal(1);
      expect(grant?.after).to.deep.equal({ client_id: login.clientId, scopes: ['openid', 'posts:read'] });

      let code = '';
      const changed = await eventsOf(async () => {
        code = await authorize('openid posts:read posts:write');
      });
      expect(what(changed)).to.deep.equal(['grant.changed done']);
      expect(changed[0]?.target).to.deep.equal(grant?.target);
      expect([changed[0]?.before, changed[0]?.after]).to.deep.equal([
        { scopes: ['openid', 'posts:read'] },
        { scopes: ['openid', 'posts:read', 'posts:write'] },
      ]);

      const exchange = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: verifier };
      const tokens = (await askToken(server, login, exchange)).json as Record<string, string>;
      const { access_token: access = '', refresh_token: refresh = '' } = tokens;
      secrets.push(access, refresh);
      await expectFound(access, 'oauth_access_token', ['grant.changed', 'grant.given']);
      await expectFound(refresh, 'oauth_refresh_token', ['grant.changed', 'grant.given']);
      await expectFound(someone.cookie('latchkey_session') ?? '', 'session', [
        'grant.changed',
        'grant.given',
        'session.started',
      ]);

      const revoked = await eventsOf(async () => {
        expect((await askToken(server, login, exchange)).status).to.equal(400);
      });
      expect(what(revoked)).to.deep.equal(['grant.tokens_ended done']);
      expect(revoked[0]?.target).to.deep.equal(grant?.target);
      expect(revoked[0]?.workspace_id).to.equal(1);
      expect(revoked[0]?.actor).to.deep.equal({ type: 'client', id: login.clientId });
      const reason = 'a code or refresh token was presented again';
      expect(revoked[0]?.after).to.deep.equal({ client_id: login.clientId, reason });
      expect(await found(access)).to.include({ state: 'unknown', id: null });

      const disabled = await eventsOf(() => call('POST', `/api/users/${user.id}/disable`));
      expect(what(disabled)).to.deep.equal(['user.disabled done', 'grant.revoked done']);
      expect(disabled[1]?.target).to.deep.equal(grant?.target);
      expect(disabled[1]?.actor).to.deep.equal({ type: 'client', id: ownerClient });
      expect(disabled[1]?.before).to.deep.equal({ client_id: login.clientId, user_id: user.id });
      expect(disabled[1]?.after).to.deep.equal({ reason: 'user disabled' });
    });
  });

  describe('about keys and tokens', () => {
    it('knows who issued, changed, rotated and revoked a key', async () => {
      let issued: Answer | undefined;
      const created = await eventOf('key.issued', async () => {
        issued = await call('POST', '/api/keys', { name: 'Mobile', scopes: ['posts:read'], environment: 'test' });
        return issued;
      });
      const { id = 0, key = '' } = (issued?.json ?? {}) as { id?: number; key?: string };
      expect([created.target.id, created.workspace_id]).to.deep.equal([id, 1]);
      expect(created.after).to.deep.include({ name: 'Mobile', scopes: ['posts:read'], environment: 'test' });
      const changed = await eventOf('key.changed', () => call('PATCH', `/api/keys/${id}`, { name: 'Tablet' }));
      expect([changed.before, changed.after]).to.deep.equal([{ name: 'Mobile' }, { name: 'Tablet' }]);
      await expectFound(key, 'api_key', ['key.changed', 'key.issued']);
      let next: Answer | undefined;
      const rotated = await eventOf('key.rotated', async () => {
        next = await call('POST', `/api/keys/${id}/rotate`, {});
        return next;
      });
      const replacement = (next?.json ?? {}) as { id?: number; key?: string };
      expect([rotated.target.id, rotated.before, rotated.after?.id]).to.deep.equal([id, { id }, replacement.id]);
      await expectFound(replacement.key ?? '', 'api_key', ['key.rotated', 'key.changed', 'key.issued']);
      const revoked = await eventOf('key.revoked', () => call('DELETE', `/api/keys/${replacement.id}`));
      expect(revoked.target.id).to.equal(replacement.id);
      expect(await found(replacement.key ?? '')).to.include({ type: 'api_key', id: replacement.id, state: 'revoked' });
      const forged = `${key.slice(0, -8)}${key.at(-8) === 'a' ? 'b' : 'a'}${key.slice(-7)}`;
      expect(await found(forged)).to.include({ state: 'unknown' });
    });

    it('knows of the personal access tokens of everybody', async () => {
      const { id, email } = await somebody();
      const scopes = ['tokens:manage', 'posts:read'];
      let token = '';
      const login = { email, password: PASSWORD, token_name: 'phone', scopes };
      const first = await eventsOf(async () => {
        const answer = await askJson(server, 'POST', '/auth/login', '', login);
        token = member(answer, 'token');
        secrets.push(token.split('|')[1] ?? '');
      });
      expect(what(first)).to.deep.equal(['token.issued done']);
      expect(first[0]).to.deep.include({ actor: { type: 'user', id }, credential: null, workspace_id: 1 });
      expect(first[0]?.after).to.deep.include({ name: 'phone', scopes, user_id: id });
      const second = await call('POST', '/api/tokens', { name: 'laptop', scopes: ['posts:read'] }, token);
      const path = `/api/tokens/${member<number>(second, 'id')}`;
      const changed = await eventsOf(() => call('PATCH', path, { name: 'desk' }, token));
      expect(what(changed)).to.deep.equal(['token.changed done']);
      expect([changed[0]?.before, changed[0]?.after]).to.deep.equal([{ name: 'laptop' }, { name: 'desk' }]);
      const ended = await eventsOf(() => call('DELETE', path, undefined, token));
      expect(what(ended)).to.deep.equal(['token.revoked done']);
      expect(ended[0]?.credential).to.deep.equal({ type: 'personal_access_token', id: Number(token.split('|')[0]) });
      await expectFound(token, 'personal_access_token', [
        'token.revoked',
        'token.changed',
        'token.issued',
        'token.issued',
      ]);
      const all = await eventsOf(() => call('DELETE', '/api/tokens', { password: PASSWORD }, token));
      expect(what(all)).to.deep.equal(['tokens.revoked_all done']);
      expect(all[0]?.target).to.deep.equal({ type: 'user', id });
      expect(await found(token)).to.include({ type: 'personal_access_token', state: 'revoked' });
    });
  });

  const search = (body: unknown): Promise<Answer> => askJson(server, 'POST', '/api/audit/search', owner, body);
  async function found(credential: string): Promise<Record<string, unknown>> {
    const answer = await search({ credential });
    expect(answer.status, answer.text).to.equal(200);
    if (credential.length > 20) expect(answer.text).to.not.include(credential);
    return member(answer, 'credential');
  }
  /** Expects a good credential of a type, with the events about it and by it, the newest first. */
  async function expectFound(credential: string, type: string, actions: readonly string[]): Promise<void> {
    const answer = await search({ credential });
    expect(member(answer, 'credential'), type).to.include({ type, state: 'active' });
    expect(
      member<Event[]>(answer, 'data').map(({ action }) => action),
      type,
    ).to.deep.equal(actions);
  }

  describe('when it is read', () => {
    it('finds client secrets and client tokens by pasting them, and says unknown to everything else', async () => {
      const machine = await registerMachine(server, owner, 'posts:read');
      const token = await clientToken(server, machine, 'posts:read');
      secrets.push(machine.clientSecret, token);
      await expectFound(machine.clientSecret, 'client_secret', ['client.created']);
      await expectFound(token, 'oauth_client_token', ['client.created']);
      await server.composed.flushUsage();
      const secret = await found(machine.clientSecret);
      expect(secret).to.deep.include({ subject: { type: 'client', id: machine.clientId }, scopes: null });
      expect(Date.now() - Date.parse(String(secret.last_used_at)), 'by the token above').to.be.within(-1000, 60_000);
      expect(await found(token)).to.deep.include({
        scopes: ['posts:read'],
        last_used_at: null,
        last_used_address: null,
      });
      for (const credential of [
        'x',
        `ocs_${'a'.repeat(43)}`,
        `ort_${'a'.repeat(43)}`,
        'a'.repeat(43),
        'eyJh.e30.x',
        ' ',
        '\0',
      ]) {
        expect(await found(credential), credential).to.include({ state: 'unknown', type: null });
      }
      expect((await search({})).status).to.equal(422);
      expect((await search({ credential: 'x', other: 1 })).status).to.equal(422);
    });

    it('tells what the first start did by itself', async () => {
      const { data } = await audit('?limit=200&actor_type=system');
      const actions = new Set(data.map(({ action }) => action));
      expect([...actions]).to.include.members(['workspace.created', 'user.created', 'member.added', 'token.issued']);
      for (const event of data) {
        expect(event).to.deep.include({ credential: null, address: null, request_id: null });
        expect(event.actor.id).to.equal(null);
      }
    });

    it('goes through all pages once, the newest first', async () => {
      const all = (await audit('?limit=200')).data.map(({ id }) => id);
      expect(all).to.deep.equal(all.toSorted((one, other) => other - one));
      const paged: number[] = [];
      let cursor: string | null = '';
      while (cursor !== null && paged.length < all.length) {
        const page: Page = await audit(`?limit=7${cursor === '' ? '' : `&cursor=${cursor}`}`);
        paged.push(...page.data.map(({ id }) => id));
        cursor = page.next;
      }
      expect(paged.slice(0, all.length)).to.deep.equal(all);
    });

    it('filters by everything an event says', async () => {
      const { data } = await audit('?limit=200');
      const filters: readonly (readonly [string, (event: Event) => unknown])[] = [
        ['actor_type', ({ actor }) => actor.type],
        ['actor_id', ({ actor }) => actor.id],
        ['action', ({ action }) => action],
        ['outcome', ({ outcome }) => outcome],
        ['target_type', ({ target }) => target.type],
        ['target_id', ({ target }) => target.id],
        ['credential_type', ({ credential }) => credential?.type],
        ['credential_id', ({ credential }) => credential?.id],
        ['workspace_id', ({ workspace_id }) => workspace_id],
        ['request_id', ({ request_id }) => request_id],
      ];
      for (const [name, read] of filters) {
        const value = data.map(read).find((one) => one !== null && one !== undefined);
        const expected = data.filter((event) => read(event) === value).map(({ id }) => id);
        const answer = await audit(`?limit=200&${name}=${encodeURIComponent(String(value))}`);
        expect(answer.data.map(({ id }) => id).slice(0, expected.length), name).to.deep.equal(expected);
        expect(
          answer.data.every((event) => read(event) === value),
          name,
        ).to.equal(true);
        expect(expected.length, name).to.be.below(data.length);
      }
      const { rows } = await database.query('SELECT min(at) AS first, max(at) AS last FROM audit_events');
      const [first, last]: [Date, Date] = [rows[0].first, rows[0].last];
      const until = new Date(first.getTime() + 1).toISOString();
      const early = await audit(`?limit=200&to=${until}`);
      expect(early.data.at(-1)?.id).to.equal(1);
      expect((await audit(`?from=${new Date(last.getTime() + 1).toISOString()}`)).data).to.deep.equal([]);
    });

    it('knows who ended a token with which a client acts for itself', async () => {
      const machine = await registerMachine(server, owner, 'posts:read');
      const credential = await clientToken(server, machine, 'posts:read');
      const event = await eventOf('client.token_ended', () => call('POST', '/api/credentials/revoke', { credential }));
      expect(event.target.id).to.equal(machine.clientId);
    });

    it('refuses filters that are none, and callers without admin:audit', async () => {
      for (const query of [
        'action=no.such',
        'workspace_id=x',
        'from=yesterday',
        'cursor=x',
        'limit=0',
        'credential=x',
        'actor_id=%00',
      ]) {
        expect((await call('GET', `/api/audit?${query}`)).status, query).to.equal(422);
      }
      const machine = await registerMachine(server, owner, 'admin:clients');
      const token = await clientToken(server, machine, 'admin:clients');
      expect((await call('GET', '/api/audit', undefined, token)).status).to.equal(403);
      expect((await call('POST', '/api/audit/search', { credential: 'x' }, token)).status).to.equal(403);
      expect((await ask(server, '/api/audit')).status).to.equal(401);
    });
  });

  describe('in the database', () => {
    it('can be added to, and neither changed, deleted nor emptied', async () => {
      for (const statement of [
        "UPDATE audit_events SET action = 'x'",
        'UPDATE audit_events SET id = DEFAULT WHERE false',
        'DELETE FROM audit_events',
        'DELETE FROM audit_events WHERE false',
        'TRUNCATE audit_events',
        'TRUNCATE audit_events CASCADE',
      ]) {
        const message = await database.query(statement).then(
          () => 'done',
          (error: Error) => error.message,
        );
        expect(message, statement).to.equal('audit_events is append-only');
      }
    });

    it('keeps what people call things on one line, as they wrote it', async () => {
      const name = '"}\u2028{"event":"login.success"}';
      const events = await eventsOf(() => call('POST', '/api/workspaces', { name: '"} {"event":"login.success"}' }));
      expect(events[0]?.after?.name).to.equal('"} {"event":"login.success"}');
      expect((await call('POST', '/api/workspaces', { name })).status).to.equal(422);
    });

    it('holds no secret that was shown or typed', async () => {
      const { rows } = await database.query('SELECT audit_events::text AS line FROM audit_events');
      const dump = rows.map(({ line }) => line).join('\n');
      expect(secrets.length).to.be.above(30);
      for (const secret of secrets) {
        expect(secret.length, secret).to.be.above(8);
        expect(dump.includes(secret), secret).to.equal(false);
      }
    });
  });

  describe('altogether', () => {
    it('has been seen to write every action there is', () => {
      expect([...seen].sort()).to.deep.equal(auditActionNames);
    });
  });
});
