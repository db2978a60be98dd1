import { expect } from 'chai';
import pg from 'pg';
import { type Answer, ask, askJson, ownerToken, registerMachine } from '../support/ask.ts';
import { administrator } from '../support/person.ts';
import { type SignedIn, signedIn } from '../support/signed-in.ts';
import { clientToken, commandLineToken, startServer, type TestServer } from '../support/start-server.ts';

const PASSWORD = 'a quiet river in the north';
const DEFAULTS = ['posts:read'];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function body(answer: Answer): Record<string, unknown> {
  return (answer.json ?? {}) as Record<string, unknown>;
}

function errorsOf(answer: Answer): Record<string, string[]> {
  expect(answer.status, answer.text).to.equal(422);
  expect(body(answer).message).to.equal('The given data was invalid.');
  return body(answer).errors as Record<string, string[]>;
}

describe('/api/tokens', () => {
  let server: TestServer;
  let database: pg.Client;
  let owner: string;
  let admin: SignedIn;
  let ada: SignedIn;
  let adaId: number;
  const account = { email: 'ada@example.com', password: PASSWORD };

  before(async () => {
    server = await startServer();
    database = new pg.Client({ connectionString: server.databaseUrl });
    await database.connect();
    owner = await ownerToken(server);
    const created = await askJson(server, 'POST', '/api/users', owner, { ...account, name: 'Ada' });
    adaId = body(created).id as number;
    admin = await signedIn(server, administrator(server));
    ada = await signedIn(server, account);
  });
  after(async () => {
    await database.end();
    await server.stop();
  });

  const create = async (more: Record<string, unknown> = {}, by: SignedIn = ada): Promise<Record<string, unknown>> => {
    const answer = await by.ask('POST', '/api/tokens', { name: 'laptop', ...more });
    expect(answer.status, answer.text).to.equal(201);
    return body(answer);
  };
  const tokenOf = (issued: Record<string, unknown>): string => String(issued.token);
  const works = async (token: unknown): Promise<boolean> =>
    (await ask(server, '/api/me', { headers: { Authorization: `Bearer ${token}` } })).status === 200;

  it('shows a new token once, with the scopes and the end it was given', async () => {
    const answer = await ada.ask('POST', '/api/tokens', {
      name: ' laptop ',
      scopes: ['posts:read', '*:read', 'posts:read'],
      expires_at: '2099-01-02T03:04:05+01:00',
    });
    expect(answer.status).to.equal(201);
    expect(answer.headers.get('cache-control')).to.equal('no-store');
    const { id, token, created_at, hint, ...rest } = body(answer);
    expect(token).to.match(new RegExp(`^${id}\\|lkp_[0-9A-Za-z]{46}$`));
    expect(String(token).slice(-10, -6)).to.equal(hint);
    expect(created_at).to.match(TIME);
    expect(rest).to.deep.equal({
      name: 'laptop',
      scopes: ['posts:read', '*:read'],
      workspace_id: 1,
      expires_at: '2099-01-02T02:04:05.000Z',
      last_used_at: null,
      last_used_address: null,
      state: 'active',
    });
    const listed = body(await ada.ask('GET', '/api/tokens')).data as Record<string, unknown>[];
    expect(listed.find((one) => one.id === id)).to.deep.equal({ id, created_at, hint, ...rest });
  });

  it('gives the defaults of the vocabulary and a year where nobody says', async () => {
    const issued = await create();
    expect(issued.scopes).to.deep.equal(DEFAULTS);
    const days = (Date.parse(String(issued.expires_at)) - Date.parse(String(issued.created_at))) / 86_400_000;
    expect(days).to.be.within(364.9, 366.1);
  });

  it('takes abilities for scopes, no scopes for none at all, and null for an end that never comes', async () => {
    const issued = await create({ abilities: ['posts:write'], expires_at: null });
    expect(issued.scopes).to.deep.equal(['posts:write']);
    expect(issued.expires_at).to.equal(null);
    const empty = await create({ scopes: [] });
    expect(empty.scopes).to.deep.equal([]);
    expect((await ask(server, '/v1/posts', { headers: { Authorization: `Bearer ${empty.token}` } })).status).to.equal(
      403,
    );
  });

  it('is accepted with a full stop for the bar, and nowhere in another form', async () => {
    const token = tokenOf(await create());
    expect(await works(token)).to.equal(true);
    expect(await works(token.replace('|', '.'))).to.equal(true);
    for (const other of [`0${token}`, `+${token}`, token.replace('|', '||'), token.slice(0, -1), `${token}0`]) {
      expect(await works(other), other).to.equal(false);
    }
  });

  it('says which field is at fault', async () => {
    const faults: readonly (readonly [Record<string, unknown>, string])[] = [
      [{ name: '' }, 'name'],
      [{ name: 'x'.repeat(256) }, 'name'],
      [{ name: 'a\u0000b' }, 'name'],
      [{ name: 7 }, 'name'],
      [{ scopes: ['posts:fly'] }, 'scopes'],
      [{ scopes: ['Posts:Read'] }, 'scopes'],
      [{ scopes: ['openid'] }, 'scopes'],
      [{ scopes: ['posts:delete'] }, 'scopes'],
      [{ scopes: ['*'] }, 'scopes'],
      [{ scopes: 'posts:read' }, 'scopes'],
      [{ abilities: ['keys:manage'] }, 'scopes'],
      [{ scopes: [], abilities: [] }, 'abilities'],
      [{ expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
      [{ expires_at: 'tomorrow' }, 'expires_at'],
      [{ workspace_id: 4711 }, 'workspace_id'],
      [{ workspace_id: '1' }, 'workspace_id'],
      [{ rate_limit_tier: 'pro' }, 'rate_limit_tier'],
    ];
    for (const [fault, field] of faults) {
      const answer = await ada.ask('POST', '/api/tokens', { name: 'laptop', ...fault });
      expect(Object.keys(errorsOf(answer)), JSON.stringify(fault)).to.deep.equal([field]);
    }
    const missing = await ada.ask('POST', '/api/tokens', {});
    expect(Object.keys(errorsOf(missing))).to.deep.equal(['name']);
  });

  it('lets nobody hand on by a token what the token does not hold', async () => {
    const manager = tokenOf(await create({ scopes: ['tokens:manage', 'posts:read'] }));
    const make = (scopes: string[]): Promise<Answer> =>
      askJson(server, 'POST', '/api/tokens', manager, { name: 'child', scopes });
    expect((await make(['posts:read'])).status).to.equal(201);
    for (const scope of ['posts:write', '*:read', 'posts:*', '*']) {
      expect(errorsOf(await make([scope])).scopes, scope).to.have.length(1);
    }
    const plain = await askJson(server, 'POST', '/api/tokens', manager, { name: 'child' });
    expect(body(plain).scopes).to.deep.equal(DEFAULTS);
  });

  it('keeps tokens:manage from everybody without it, and personal tokens from programs', async () => {
    const narrow = tokenOf(await create({ scopes: ['posts:read'] }));
    const refused = await askJson(server, 'GET', '/api/tokens', narrow);
    expect(refused.status).to.equal(403);
    expect(refused.json).to.deep.equal({
      message: 'This action is unauthorized.',
      required_scope: 'tokens:manage',
      provided_scopes: ['posts:read'],
    });
    const machine = await clientToken(server, await registerMachine(server, owner, 'tokens:manage'), 'tokens:manage');
    for (const [method, path, sent] of [
      ['GET', '/api/tokens'],
      ['POST', '/api/tokens', { name: 'x' }],
      ['DELETE', '/api/tokens/1'],
      ['DELETE', '/api/tokens', { password: PASSWORD }],
    ] as const) {
      const answer = await askJson(server, method, path, machine, sent);
      expect(answer.status, path).to.equal(403);
      expect(body(answer).message).to.equal('This action is unauthorized.');
    }
    expect((await ask(server, '/api/tokens')).status).to.equal(401);
  });

  it('ends one token, and no other', async () => {
    const [one, other] = [await create(), await create()];
    expect(await works(one.token)).to.equal(true);
    expect((await ada.ask('DELETE', `/api/tokens/${one.id}`)).status).to.equal(204);
    expect([await works(one.token), await works(other.token)]).to.deep.equal([false, true]);
    expect((await ada.ask('DELETE', `/api/tokens/${one.id}`)).status).to.equal(404);
    const listed = body(await ada.ask('GET', '/api/tokens')).data as { id: number }[];
    expect(listed.map(({ id }) => id))
      .to.include(other.id)
      .and.not.to.include(one.id);
  });

  it('lets every token end itself, whatever its scopes', async () => {
    const token = tokenOf(await create({ scopes: [] }));
    expect((await askJson(server, 'DELETE', '/api/tokens/current', token)).status).to.equal(204);
    expect((await askJson(server, 'DELETE', '/api/tokens/current', token)).status).to.equal(401);
    expect((await ada.ask('DELETE', '/api/tokens/current')).status).to.equal(404);
  });

  it('does not find the tokens of others, nor ids that are none', async () => {
    const theirs = await create({}, admin);
    for (const id of [theirs.id, '0', '01', '1e3', '0x1', ' 1', '9'.repeat(16), '-1', 'abc', '1%00']) {
      expect((await ada.ask('DELETE', `/api/tokens/${id}`)).status, String(id)).to.equal(404);
    }
    expect(await works(theirs.token)).to.equal(true);
  });

  it('keeps expired tokens in the list', async () => {
    const issued = await create();
    await database.query("UPDATE credentials SET expires_at = now() - interval '1 second' WHERE id = $1", [issued.id]);
    expect(await works(issued.token)).to.equal(false);
    const listed = body(await ada.ask('GET', '/api/tokens?limit=200')).data as Record<string, unknown>[];
    expect(listed.find(({ id }) => id === issued.id)).to.include({ state: 'expired' });
  });

  it('tells when and from where a token was last used', async () => {
    const issued = await create();
    await works(issued.token);
    await server.composed.flushUsage();
    const listed = body(await ada.ask('GET', '/api/tokens?limit=200')).data as Record<string, unknown>[];
    const shown = listed.find(({ id }) => id === issued.id);
    expect(shown?.last_used_at).to.match(TIME);
    expect(shown?.last_used_address).to.match(/^(?:127\.0\.0\.1|::1)$/);
  });

  it('pages through the list', async () => {
    await create();
    const first = body(await ada.ask('GET', '/api/tokens?limit=1'));
    expect(first.data).to.have.length(1);
    const second = body(await ada.ask('GET', `/api/tokens?limit=1&cursor=${first.next}`));
    expect((second.data as { id: number }[])[0]?.id).to.be.above((first.data as { id: number }[])[0]?.id ?? 0);
    expect(errorsOf(await ada.ask('GET', '/api/tokens?cursor=nonsense'))).to.have.key('cursor');
    const ids = async (query: string): Promise<readonly number[]> =>
      (body(await ada.ask('GET', `/api/tokens?limit=200${query}`)).data as { id: number }[]).map(({ id }) => id);
    const newest = await ids('&order=newest');
    expect(newest).to.deep.equal((await ids('')).toReversed());
    const { next } = body(await ada.ask('GET', '/api/tokens?limit=1&order=newest'));
    expect(await ids(`&order=newest&cursor=${next}`)).to.deep.equal(newest.slice(1));
  });

  it('shows one by its id, to its owner alone', async () => {
    const { token, ...shown } = await create();
    expect((await ada.ask('GET', `/api/tokens/${shown.id}`)).json).to.deep.equal(shown);
    expect((await admin.ask('GET', `/api/tokens/${shown.id}`)).status).to.equal(404);
    expect((await ada.ask('GET', '/api/tokens/nonsense')).status).to.equal(404);
    await ada.ask('DELETE', `/api/tokens/${shown.id}`);
    expect((await ada.ask('GET', `/api/tokens/${shown.id}`)).status).to.equal(404);
    expect(String(token)).to.include('lkp_');
  });

  it('shrinks with its owner, and dies with them', async () => {
    const created = await askJson(server, 'POST', '/api/users', owner, {
      email: 'grace@example.com',
      password: PASSWORD,
    });
    const id = body(created).id;
    const grace = await signedIn(server, { email: 'grace@example.com', password: PASSWORD });
    const { token } = await create({ scopes: ['posts:write'] }, grace);
    const post = (): Promise<Answer> => askJson(server, 'POST', '/v1/posts', String(token), { title: 'Hello' });
    expect((await post()).status).to.equal(201);
    await askJson(server, 'DELETE', `/api/workspaces/1/members/${id}`, owner);
    expect((await post()).status).to.equal(403);
    await askJson(server, 'POST', `/api/users/${id}/disable`, owner, {});
    expect((await post()).status).to.equal(401);
  });

  describe('with several workspaces', () => {
    let second: number;

    before(async () => {
      second = body(await askJson(server, 'POST', '/api/workspaces', owner, { name: 'Second' })).id as number;
      await askJson(server, 'POST', `/api/workspaces/${second}/members`, owner, { user_id: adaId, role: 'admin' });
    });

    it('binds a token to the workspace that a person names, by their role there', async () => {
      const there = await create({ workspace_id: second, scopes: ['keys:manage'] });
      expect(there.workspace_id).to.equal(second);
      expect(errorsOf(await ada.ask('POST', '/api/tokens', { name: 'x', scopes: ['keys:manage'] }))).to.have.key(
        'scopes',
      );
      const server_scope = await ada.ask('POST', '/api/tokens', {
        name: 'x',
        workspace_id: second,
        scopes: ['admin:audit'],
      });
      expect(errorsOf(server_scope)).to.have.key('scopes');
    });

    it('keeps a token from the tokens of another workspace', async () => {
      const here = await create({ scopes: ['tokens:manage'] });
      const there = await create({ workspace_id: second, scopes: ['tokens:manage'] });
      const listed = body(await askJson(server, 'GET', '/api/tokens?limit=200', tokenOf(here))).data as {
        id: number;
        workspace_id: number;
      }[];
      expect(new Set(listed.map(({ workspace_id }) => workspace_id))).to.deep.equal(new Set([1]));
      expect((await askJson(server, 'DELETE', `/api/tokens/${there.id}`, tokenOf(here))).status).to.equal(404);
      const elsewhere = { name: 'x', workspace_id: second };
      expect(errorsOf(await askJson(server, 'POST', '/api/tokens', tokenOf(here), elsewhere))).to.have.key(
        'workspace_id',
      );
      // Not even an administrator's: who is no member has no token there.
      const almighty = await commandLineToken(server);
      expect(errorsOf(await askJson(server, 'POST', '/api/tokens', almighty, elsewhere))).to.have.key('workspace_id');
    });
  });

  it('ends all tokens of a person who gives their password', async () => {
    const issued = await create();
    const theirs = await create({}, admin);
    expect(errorsOf(await ada.ask('DELETE', '/api/tokens', { password: 'wrong' }))).to.deep.equal({
      password: ['The password is incorrect.'],
    });
    expect(errorsOf(await ada.ask('DELETE', '/api/tokens', {}))).to.have.key('password');
    expect(await works(issued.token)).to.equal(true);
    expect((await ada.ask('DELETE', '/api/tokens', { password: PASSWORD })).status).to.equal(204);
    expect([await works(issued.token), await works(theirs.token)]).to.deep.equal([false, true]);
    expect(body(await ada.ask('GET', '/api/tokens')).data).to.deep.equal([]);
  });

  it('lets nobody guess the password for long', async () => {
    await askJson(server, 'POST', '/api/users', owner, { email: 'guess@example.com', password: PASSWORD });
    const victim = await signedIn(server, { email: 'guess@example.com', password: PASSWORD });
    let answer = await victim.ask('DELETE', '/api/tokens', { password: 'wrong' });
    for (let tries = 0; tries < 12 && answer.status === 422; tries += 1) {
      answer = await victim.ask('DELETE', '/api/tokens', { password: 'wrong' });
    }
    expect(answer.status).to.equal(429);
    expect(answer.headers.get('retry-after')).to.match(/^\d+$/);
    expect(body(answer)).to.deep.equal({
      message: 'Too many requests.',
      retry_after: Number(answer.headers.get('retry-after')),
    });
  });
});

describe('POST /auth/login', () => {
  let server: TestServer;
  const account = { email: 'ada@example.com', password: PASSWORD };
  const login = (sent: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    ask(server, '/auth/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: typeof sent === 'string' ? sent : JSON.stringify(sent),
    });

  before(async () => {
    server = await startServer();
    await askJson(server, 'POST', '/api/users', await ownerToken(server), { ...account, name: 'Ada' });
  });
  after(() => server.stop());

  it('answers with a token that works, and the user', async () => {
    const answer = await login(account);
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.headers.get('cache-control')).to.equal('no-store');
    expect(answer.headers.getSetCookie()).to.deep.equal([]);
    const { token, user } = body(answer) as { token: string; user: Record<string, unknown> };
    expect(Object.keys(body(answer)).sort()).to.deep.equal(['token', 'user']);
    expect(user).to.deep.equal({ id: user.id, email: account.email, name: 'Ada' });
    const me = body(await askJson(server, 'GET', '/api/me', token));
    expect(me.user).to.deep.equal(user);
    expect(me.credential).to.deep.include({ type: 'personal_access_token', name: 'API login', scopes: DEFAULTS });
  });

  it('names and limits the token as it is told', async () => {
    const answer = await login({
      ...account,
      token_name: 'Phone',
      scopes: ['posts:write'],
      expires_at: '2099-01-01T00:00:00Z',
    });
    const me = body(await askJson(server, 'GET', '/api/me', String(body(answer).token)));
    expect(me.credential).to.deep.include({
      name: 'Phone',
      scopes: ['posts:write'],
      expires_at: '2099-01-01T00:00:00.000Z',
    });
  });

  it('tells an unknown address, a wrong password and a disabled user alike', async () => {
    const owner = await ownerToken(server);
    const gone = body(
      await askJson(server, 'POST', '/api/users', owner, { email: 'gone@example.com', password: PASSWORD }),
    );
    await askJson(server, 'POST', `/api/users/${gone.id}/disable`, owner, {});
    const sentence = 'The provided credentials are incorrect.';
    for (const sent of [
      { ...account, password: 'wrong' },
      { ...account, email: 'nobody@example.com' },
      { ...account, email: 'gone@example.com' },
    ]) {
      const answer = await login(sent);
      expect(answer.status).to.equal(422);
      expect(answer.json).to.deep.equal({ message: sentence, errors: { email: [sentence] } });
    }
  });

  it('says which field is at fault, and grants nobody more than their role', async () => {
    for (const [fault, field] of [
      [{ email: undefined }, 'email'],
      [{ password: undefined }, 'password'],
      [{ password: 7 }, 'password'],
      [{ scopes: ['posts:delete'] }, 'scopes'],
      [{ scopes: ['*'] }, 'scopes'],
      [{ scopes: ['nothing:there'] }, 'scopes'],
      [{ expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
      [{ workspace_id: 4711 }, 'workspace_id'],
      [{ token_name: '' }, 'token_name'],
      [{ device: 'x' }, 'device'],
    ] as const) {
      expect(Object.keys(errorsOf(await login({ ...account, ...fault }))), field).to.deep.equal([field]);
    }
  });

  it('wants JSON of a sane size', async () => {
    expect((await login('{')).status).to.equal(400);
    expect((await login('email=a', { 'Content-Type': 'application/x-www-form-urlencoded' })).status).to.equal(415);
    expect((await login({ ...account, token_name: 'x'.repeat(70_000) })).status).to.equal(413);
    expect((await ask(server, '/auth/login')).status).to.be.oneOf([404, 405]);
  });

  it('is limited like every sign-in', async () => {
    await askJson(server, 'POST', '/api/users', await ownerToken(server), {
      email: 'flood@example.com',
      password: PASSWORD,
    });
    let answer = await login({ email: 'flood@example.com', password: 'wrong' });
    for (let tries = 0; tries < 12 && answer.status === 422; tries += 1) {
      answer = await login({ email: 'flood@example.com', password: 'wrong' });
    }
    expect(answer.status).to.equal(429);
    expect(body(answer)).to.have.all.keys('message', 'retry_after');
    expect(answer.headers.get('retry-after')).to.equal(String(body(answer).retry_after));
    expect((await login({ email: 'flood@example.com', password: PASSWORD })).status).to.equal(429);
  });
});

describe('GET /api/me', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server.stop());

  it('says for every kind of credential who it acts for', async () => {
    const almighty = await commandLineToken(server);
    const admin = await signedIn(server, administrator(server));
    const bySession = body(await admin.ask('GET', '/api/me'));
    expect(bySession.user).to.deep.equal({ id: 1, email: 'admin@localhost', name: 'Administrator' });
    expect(bySession.credential).to.deep.include({ type: 'session', name: null, environment: null, workspace_id: 1 });

    const byToken = body(await askJson(server, 'GET', '/api/me', almighty));
    expect(Object.keys(byToken).sort()).to.deep.equal(['credential', 'user']);
    expect(byToken.credential).to.deep.include({ type: 'personal_access_token', id: 1, name: 'Command line' });

    const key = body(
      await askJson(server, 'POST', '/api/keys', almighty, { name: 'k', scopes: ['posts:*'], environment: 'test' }),
    );
    expect((await askJson(server, 'GET', '/api/me', String(key.key))).json).to.deep.equal({
      workspace: { id: 1, name: 'Main' },
      credential: {
        type: 'api_key',
        id: key.id,
        name: 'k',
        scopes: ['posts:read', 'posts:write', 'posts:delete'],
        environment: 'test',
        expires_at: null,
        workspace_id: 1,
      },
    });

    const login = await registerMachine(server, almighty, 'posts:read');
    const byClient = body(await askJson(server, 'GET', '/api/me', await clientToken(server, login, 'posts:read')));
    expect(byClient.client).to.deep.equal({ client_id: login.clientId, client_name: 'Machine under test' });
    expect(byClient.credential).to.deep.include({ type: 'oauth_client_token', scopes: ['posts:read'] });
    expect((await ask(server, '/api/me')).status).to.equal(401);
  });
});
