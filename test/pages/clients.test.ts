import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { redirectUriFault } from '../../src/clients/client-faults.ts';
import { newPerson } from '../support/app-under-test.ts';
import { askToken } from '../support/ask.ts';
import { commandLineToken, startServer, type TestServer } from '../support/start-server.ts';
import { barriersOf, chromiumPath, launchBrowser, openPage, overflows, type WatchedPage } from './support/browser.ts';

const NAME = '<b>Ünï</b> עברית 🚀 '.repeat(9).trim();
const MOST_TABS = 120;
/** How much of the page has moved by itself since it was opened. */
const SHIFT = `new Promise((resolve) => {
  let moved = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) moved += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => resolve(moved), 100);
})`;
const pictures = process.env.PAGES_PICTURES ?? '';

describe('developer pages in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: TestServer;
  let watched: WatchedPage;
  let page: Page;

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

  async function open(path: string, width = 1280, colorScheme: 'light' | 'dark' = 'light'): Promise<void> {
    watched = await openPage(browser, { colorScheme, width });
    page = watched.page;
    const ada = await newPerson(server, await commandLineToken(server), { role: 'owner' });
    await page.goto(`${server.url}/login?next=${encodeURIComponent(path)}`);
    await page.fill('#email', ada.email);
    await page.fill('#password', ada.password);
    await page.click('button.primary');
    await page.waitForURL(server.url + path);
  }
  const heading = (): Promise<string | null> => page.textContent('h1');
  const clientId = async (): Promise<string> => (await page.textContent('#client-id')) ?? '';

  /** Pages that links lead to are judged with all others of their kind elsewhere; here those that only forms lead to. */
  async function sound(name: string, behindForm = false): Promise<void> {
    if (!behindForm && pictures === '') return;
    if (pictures !== '') {
      await mkdir(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
    }
    expect(await barriersOf(page), name).to.deep.equal([]);
    expect(Number(await page.evaluate(SHIFT)), `${name} moves while it loads`).to.be.below(0.01);
    expect(await overflows(page), `${name} is wider than the window`).to.equal(false);
  }

  const looks = [
    [390, 'dark'],
    [1280, 'light'],
  ] as const;
  for (const [width, colorScheme] of pictures === '' ? looks.slice(0, 1) : looks) {
    it(`register, change, try and delete an app with a mouse, ${width} pixels wide, ${colorScheme}`, async () => {
      await open('/clients', width, colorScheme);
      await page.click('text=Register an app');
      await sound(`client-kind-${width}`);
      await page.click('a:has-text("Web app with a server")');
      await page.fill('#client_name', NAME);
      await page.fill('#redirect_uris', 'https://app.example/cb\nhttp://app.example/#x');
      await page.waitForSelector('#redirect_uris-error >> text=Line 2 must not contain a fragment.');
      await page.click('text=Register the app');
      expect(await page.textContent('[role=alert]')).to.include('Line 2 must not contain a fragment.');
      watched.complaints.splice(0);
      await sound(`client-new-refused-${width}`, true);
      await page.fill('#redirect_uris', 'https://app.example/cb');
      await page.click('label:has-text("posts:write")');
      await page.click('text=Register the app');
      expect(await heading()).to.equal(`${NAME} is registered`);
      const secret = (await page.textContent('#secret-value')) ?? '';
      await sound(`client-registered-${width}`, true);

      await page.click('a:has-text("Done")');
      const id = await clientId();
      expect(await page.content()).to.not.include(secret);
      await sound(`client-${width}`);
      await page.click('a:has-text("Change")');
      await sound(`client-edit-${width}`);
      await page.click('label:has-text("It also acts for itself")');
      await page.click('button:has-text("Save")');
      expect(await page.textContent('[role=status]')).to.include('Saved.');

      await page.click('a:has-text("Add a secret")');
      await sound(`client-secret-new-${width}`);
      await page.click('button:has-text("Add the secret")');
      const second = (await page.textContent('#secret-value')) ?? '';
      await sound(`client-secret-made-${width}`, true);
      await page.click('a:has-text("Done")');
      for (const clientSecret of [secret, second]) {
        const tokens = await askToken(server, { clientId: id, clientSecret }, { grant_type: 'client_credentials' });
        expect(tokens.status, tokens.text).to.equal(200);
      }
      await page.click(`a[aria-label$="ends with ${secret.slice(-4)}"]`);
      await sound(`client-secret-remove-${width}`);
      await page.click('button:has-text("Remove it")');
      expect(await page.textContent('[role=status]')).to.include('The secret is removed.');

      await page.click('a:has-text("Test sign-in")');
      await sound(`client-test-${width}`);
      await page.goBack();
      await page.click('a:has-text("Delete this app")');
      await page.fill('#confirm', 'another name');
      expect(await page.getAttribute('button.danger', 'aria-disabled')).to.equal('true');
      await page.press('#confirm', 'Enter');
      await page.waitForSelector('[role=alert]');
      watched.complaints.splice(0);
      await sound(`client-delete-${width}`, true);
      await page.fill('#confirm', NAME);
      await page.click('button:has-text("Delete the app")');
      expect(await page.textContent('[role=status]')).to.include('The app is deleted');
      await sound(`clients-${width}`);
    });
  }

  it('register an app for devices, see its sign-in come back, and delete it, with the keyboard alone', async () => {
    await open('/clients/new');
    await tabTo('a[href="/clients/new?type=public"]', 'Enter');
    await page.locator('#client_name:focus').waitFor();
    await page.keyboard.type('Keys only');
    await tabTo('#redirect_uris');
    await page.keyboard.type('http://127.0.0.1/cb');
    await tabTo('#native');
    await page.waitForSelector('#redirect_uris-error >> text=Line 1 is a loopback address: tick the box for devices.');
    await page.keyboard.press('Space');
    await page.waitForSelector('#redirect_uris-error >> text=Line 1', { state: 'detached' });
    await tabTo('main button.primary', 'Enter');
    await page.waitForSelector('#client-id');
    await tabTo('main a.primary', 'Enter');
    await page.waitForSelector('.facts >> text=Registered');
    const id = await clientId();

    await tabTo('main a.button', 'Enter', 'Change');
    await page.locator('#redirect_uris').waitFor();
    await tabTo('#redirect_uris');
    await page.keyboard.press('Control+End');
    await page.keyboard.press('Enter');
    await page.keyboard.type(`${server.issuer}/clients/${id}/test/answer`);
    await tabTo('main button.primary', 'Enter');
    await page.waitForSelector('[role=status]');
    await tabTo('main a.button', 'Enter', 'Test sign-in');
    await page.waitForSelector('h2:has-text("Come back to this page")');
    await tabTo('main a.primary', 'Enter');
    await page.waitForSelector('button[value=allow]');
    await tabTo('button[value=allow]', 'Enter');
    await page.waitForSelector('h1:has-text("It works: the code has arrived")');
    await sound('client-test-answer', true);

    await tabTo('main a.button', 'Enter', 'Back to the app');
    await page.waitForSelector('text=Delete this app');
    await tabTo('main a.danger', 'Enter', 'Delete this app');
    await page.locator('#confirm').waitFor();
    await tabTo('#confirm');
    await page.keyboard.type('Keys only');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=status] >> text=The app is deleted');
  });

  it('say of a redirect URI what the server says of it', async () => {
    await open('/clients/new?type=public');
    const uris = [
      'https://app.example/cb',
      'https:app.example',
      'https://a.example/ b',
      'https://a.example/*',
      'https://a.example/#',
      'https://me:pw@a.example/',
      'http://a.example/',
      'http://localhost/cb',
      'http://[::1]:3000/cb',
      'com.example.app:/cb',
      'example:/cb',
      'javascript:alert(1)',
      'nothing',
      'https://ä.example/',
    ];
    for (const native of [false, true]) {
      await page.setChecked('#native', native);
      await page.fill('#redirect_uris', uris.join('\n'));
      await page.locator('#redirect_uris').blur();
      const expected = uris.flatMap((uri, index) => {
        const fault = redirectUriFault(uri, native ? 'native' : 'web');
        const inWords = fault?.replace('register the client as native', 'tick the box for devices');
        return inWords === undefined ? [] : [`Line ${index + 1} ${inWords}`];
      });
      await page.waitForFunction(`document.querySelectorAll('#redirect_uris-error li').length === ${expected.length}`);
      expect(await page.locator('#redirect_uris-error li').allTextContents()).to.deep.equal(expected);
    }
  });

  /** Moves the focus as somebody without a mouse does, then presses a key. */
  async function tabTo(selector: string, key?: string, text = ''): Promise<void> {
    const arrived = `document.activeElement.matches(${JSON.stringify(selector)}) && document.activeElement.textContent.includes(${JSON.stringify(text)})`;
    for (let count = 0; count < MOST_TABS; count += 1) {
      if ((await page.evaluate(arrived)) === true) {
        if (key !== undefined) await page.keyboard.press(key);
        return;
      }
      await page.keyboard.press('Tab');
    }
    throw new Error(`no way to ${selector} by Tab on ${page.url()}`);
  }
});
