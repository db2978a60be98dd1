import { expect } from 'chai';
import { sha256 } from '../../src/crypto/digest.ts';
import { type FormBrowser, formBrowser } from '../pages/support/form-browser.ts';
import { type PagesServer, passwordOfAll, startPagesServer } from '../pages/support/pages-server.ts';
import { consentRequest, signInRequest } from '../pages/support/stand-in-interactions.ts';

const SESSION = 'latchkey_session';

describe('sign-in', () => {
  let server: PagesServer;
  let browser: FormBrowser;
  let adaId: number;

  before(async () => {
    server = await startPagesServer();
    adaId = (await server.person('ada@northwind.example', { name: 'Ada' })).id;
    await server.person('bob@northwind.example');
  });
  after(() => server.stop());
  beforeEach(() => {
    browser = formBrowser(server.url);
  });

  const signIn = (fields: Record<string, string> = {}, page = '/login') =>
    browser.submit(page, '/login', { email: 'ada@northwind.example', password: passwordOfAll, ...fields });

  it('gives a cookie that scripts and other sites can not use, and only its digest is kept', async () => {
    const answer = await signIn();
    expect(answer.status).to.equal(303);
    expect(answer.headers.get('location')).to.equal('/');
    const attributes = browser.attributes.get(SESSION) ?? '';
    expect(attributes)
      .to.match(/path=\//i)
      .and.match(/httponly/i)
      .and.match(/samesite=lax/i);
    expect(attributes).to.not.match(/secure|domain/i);
    const value = browser.cookies.get(SESSION) ?? '';
    const { rows } = await server.database.knex.raw('SELECT count(*)::int AS n FROM sessions WHERE id_hash = ?', [
      sha256(value),
    ]);
    expect(rows[0].n).to.equal(1);
    expect((await browser.get('/')).text).to.include('Hello, <bdi>Ada</bdi>');
  });

  it('says the same to an unknown address and to a wrong password, keeps the address and never the password', async () => {
    const unknown = await signIn({ email: 'nobody@northwind.example', password: 'the wrong one' });
    const wrong = await signIn({ password: 'the wrong one' });
    expect([unknown.status, wrong.status]).to.deep.equal([422, 422]);
    const plain = (text: string): string => text.replaceAll(/value="[^"]*"/g, '').replaceAll('nobody@', 'ada@');
    expect(plain(unknown.text)).to.equal(plain(wrong.text));
    expect(wrong.text).to.include('value="ada@northwind.example"');
    expect(wrong.text).to.not.include('the wrong one');
    expect(wrong.text).to.include('role="alert"').and.include('aria-describedby="email-error"');
    expect(browser.cookies.has(SESSION)).to.equal(false);
  });

  it('goes on at a path of ours, and nowhere else', async () => {
    const good = await signIn({ next: '/change-password?from=here' });
    expect(good.headers.get('location')).to.equal('/change-password?from=here');
    for (const next of [
      'https://evil.example/',
      '//evil.example/',
      '/\\evil.example/',
      '/.//evil.example/',
      '/..//evil.example',
      '/\t/evil.example',
      'javascript:alert(1)',
      'evil',
      '/%0d%0aSet-Cookie: a=b\r\n',
    ]) {
      browser = formBrowser(server.url);
      const page = await browser.get(`/login?next=${encodeURIComponent(next)}`);
      expect(page.text, next).to.include('name="next" value="/"');
      const answer = await signIn({ next });
      expect(answer.headers.get('location'), next).to.equal('/');
      expect((await browser.get(`/login?next=${encodeURIComponent(next)}`)).headers.get('location'), next).to.equal(
        '/',
      );
    }
  });

  it('gives another id at every sign-in and ends the one before', async () => {
    await signIn();
    const first = browser.cookies.get(SESSION) ?? '';
    server.interactions.pending.set('again', signInRequest('again', { mustReauthenticate: true }));
    await browser.submit('/interaction/again', '/interaction/again/sign-in', {
      email: 'bob@northwind.example',
      password: passwordOfAll,
    });
    const second = browser.cookies.get(SESSION) ?? '';
    expect(second).to.not.equal(first);
    browser.cookies.set(SESSION, first);
    expect((await browser.get('/')).text).to.include('Welcome');
  });

  it('takes no id that the browser brought along', async () => {
    const planted = 'A'.repeat(43);
    browser.cookies.set(SESSION, planted);
    await signIn();
    expect(browser.cookies.get(SESSION)).to.not.equal(planted);
  });

  it('signs out on the server too', async () => {
    await signIn();
    const value = browser.cookies.get(SESSION) ?? '';
    const answer = await browser.submit('/', '/logout', {});
    expect([answer.status, answer.headers.get('location')]).to.deep.equal([303, '/signed-out']);
    expect(browser.cookies.has(SESSION)).to.equal(false);
    browser.cookies.set(SESSION, value);
    expect((await browser.get('/')).text).to.include('Welcome');
  });

  it('asks nobody who is signed in again, unless the app wants a fresh sign-in', async () => {
    await signIn();
    server.interactions.pending.set('live', signInRequest('live'));
    server.interactions.pending.set('fresh', signInRequest('fresh', { mustReauthenticate: true }));
    const live = await browser.get('/interaction/live');
    expect([live.status, live.headers.get('location')]).to.deep.equal([
      303,
      'https://reports.example.com/callback?code=1',
    ]);
    expect(server.interactions.signedIn.at(-1)?.userId).to.equal(adaId);
    const fresh = await browser.get('/interaction/fresh');
    expect(fresh.status).to.equal(200);
    expect(fresh.text).to.include('asks you to sign in again').and.include('value="ada@northwind.example"');
    const before = browser.cookies.get(SESSION);
    const sessionId = server.interactions.signedIn.at(-1)?.sessionId;
    await browser.submit('/interaction/fresh', '/interaction/fresh/sign-in', {
      email: 'ada@northwind.example',
      password: passwordOfAll,
    });
    expect(browser.cookies.get(SESSION), 'a new id').to.not.equal(before);
    expect(server.interactions.signedIn.at(-1)?.sessionId, 'within the same session').to.equal(sessionId);
  });

  it('fills in the login hint, escaped', async () => {
    server.interactions.pending.set('hint', signInRequest('hint', { loginHint: '"><script>alert(1)</script>' }));
    const { text } = await browser.get('/interaction/hint');
    expect(text).to.include('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"');
  });

  it('says that an unknown request is over', async () => {
    expect((await browser.get('/interaction/nothing')).status).to.equal(400);
  });

  describe('by JSON', () => {
    const json = (body: unknown, headers: Record<string, string> = {}) =>
      browser.post('/login', typeof body === 'string' ? body : JSON.stringify(body), {
        'Content-Type': 'application/json',
        Accept: 'application/json',
        ...headers,
      });
    const credentials = { email: 'ada@northwind.example', password: passwordOfAll };

    it('answers with the user and the cookie', async () => {
      const answer = await json(credentials);
      expect(answer.status).to.equal(200);
      expect(JSON.parse(answer.text).user).to.include({ id: adaId, email: 'ada@northwind.example', name: 'Ada' });
      expect(browser.cookies.has(SESSION)).to.equal(true);
      const out = await browser.post('/logout', '', { 'Content-Type': 'application/json', Accept: '*/*' });
      expect(out.status).to.equal(204);
      expect(browser.cookies.has(SESSION)).to.equal(false);
    });

    it('refuses wrong credentials and bad bodies with 422, 400', async () => {
      const wrong = await json({ ...credentials, password: 'x' });
      expect(wrong.status).to.equal(422);
      expect(JSON.parse(wrong.text)).to.deep.equal({
        message: 'The provided credentials are incorrect.',
        errors: { email: ['The provided credentials are incorrect.'] },
      });
      expect((await json({ email: 'ada@northwind.example' })).status).to.equal(422);
      expect((await json({ email: ['a'], password: {} })).status).to.equal(422);
      expect((await json('[')).status).to.equal(400);
      expect((await json('null')).status).to.equal(400);
      expect((await json({ ...credentials, filler: 'x'.repeat(70_000) })).status).to.equal(413);
      expect((await json({ email: 'a\0b@northwind.example', password: 'a\0b' })).status).to.equal(422);
    });

    it('takes first-party origins only', async () => {
      const foreign = await json(credentials, { Origin: 'https://evil.example' });
      expect([foreign.status, JSON.parse(foreign.text)]).to.deep.equal([403, { message: 'CSRF token mismatch.' }]);
      expect((await json(credentials, { Origin: 'http://app.example:5173' })).status).to.equal(200);
      expect((await json(credentials, { Origin: 'http://app.example' })).status).to.equal(403);
      expect((await json(credentials, { Origin: 'null' })).status).to.equal(403);
    });
  });
});

describe('sign-in under a flood', () => {
  it('says in words and in Retry-After when to try again', async () => {
    const signIn = async () => ({ outcome: 'throttled' as const, retryAfterSeconds: 700 });
    const server = await startPagesServer({ changes: { signIn } });
    try {
      const browser = formBrowser(server.url);
      const page = await browser.submit('/login', '/login', { email: 'ada@northwind.example', password: 'x' });
      expect(page.status).to.equal(429);
      expect(page.headers.get('retry-after')).to.equal('700');
      expect(page.text).to.include('Try again in 12 minutes');
      const json = await browser.post('/login', '{"email":"a@b.example","password":"x"}', {
        'Content-Type': 'application/json',
      });
      expect(json.status).to.equal(429);
      expect(JSON.parse(json.text)).to.deep.equal({ message: 'Too many requests.', retry_after: 700 });
    } finally {
      await server.stop();
    }
  });
});

describe('consent', () => {
  let server: PagesServer;
  let browser: FormBrowser;
  let adaId: number;

  before(async () => {
    server = await startPagesServer();
    adaId = (await server.person('ada@northwind.example')).id;
    await server.person('bob@northwind.example');
  });
  after(() => server.stop());
  beforeEach(async () => {
    browser = formBrowser(server.url);
    await browser.submit('/login', '/login', { email: 'ada@northwind.example', password: passwordOfAll });
    server.interactions.pending.set('ask', consentRequest('ask', adaId));
    server.interactions.answers.length = 0;
    server.workspaces.splice(0, 9, { id: 1, name: 'Northwind', role: 'owner' });
  });

  const answer = (fields: Record<string, string | readonly string[]>) =>
    browser.submit('/interaction/ask', '/interaction/ask/consent', fields);

  it('says who asks, for what, where the answer goes and for how long', async () => {
    const { text } = await browser.get('/interaction/ask');
    for (const words of [
      'Harbour Reports',
      'Seaside Software',
      'reports.example.com',
      'https://reports.example.com/callback',
      'Read blog posts',
      'posts:read',
      'and whatever is added to it later',
      'Create and update categories',
      'See your e-mail address',
      'Access lasts 1 hour at a time',
      'at least every 30 days',
      'Northwind',
      'ada@northwind.example',
    ]) {
      expect(text).to.include(words);
    }
  });

  it('grants what stayed ticked, and nothing that was not asked for', async () => {
    const { status, headers } = await answer({
      decision: 'allow',
      workspace_id: '1',
      scope: ['posts:read', 'admin:users', '*'],
      identity: ['email', 'address'],
    });
    expect([status, headers.get('location')]).to.deep.equal([303, 'https://reports.example.com/callback?code=2']);
    expect(server.interactions.answers).to.deep.equal([
      { workspaceId: 1, scopes: ['posts:read'], identityScopes: ['email'] },
    ]);
  });

  it('takes anything but a clear yes for a no', async () => {
    for (const decision of ['deny', '', 'ALLOW']) {
      server.interactions.pending.set('ask', consentRequest('ask', adaId));
      const { headers } = await answer({ decision, workspace_id: '1', scope: 'posts:read' });
      expect(headers.get('location')).to.equal('https://reports.example.com/callback?error=access_denied');
    }
    expect(server.interactions.answers).to.deep.equal([]);
  });

  it('asks again when nothing is ticked, or the workspace is none of the person’s', async () => {
    const nothing = await answer({ decision: 'allow', workspace_id: '1' });
    expect(nothing.status).to.equal(422);
    expect(nothing.text).to.include('Leave at least one permission ticked');
    const elsewhere = await answer({ decision: 'allow', workspace_id: '2', scope: 'posts:read' });
    expect(elsewhere.status).to.equal(422);
    expect(elsewhere.text)
      .to.match(/value="posts:read"\s+checked/)
      .and.not.match(/value="analytics:read"\s+checked/);
    expect(server.interactions.answers).to.deep.equal([]);
  });

  it('offers a choice where there are several workspaces, and says so where there is none', async () => {
    server.workspaces.push({ id: 2, name: 'Harbour', role: 'member' });
    expect((await browser.get('/interaction/ask')).text)
      .to.include('<select')
      .and.include('Harbour (member)');
    server.workspaces.splice(0);
    const none = (await browser.get('/interaction/ask')).text;
    expect(none).to.include('You are in no workspace').and.not.include('value="allow"');
  });

  it('is not given by somebody else who signed in meanwhile', async () => {
    browser = formBrowser(server.url);
    await browser.submit('/login', '/login', { email: 'bob@northwind.example', password: passwordOfAll });
    expect((await browser.get('/interaction/ask')).text).to.include('You are no longer signed in');
    const { cookies } = browser;
    const page = await browser.get('/');
    const token = /name="_csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    expect(cookies.has(SESSION)).to.equal(true);
    const forced = await browser.post(
      '/interaction/ask/consent',
      new URLSearchParams({ _csrf: token, decision: 'allow', workspace_id: '1', scope: 'posts:read' }).toString(),
    );
    expect(forced.status).to.equal(400);
    expect(server.interactions.answers).to.deep.equal([]);
  });

  it('shows what was allowed before apart from what is new', async () => {
    const granted = {
      entry: 'posts:write',
      wildcard: false,
      expanded: [{ name: 'posts:write', description: 'Create and update posts' }],
    };
    server.interactions.pending.set('ask', consentRequest('ask', adaId, { alreadyGranted: [granted] }));
    const { text } = await browser.get('/interaction/ask');
    expect(text).to.include('It would also like to').and.include('What you have allowed before');
    expect(text).to.not.include('value="posts:write"');
  });

  it('escapes whatever the client calls itself', async () => {
    const name = '<img src=x onerror=alert(1)>"\'&\u202E🚀';
    server.interactions.pending.set('ask', consentRequest('ask', adaId, {}, { name, owner: name, redirectUri: name }));
    const { text } = await browser.get('/interaction/ask');
    expect(text).to.not.include('<img');
    expect(text).to.include('<bdi>&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;\u202E🚀</bdi>');
  });
});
