import { createServer, type Server } from 'node:http';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { chromiumPath, launchBrowser, openPage, type WatchedPage } from './support/browser.ts';
import { listen, type PagesServer, passwordOfAll, startPagesServer } from './support/pages-server.ts';
import { consentRequest, signInRequest } from './support/stand-in-interactions.ts';

describe('signing in and agreeing in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: PagesServer;
  let client: Server;
  let callback: string;
  let landing: string;
  let adaId: number;
  let watched: WatchedPage;

  before(async function () {
    if (chromiumPath === null) return this.skip();
    browser = await launchBrowser();
    server = await startPagesServer();
    adaId = (await server.person('ada@northwind.example', { name: 'Ada' })).id;
    // A client whose callback leads on to another origin, as many do.
    client = createServer((request, response) => {
      const isCallback = request.url?.startsWith('/callback') === true;
      response.writeHead(isCallback ? 303 : 200, isCallback ? { Location: landing } : { 'Content-Type': 'text/html' });
      response.end('<title>Client</title><link rel="icon" href="data:,">landed');
    });
    const port = await listen(client);
    callback = `http://127.0.0.1:${port}/callback`;
    landing = `http://localhost:${port}/landed`;
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    client?.closeAllConnections();
    client?.close();
  });
  beforeEach(async () => {
    watched = await openPage(browser);
  });
  afterEach(async () => {
    await watched?.context.close();
  });

  /** Waits until the browser has put the cursor where the page asks for it. */
  const focusOn = (id: string) => watched.page.waitForFunction(`document.activeElement.id === "${id}"`);

  const signIn = async (): Promise<void> => {
    const { page } = watched;
    await page.goto(`${server.url}/login`);
    await focusOn('email');
    await page.keyboard.type('ada@northwind.example');
    await page.keyboard.press('Tab');
    await page.keyboard.type(passwordOfAll);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${server.url}/`);
  };

  it('works with the keyboard alone', async () => {
    await signIn();
    expect(await watched.page.textContent('h1')).to.equal('Hello, Ada');
    expect(watched.complaints).to.deep.equal([]);
  });

  it('shows the password to whoever asks for it, and hides it again before it is sent', async () => {
    const { page } = watched;
    await page.goto(`${server.url}/login`);
    await page.fill('#email', 'ada@northwind.example');
    await page.fill('#password', passwordOfAll);
    const shown = page.getByRole('button', { name: 'Show the password' });
    expect(await shown.getAttribute('aria-pressed')).to.equal('false');
    await shown.press('Enter');
    expect(await page.getAttribute('#password', 'type')).to.equal('text');
    expect(await shown.getAttribute('aria-pressed')).to.equal('true');
    expect(await page.inputValue('#password'), 'what was typed stays').to.equal(passwordOfAll);
    await page.evaluate("document.forms[0].addEventListener('submit', (event) => event.preventDefault())");
    await page.click('button.primary');
    expect(await page.getAttribute('#password', 'type')).to.equal('password');
    expect(watched.complaints).to.deep.equal([]);
  });

  it('tells of Caps Lock while a password is typed, and stops when it is off', async () => {
    const { page } = watched;
    await page.goto(`${server.url}/login`);
    const press = (on: boolean) =>
      page.evaluate(
        `document.querySelector('#password').dispatchEvent(new KeyboardEvent('keydown', { key: 'a', modifierCapsLock: ${on} }))`,
      );
    await page.focus('#password');
    await press(true);
    expect(await page.textContent('.caps')).to.equal('Caps Lock is on.');
    expect(await page.getAttribute('.caps', 'role')).to.equal('status');
    await press(false);
    expect(await page.textContent('.caps')).to.equal('');
  });

  it('works without a script', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${server.url}/login`);
    await page.fill('#email', 'ada@northwind.example');
    await page.fill('#password', passwordOfAll);
    await page.click('button.primary');
    expect(await page.textContent('h1')).to.equal('Hello, Ada');
    expect(await page.getByRole('button', { name: 'Show the password' }).count(), 'nothing that does nothing').to.equal(
      0,
    );
    await context.close();
  });

  it('offers to skip to the content first', async () => {
    const { page } = watched;
    await page.goto(`${server.url}/signed-out`);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.className')).to.equal('skip');
    await page.waitForFunction('document.querySelector(".skip").getBoundingClientRect().top >= 0');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).to.equal('Sign in again');
  });

  it('moves to the reason of a refusal, from where one key leads to the field', async () => {
    const { page } = watched;
    await page.goto(`${server.url}/login`);
    await focusOn('email');
    await page.keyboard.type('ada@northwind.example');
    await page.keyboard.press('Tab');
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=alert]');
    await page.waitForFunction('document.activeElement.getAttribute("role") === "alert"');
    expect(await page.title()).to.match(/^Error: /);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await focusOn('email');
    expect(await page.inputValue('#email')).to.equal('ada@northwind.example');
    expect(await page.inputValue('#password')).to.equal('');
  });

  it('lets a password be pasted and a password manager know the fields', async () => {
    const { page } = watched;
    await page.goto(`${server.url}/login`);
    expect(await page.getAttribute('#email', 'autocomplete')).to.equal('username');
    expect(await page.getAttribute('#password', 'autocomplete')).to.equal('current-password');
    expect(await page.getAttribute('#password', 'type')).to.equal('password');
    await page.fill('#email', passwordOfAll);
    await page.focus('#email');
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.press('ControlOrMeta+X');
    await page.focus('#password');
    await page.keyboard.press('ControlOrMeta+V');
    expect(await page.inputValue('#password')).to.equal(passwordOfAll);
  });

  it('sends the origin that the server checks, from every form', async () => {
    const origins: (string | undefined)[] = [];
    watched.page.on('request', (request) => {
      if (request.method() === 'POST') origins.push(request.headers().origin);
    });
    await signIn();
    await watched.page.click('text=Sign out');
    await watched.page.waitForURL(`${server.url}/signed-out`);
    expect(origins).to.deep.equal([server.url, server.url]);
  });

  it('unticks a permission and lands at the client, over its own redirect to another origin', async () => {
    await signIn();
    const { page, complaints } = watched;
    server.interactions.pending.set('ask', consentRequest('ask', adaId, {}, { redirectUri: callback }));
    await page.goto(`${server.url}/interaction/ask`);
    await page.uncheck('text=Access analytics data');
    await page.uncheck('text=See your name');
    await page.click('button[value=allow]');
    await page.waitForURL(landing);
    expect(server.interactions.answers.at(-1)).to.deep.equal({
      workspaceId: 1,
      scopes: ['posts:read', 'categories:*'],
      identityScopes: ['email'],
    });
    expect(complaints).to.deep.equal([]);
  });

  it('lands at the client right from sign-in, where nothing is left to ask', async () => {
    const { page, complaints } = watched;
    server.interactions.pending.set('go', {
      ...signInRequest('go', { loginHint: 'ada@northwind.example' }),
      client: { ...signInRequest('go').client, redirectUri: callback },
    });
    await page.goto(`${server.url}/interaction/go`);
    await focusOn('password');
    await page.keyboard.type(passwordOfAll);
    await page.keyboard.press('Enter');
    await page.waitForURL(landing);
    expect(complaints).to.deep.equal([]);
  });

  it('would be stopped on that way by form-action: the reason why these pages leave it out', async () => {
    await signIn();
    const { page, complaints } = watched;
    server.interactions.pending.set('held', consentRequest('held', adaId, {}, { redirectUri: callback }));
    await page.route('**/interaction/held', async (route) => {
      const answer = await route.fetch();
      const policy = `${answer.headers()['content-security-policy']}; form-action 'self' ${new URL(callback).origin}`;
      await route.fulfill({ response: answer, headers: { ...answer.headers(), 'content-security-policy': policy } });
    });
    await page.goto(`${server.url}/interaction/held`);
    await page.click('button[value=allow]');
    await page.waitForFunction('document.readyState === "complete"');
    const deadline = Date.now() + 5000;
    while (complaints.length === 0 && Date.now() < deadline) await page.waitForTimeout(50);
    expect(page.url()).to.equal(`${server.url}/interaction/held`);
    expect(complaints.join('\n')).to.include('form-action');
  });

  it('signs out whoever is not the one who is meant', async () => {
    await signIn();
    const { page } = watched;
    server.interactions.pending.set('other', consentRequest('other', adaId, {}, { redirectUri: callback }));
    await page.goto(`${server.url}/interaction/other`);
    await page.click('text=Not you? Sign out');
    await page.waitForURL(`${server.url}/signed-out`);
    await page.goto(`${server.url}/interaction/other`);
    expect(await page.textContent('h1')).to.equal('You are no longer signed in');
  });

  it('is shown in no frame of another site', async () => {
    const { page } = watched;
    await page.goto(landing);
    await page.setContent(`<iframe src="${server.url}/login"></iframe>`);
    const frame = page.frames()[1];
    await frame?.waitForLoadState().catch(() => {});
    expect((await frame?.content().catch(() => '')) ?? '').to.not.include('password');
  });
});
