import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { askJson } from '../support/ask.ts';
import { commandLineToken, startServer, type TestServer } from '../support/start-server.ts';
import { chromiumPath, launchBrowser, openPage, overflows, type WatchedPage } from './support/browser.ts';

const PASSWORD = 'a quiet river in the north';
const NAME = '<b>Ünï</b> עברית 🚀 '.repeat(12).trim();
const MOST_TABS = 80;

describe('personal access tokens in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: TestServer;
  let watched: WatchedPage;
  let page: Page;
  let people = 0;

  before(async function () {
    if (chromiumPath === null) return this.skip();
    [browser, server] = await Promise.all([launchBrowser(), startServer()]);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    people += 1;
    const email = `person${people}@northwind.example`;
    await askJson(server, 'POST', '/api/users', await commandLineToken(server), { email, password: PASSWORD });
    watched = await openPage(browser, { colorScheme: 'light', width: people % 2 === 0 ? 1280 : 390 });
    page = watched.page;
    await watched.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.url });
    await page.goto(`${server.url}/login?next=/tokens`);
    await page.fill('#email', email);
    await page.fill('#password', PASSWORD);
    await page.click('button.primary');
    await page.waitForURL(`${server.url}/tokens`);
  });
  afterEach(async () => {
    expect([...watched.origins]).to.deep.equal([server.url]);
    await watched.context.close();
  });

  const clipboard = (): Promise<string> => page.evaluate('navigator.clipboard.readText()');
  const heading = (): Promise<string | null> => page.textContent('h1');

  it('are made, copied and revoked with a mouse', async () => {
    await page.click('text=Make your first token');
    await page.fill('#name', NAME);
    await page.click('label:has-text("30 days")');
    await page.click('label:has-text("posts:write")');
    await page.click('text=Make the token');
    expect(await heading()).to.equal('Your token is ready');
    expect(await overflows(page), 'wider than the window').to.equal(false);
    const secret = (await page.textContent('#secret-value')) ?? '';
    for (const [button, text] of [
      ['Copy the secret', secret],
      ['Copy the command', (await page.textContent('#secret-curl')) ?? ''],
    ] as const) {
      await page.getByRole('button', { name: button }).click();
      await page.locator('#announcements', { hasText: 'Copied' }).waitFor({ state: 'attached' });
      expect(await clipboard()).to.equal(text);
    }
    const me = await askJson(server, 'GET', '/api/me', secret);
    expect((me.json as { credential: { scopes: unknown } }).credential.scopes).to.deep.equal([
      'posts:read',
      'posts:write',
    ]);

    await page.click('text=I have copied it');
    expect(await page.textContent('.thing h2')).to.equal(NAME);
    expect(await page.content()).to.not.include(secret);
    expect(await overflows(page), 'wider than the window').to.equal(false);
    await page.click('.thing h2 a');
    await page.fill('#name', 'renamed');
    await page.click('main button:has-text("Rename")');
    expect(await page.textContent('[role=status]')).to.equal('The token has its new name.');
    expect(await heading()).to.equal('renamed');
    await page.click('text=Revoke this token');
    expect(await heading()).to.equal('Revoke this token?');
    await page.click('text=Keep it');
    await page.click('.thing >> text=Revoke');
    await page.click('text=Revoke it');
    expect(await page.textContent('[role=status]')).to.include('The token is revoked.');
    expect((await askJson(server, 'GET', '/api/me', secret)).status).to.equal(401);
    expect(watched.complaints).to.deep.equal([]);
  });

  it('are made, copied and revoked with the keyboard alone', async () => {
    await tabTo('main a.primary', 'Enter');
    await page.locator('#name:focus').waitFor();
    await page.keyboard.type('from the keyboard');
    await tabTo('[name=expiry]:checked', 'ArrowDown');
    expect(await page.evaluate('document.activeElement.value')).to.equal('365');
    await tabTo('[value="categories:read"]', 'Space');
    await tabTo('main button.primary', 'Enter');
    await page.waitForSelector('#secret-value');
    const secret = await page.textContent('#secret-value');
    await tabTo('[data-copy="#secret-value"]', 'Enter');
    await page.locator('#announcements', { hasText: 'Copied' }).waitFor({ state: 'attached' });
    expect(await clipboard()).to.equal(secret);
    await tabTo('main a.primary', 'Enter');
    await page.waitForSelector('.thing');
    expect(await page.textContent('.thing .scope-list'))
      .to.include('posts:read')
      .and.include('categories:read');
    await tabTo('.thing h2 a', 'Enter');
    await page.waitForSelector('[action$="/rename"]');
    await tabTo('#name');
    await page.keyboard.type('renamed');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=status]');
    expect(await heading()).to.equal('renamed');
    await tabTo('a[href="/tokens"]', 'Enter');
    await page.waitForSelector('.thing');
    await tabTo('.thing a[href$="/revoke"]', 'Enter');
    await page.waitForSelector('button.danger');
    await tabTo('button.danger', 'Enter');
    await page.waitForSelector('[role=status]');
    expect(await page.textContent('.empty')).to.include('You have no tokens yet');
    expect(watched.complaints).to.deep.equal([]);
  });

  it('are made once, whether the page is loaded anew or the form sent again from before', async () => {
    await page.goto(`${server.url}/tokens?name=Backup&scopes=posts:write,posts:delete`);
    expect(await page.textContent('.note.warn')).to.include('posts:delete');
    expect(await page.inputValue('#name')).to.equal('Backup');
    await page.click('text=Make the token');
    await page.waitForSelector('#secret-value');
    await page.goBack();
    await page.click('text=Make the token');
    expect(await heading()).to.equal('It was made already');
    await page.reload();
    expect(await heading()).to.equal('It was made already');
    expect(await page.textContent('.lead')).to.include('Backup');
    await page.goto(`${server.url}/tokens`);
    expect(await page.locator('.thing').count()).to.equal(1);
  });

  it('are all revoked for the password, by mouse and by keyboard', async () => {
    for (const means of ['mouse', 'keyboard']) {
      await page.goto(`${server.url}/tokens/new?name=Backup`);
      await page.click('text=Make the token');
      await page.goto(`${server.url}/tokens`);
      if (means === 'mouse') await page.click('text=Revoke all my tokens');
      else await tabTo('a[href="/tokens/revoke-all"]', 'Enter');
      await page.locator('#password:focus').waitFor();
      await page.keyboard.type('wrong');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#password-error');
      await page.locator('[role=alert]:focus').waitFor();
      if (means === 'mouse') await page.click('#password');
      else await tabTo('#password');
      await page.keyboard.type(PASSWORD);
      if (means === 'mouse') await page.click('text=Revoke them all');
      else await page.keyboard.press('Enter');
      await page.waitForSelector('[role=status]');
      expect(await page.locator('.thing').count()).to.equal(0);
    }
  });

  /** Presses Tab until an element has the focus, and then a key. */
  async function tabTo(selector: string, key?: string): Promise<void> {
    for (let presses = 0; presses < MOST_TABS; presses += 1) {
      if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) {
        if (key !== undefined) await page.keyboard.press(key);
        return;
      }
      await page.keyboard.press('Tab');
    }
    expect.fail(`no key leads to ${selector}`);
  }
});
