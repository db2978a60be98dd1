import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { askJson } from '../support/ask.ts';
import { administrator } from '../support/person.ts';
import { commandLineToken, startServer, type TestServer } from '../support/start-server.ts';
import { barriersOf, chromiumPath, launchBrowser, openPage, overflows, type WatchedPage } from './support/browser.ts';

const NAME = '<b>Ünï</b> עברית 🚀';
const MOST_TABS = 150;

describe('the administration in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: TestServer;
  let watched: WatchedPage;
  let page: Page;
  let signedIn: Awaited<ReturnType<BrowserContext['storageState']>> | undefined;

  before(async function () {
    if (chromiumPath === null) return this.skip();
    [browser, server] = await Promise.all([launchBrowser(), startServer()]);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  afterEach(async () => {
    expect(watched.complaints).to.deep.equal([]);
    expect([...watched.origins]).to.deep.equal([server.url]);
    await watched.context.close();
  });

  /** Signs in once; later windows are the same person's. */
  async function open(path: string, width = 1280, colorScheme: 'light' | 'dark' = 'light'): Promise<void> {
    watched = await openPage(browser, { colorScheme, width }, signedIn);
    page = watched.page;
    if (signedIn === undefined) {
      const account = administrator(server);
      await page.goto(`${server.url}/login`);
      await page.fill('#email', account.email);
      await page.fill('#password', account.password);
      await page.click('button.primary');
      await page.waitForURL(`${server.url}/`);
      signedIn = await watched.context.storageState();
    }
    await page.goto(server.url + path);
  }
  const heading = async (): Promise<string> => (await page.textContent('h1'))?.trim() ?? '';
  const notice = (): Promise<string | null> => page.textContent('[role=status]');
  /** Pages that only forms lead to; all others are judged elsewhere. */
  async function sound(): Promise<void> {
    expect(await barriersOf(page), page.url()).to.deep.equal([]);
    expect(await overflows(page), page.url()).to.equal(false);
  }
  const newKey = async (): Promise<string> => {
    const body = { name: NAME, scopes: ['posts:read'] };
    const { json } = await askJson(server, 'POST', '/api/keys', await commandLineToken(server), body);
    return (json as { key: string }).key;
  };

  /** Waits until a field has the focus by itself, which a page gives it when it is drawn and not when it is loaded. */
  const focusOn = (id: string): Promise<unknown> => page.locator(`#${id}:focus`).waitFor();

  /** Goes on by Tab alone to what a selector names; then types, or presses a key. */
  async function reach(
    selector: string,
    then: { readonly type?: string; readonly press?: string } = {},
  ): Promise<void> {
    for (let tabs = 0; tabs < MOST_TABS; tabs += 1) {
      await page.keyboard.press('Tab');
      const isThere = `document.activeElement?.matches(${JSON.stringify(selector)}) === true`;
      if ((await page.evaluate(isThere)) !== true) continue;
      if (then.type !== undefined) await page.keyboard.type(then.type);
      if (then.press === 'Enter') await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
      else if (then.press !== undefined) await page.keyboard.press(then.press);
      return;
    }
    throw new Error(`the keyboard does not reach ${selector} on ${page.url()}`);
  }

  it('invites somebody, shuts them out and lets them in, with a mouse on a phone', async () => {
    await open('/admin', 390, 'dark');
    await page.click('main a:has-text("Users")');
    await page.click('text=Invite somebody');
    await page.fill('#email', 'grace@northwind.example');
    await page.fill('#name', NAME);
    await page.selectOption('#role', 'admin');
    await page.click('text=Make the user and their link');
    expect(await page.textContent('#secret-value')).to.include('/set-password/');
    await sound();
    await page.click('text=I have copied it');
    expect(await heading()).to.equal(NAME);
    await page.click('a:has-text("Shut out")');
    await page.click('button:has-text("Shut them out")');
    expect(await notice()).to.include('shut out');
    await page.click('button:has-text("Let in again")');
    expect(await notice()).to.include('let in again');
    await page.click('text=End all sessions');
    expect(await notice()).to.include('Every session');
  });

  it('makes a workspace, narrows, suspends and resumes it, and looks after its members, with a mouse', async () => {
    await open('/admin/workspaces');
    await page.click('text=New workspace');
    await page.fill('#name', NAME);
    await page.click('text=Make the workspace');
    expect(await notice()).to.include('you are its owner');
    await page.click('a:has-text("Change")');
    await page.selectOption('#rate_limit_tier', 'pro');
    await page.uncheck('input[name=scopes][value="*"]');
    await page.check('input[name=scopes][value="posts:*"]');
    await page.click('button:has-text("Save")');
    expect(await page.textContent('.scope-list')).to.include('posts:*');
    await page.click('text=Members and roles');
    await page.fill('#email', 'grace@northwind.example');
    await page.click('text=Add them');
    expect(await notice()).to.include('a member now');
    const row = page.locator('.thing', { hasText: 'grace@northwind.example' });
    await row.locator('select').selectOption('admin');
    await row.getByRole('button', { name: 'Change' }).click();
    expect(await notice()).to.include('The role is changed');
    await row.getByRole('link', { name: 'Take out' }).click();
    await page.click('button:has-text("Take them out")');
    expect(await notice()).to.include('no longer a member');
    await page.click('.back a');
    await page.click('text=Suspend it');
    expect(await page.getAttribute('button.danger', 'aria-disabled')).to.equal('true');
    await page.fill('#confirm', NAME);
    await page.click('button.danger');
    expect(await notice()).to.include('suspended');
    await page.click('text=Let it in again');
    expect(await notice()).to.include('let in again');
  });

  it('finds out what a leaked credential is and ends it, with a mouse', async () => {
    const key = await newKey();
    await open('/admin/audit');
    await page.click('text=A credential has leaked');
    await page.fill('#credential', key);
    await page.click('text=Look it up');
    expect(await heading()).to.equal('It is an API key');
    await sound();
    await page.fill('#credential', key);
    await page.click('text=End it now');
    expect(await heading()).to.equal('It is ended');
    await sound();
    expect(await page.content()).to.not.include(key);
    expect(page.url()).to.not.include(key);
    expect((await askJson(server, 'GET', '/v1/posts', key)).status).to.equal(401);
  });

  it('invites somebody and adds them to a workspace with the keyboard', async () => {
    await open('/admin/users/new');
    await focusOn('email');
    await page.keyboard.type('edsger@northwind.example');
    await reach('#name', { type: 'Edsger' });
    await reach('#role', { type: 'm' });
    await reach('button.primary', { press: 'Enter' });
    expect(await page.textContent('#secret-value')).to.include('/set-password/');
    await reach('.actions a', { press: 'Enter' });
    await reach('a[href$="/disable"]', { press: 'Enter' });
    await reach('button.danger', { press: 'Enter' });
    expect(await notice()).to.include('shut out');
    await reach('form[action$="/enable"] button', { press: 'Enter' });
    expect(await notice()).to.include('let in again');
  });

  it('makes and suspends a workspace, and moves its members, with the keyboard', async () => {
    await open('/admin/workspaces/new');
    await focusOn('name');
    await page.keyboard.type('Keyboard');
    await reach('button.primary', { press: 'Enter' });
    await reach('a[href$="/members"]', { press: 'Enter' });
    await reach('#email', { type: 'edsger@northwind.example' });
    await reach('form[action$="/members"] button', { press: 'Enter' });
    expect(await notice()).to.include('a member now');
    await reach('.thing:last-child select', { type: 'a' });
    await reach('.thing:last-child button', { press: 'Enter' });
    expect(await notice()).to.include('The role is changed');
    await reach('.thing:last-child a[href$="/remove"]', { press: 'Enter' });
    await reach('button.danger', { press: 'Enter' });
    expect(await notice()).to.include('no longer a member');
    await reach('.back a', { press: 'Enter' });
    await reach('a[href$="/suspend"]', { press: 'Enter' });
    await reach('#confirm', { type: 'Keyboard' });
    await reach('button.danger', { press: 'Enter' });
    expect(await notice()).to.include('suspended');
  });

  it('narrows the trail, ends what has leaked and replaces the signing key with the keyboard', async () => {
    const key = await newKey();
    await open('/admin/audit');
    await reach('.filters summary', { press: 'Space' });
    await reach('#action', { type: 'key.issued' });
    await reach('.filters button', { press: 'Enter' });
    expect(await page.textContent('.event-what')).to.include('An API key was issued.');
    await reach('a[href="/admin/audit/leak"]', { press: 'Enter' });
    await focusOn('credential');
    await page.keyboard.insertText(key);
    await reach('button.primary', { press: 'Enter' });
    await reach('#credential');
    await page.keyboard.insertText(key);
    await reach('button.danger', { press: 'Enter' });
    expect(await heading()).to.equal('It is ended');
    await page.goto(`${server.url}/admin/signing-keys`);
    await reach('a[href$="/rotate"]', { press: 'Enter' });
    await reach('input[name=way]', { press: 'ArrowDown' });
    await reach('button.danger', { press: 'Enter' });
    expect(await notice()).to.include('A new signing key');
  });
});
