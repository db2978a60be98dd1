import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { DependencyDown } from '../../src/core/errors.ts';
import { type FormBrowser, formBrowser } from '../pages/support/form-browser.ts';
import { type PagesServer, passwordOfAll, startPagesServer } from '../pages/support/pages-server.ts';
import { signInRequest } from '../pages/support/stand-in-interactions.ts';

describe('pages', () => {
  let server: PagesServer;
  let browser: FormBrowser;

  before(async () => {
    server = await startPagesServer();
    await server.person('ada@northwind.example', { name: '<b>Ada</b>' });
    await server.person('new@northwind.example', { mustChange: true });
    server.interactions.pending.set('sign', signInRequest('sign'));
  });
  after(() => server.stop());
  beforeEach(() => {
    browser = formBrowser(server.url);
  });

  const signIn = (email = 'ada@northwind.example') =>
    browser.submit('/login', '/login', { email, password: passwordOfAll });

  it('carry the headers of a page that nobody frames, keeps or scripts', async () => {
    const link = await server.linkFor('ada@northwind.example');
    for (const path of ['/', '/login', '/interaction/sign', link, '/nowhere', '/forgot-password']) {
      const { headers } = await browser.get(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy, path).to.include("default-src 'none'").and.include("frame-ancestors 'none'");
      expect(policy, path).to.include("base-uri 'none'").and.include("script-src 'self';").and.not.include('unsafe');
      expect(policy.includes("form-action 'self'"), path).to.equal(path !== '/interaction/sign');
      expect(headers.get('x-frame-options'), path).to.equal('DENY');
      expect(headers.get('x-content-type-options'), path).to.equal('nosniff');
      expect(headers.get('referrer-policy'), path).to.equal('same-origin');
      expect(headers.get('cross-origin-opener-policy'), path).to.equal('same-origin');
      expect(headers.get('cache-control'), path).to.equal('no-store');
      expect(headers.get('content-type'), path).to.equal('text/html; charset=utf-8');
      expect(headers.get('access-control-allow-origin'), path).to.equal(null);
    }
  });

  it('name a stylesheet that a browser may keep for ever', async () => {
    const path = /href="(\/assets\/style\.[0-9a-f]+\.css)"/.exec((await browser.get('/')).text)?.[1] ?? '';
    const { status, headers } = await browser.get(path);
    expect(status).to.equal(200);
    expect(headers.get('cache-control')).to.include('immutable');
    expect(headers.get('content-type')).to.equal('text/css; charset=utf-8');
    expect((await browser.get('/assets/style.0.css')).status).to.equal(404);
    expect((await browser.get('/assets/../views/layout.eta')).status).to.equal(404);
  });

  it('escape names', async () => {
    await signIn();
    const { text } = await browser.get('/');
    expect(text).to.include('&lt;b&gt;Ada&lt;/b&gt;').and.not.include('<b>Ada');
  });

  it('ask for another password while the present one was generated', async () => {
    await signIn('new@northwind.example');
    expect((await browser.get('/')).text).to.include('Choose your own password');
    expect((await browser.get('/change-password')).text).to.include('generated for you');
  });

  it('change a password, with a sentence at the field that is wrong', async () => {
    expect((await browser.get('/change-password')).headers.get('location')).to.equal('/login?next=%2Fchange-password');
    await server.person('change@northwind.example');
    await signIn('change@northwind.example');
    const change = (fields: Record<string, string>) =>
      browser.submit('/change-password', '/change-password', {
        current_password: passwordOfAll,
        password: 'a new one of mine',
        password_again: 'a new one of mine',
        ...fields,
      });
    const twice = await change({ password_again: 'other' });
    expect([twice.status, twice.text.includes('id="password_again-error"')]).to.deep.equal([422, true]);
    const wrong = await change({ current_password: 'x' });
    expect([wrong.status, wrong.text.includes('id="current_password-error"')]).to.deep.equal([422, true]);
    const common = await change({ password: 'password', password_again: 'password' });
    expect([common.status, common.text.includes('most common')]).to.deep.equal([422, true]);
    const before = browser.cookies.get('latchkey_session');
    const elsewhere = formBrowser(server.url);
    const done = await change({});
    expect([done.status, done.headers.get('location')]).to.deep.equal([303, '/?notice=password-changed']);
    expect(browser.cookies.get('latchkey_session'), 'another id').to.not.equal(before);
    elsewhere.cookies.set('latchkey_session', before ?? '');
    expect((await elsewhere.get('/')).text, 'a copied cookie is worth nothing').to.include('Welcome');
    expect((await browser.get('/?notice=password-changed')).text).to.include('Your password is changed');
    const unknown = await browser.get('/?notice=<b>hostile');
    expect(unknown.text).to.not.include('hostile');
  });

  it('leave a link good when it is only looked at, and use it up with the password', async () => {
    await server.person('link@northwind.example');
    const link = await server.linkFor('link@northwind.example');
    await signIn('link@northwind.example');
    for (let times = 0; times < 3; times += 1) {
      expect((await browser.get(link)).status).to.equal(200);
    }
    const set = (password: string) => browser.submit(link, link, { password, password_again: password });
    const common = await set('password');
    expect([common.status, common.text.includes('most common')]).to.deep.equal([422, true]);
    const done = await set('a new one of mine');
    expect([done.status, done.headers.get('location')]).to.deep.equal([303, '/login?notice=password-set']);
    expect((await browser.get(link)).status).to.equal(410);
    expect((await browser.get('/login?notice=password-set')).text).to.include('Your password is set');
    const entered = await browser.submit('/login', '/login', {
      email: 'link@northwind.example',
      password: 'a new one of mine',
    });
    expect(entered.status).to.equal(303);
  });

  it('answer alike whether there is an account or not when a password is forgotten', async () => {
    await server.person('forgetful@northwind.example');
    const ask = (email: string) => browser.submit('/forgot-password', '/forgot-password', { email });
    for (const email of ['forgetful@northwind.example', 'nobody@northwind.example']) {
      server.outbox.length = 0;
      for (let times = 0; times < 3; times += 1) {
        const { status, headers, text } = await ask(email);
        expect([status, headers.get('location'), text]).to.deep.equal([303, '/forgot-password?sent=1', '']);
      }
      const flooded = await ask(email);
      expect([flooded.status, Number(flooded.headers.get('retry-after')) > 3000]).to.deep.equal([429, true]);
      expect(flooded.text).to.match(/Try again in (?:60 minutes|1 hour)/);
      expect(server.outbox.length).to.equal(email.startsWith('forgetful') ? 3 : 0);
    }
    expect((await ask(' ')).status).to.equal(422);
  });

  it('say 404, 405 as a page to browsers and as JSON to programs', async () => {
    const page = await browser.get('/nowhere');
    expect([page.status, page.text.includes('There is no such page')]).to.deep.equal([404, true]);
    const json = await browser.get('/nowhere', { Accept: 'application/json' });
    expect([json.status, JSON.parse(json.text)]).to.deep.equal([404, { message: 'Not found.' }]);
    const get = await browser.get('/logout');
    expect([get.status, get.headers.get('allow')]).to.deep.equal([405, 'POST']);
    expect((await browser.get('/api/nowhere')).headers.get('content-type')).to.include('json');
  });

  it('say 421 to another host and write no address of it', async () => {
    const { port } = new URL(server.url);
    const answer = await formBrowser(`http://127.0.0.1:${port}`).get('/login');
    expect(answer.status).to.equal(421);
    expect(answer.text).to.include(`${server.url} only`).and.not.include('127.0.0.1');
  });

  it('change nothing on GET', async () => {
    await signIn();
    for (const path of ['/', '/login', '/signed-out', '/logout', '/change-password']) await browser.get(path);
    expect((await browser.get('/')).text).to.include('Sign out');
  });

  it('take nothing raw but other templates and the body of the frame', () => {
    const folder = join(import.meta.dirname, '../../views');
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.eta'));
    expect(names).to.include('layout.eta');
    for (const name of names) {
      const raw = readFileSync(join(folder, name), 'utf8').match(/<%~[^%]*%>/g) ?? [];
      expect(
        raw.filter((tag) => !/^<%~ (?:include\('partials\/[a-z-]+'|it\.body %>)/.test(tag)),
        name,
      ).to.deep.equal([]);
      const text = readFileSync(join(folder, name), 'utf8').replace(OWN_SCRIPT, '').replaceAll(EXAMPLE_ADDRESS, '');
      expect(text, name).to.not.match(/<script|\son[a-z]+=|\sstyle=|https?:\/\/(?!www\.w3\.org)/);
    }
  });
});

/**
 * An address that a text or an example names: of the reader's own machine, or of a domain that nobody owns (RFC 2606).
 * Where it stands in an attribute by itself, it is something that a page would load or lead to, and counts.
 */
const EXAMPLE_ADDRESS =
  /(?<![=(]["']?)https?:\/\/(?:127\.0\.0\.1|localhost|\[::1\]|(?:[a-z]+\.)*example(?:\.com)?)(?![\w.:@-])/g;

/** The one script tag, which is in the frame. */
const OWN_SCRIPT = '<script type="module" src="<%= it.script %>"></script>';

describe('cookies on https', () => {
  for (const [cookieDomain, name] of [
    [undefined, '__Host-latchkey_session'],
    ['acme.example', '__Secure-latchkey_session'],
  ] as const) {
    it(`are ${name} and Secure, the visitor's always of this host alone`, async () => {
      const issuer = 'https://login.acme.example';
      const server = await startPagesServer({ issuer, ...(cookieDomain !== undefined && { cookieDomain }) });
      try {
        await server.person('ada@northwind.example');
        const browser = formBrowser(server.url, issuer);
        await browser.submit('/login', '/login', { email: 'ada@northwind.example', password: passwordOfAll });
        const session = browser.attributes.get(name) ?? '';
        expect(session)
          .to.match(/; secure/i)
          .and.match(/httponly/i)
          .and.match(/path=\//i);
        expect(/domain=acme\.example/i.test(session)).to.equal(cookieDomain !== undefined);
        const visitor = browser.attributes.get('__Host-latchkey_visitor') ?? '';
        expect(visitor)
          .to.match(/; secure/i)
          .and.not.match(/domain/i);
        expect((await browser.get('/')).headers.get('strict-transport-security')).to.include('max-age=31536000');
      } finally {
        await server.stop();
      }
    });
  }
});

describe('pages whose database is away', () => {
  it('say so with 503 and Retry-After, and of a fault of ours only its number', async () => {
    let fault: unknown = new DependencyDown('the database');
    const server = await startPagesServer({
      changes: {
        resumeSession: async () => {
          throw fault;
        },
      },
    });
    try {
      const browser = formBrowser(server.url);
      browser.cookies.set('latchkey_session', 'A'.repeat(43));
      const away = await browser.get('/');
      expect([away.status, away.headers.get('retry-after')]).to.deep.equal([503, '2']);
      expect(away.headers.get('content-type')).to.include('html');
      fault = new Error('secret detail');
      const broken = await browser.get('/');
      expect(broken.status).to.equal(500);
      expect(broken.text).to.not.include('secret detail');
      expect(broken.text).to.include(broken.headers.get('x-request-id') ?? 'none');
      expect(server.failures).to.have.length(2);
    } finally {
      await server.stop();
    }
  });
});
