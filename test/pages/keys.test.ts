import { expect } from 'chai';
import type { Browser, BrowserContext } from 'playwright-core';
import { askJson } from '../support/ask.ts';
import { administrator } from '../support/person.ts';
import { commandLineToken, startServer, type TestServer } from '../support/start-server.ts';
import { chromiumPath, launchBrowser, openPage, overflows, type WatchedPage } from './support/browser.ts';

const MOST_TABS = 120;

describe('API keys in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: TestServer;
  let almighty: string;
  let signedIn: Awaited<ReturnType<BrowserContext['storageState']>>;
  let watched: WatchedPage;

  before(async function () {
    if (chromiumPath === null) return this.skip();
    browser = await launchBrowser();
    server = await startServer();
    almighty = await commandLineToken(server);
    const { page, context } = await openPage(browser);
    const { email, password } = administrator(server);
    await page.goto(`${server.url}/login`);
    await page.fill('#email', email);
    await page.fill('#password', password);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${server.url}/`);
    signedIn = await context.storageState();
    await context.close();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    watched = await openPage(browser, undefined, signedIn);
  });
  afterEach(async () => {
    // A refusal on purpose is no fault of the page.
    expect(watched.complaints.filter((one) => !/status of 4(?:09|22)/.test(one))).to.deep.equal([]);
    expect([...watched.origins]).to.deep.equal([server.url]);
    await watched.context.close();
  });

  const create = async (settings: object = {}): Promise<{ id: number; key: string }> => {
    const sent = { name: 'Nightly export', scopes: ['posts:read'], ...settings };
    return (await askJson(server, 'POST', '/api/keys', almighty, sent)).json as { id: number; key: string };
  };
  const works = async (key: string | null): Promise<boolean> =>
    (await askJson(server, 'GET', '/v1/posts', key ?? '')).status === 200;
  const open = (path: string) => watched.page.goto(server.url + path);
  const at = (path: string | RegExp) =>
    watched.page.waitForURL((url) =>
      typeof path === 'string' ? url.pathname + url.search === path : path.test(url.pathname + url.search),
    );
  const secret = async (): Promise<string | null> => {
    await watched.page.waitForSelector('.secret');
    return watched.page.textContent('#secret-value');
  };
  /** Moves the focus with the tabulator alone. */
  const tabTo = async (selector: string): Promise<void> => {
    for (let tabs = 0; tabs < MOST_TABS; tabs += 1) {
      if (await watched.page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
      await watched.page.keyboard.press('Tab');
    }
    throw new Error(`${selector} is out of reach of the keyboard`);
  };
  const press = async (selector: string, key = 'Enter'): Promise<void> => {
    await tabTo(selector);
    await watched.page.keyboard.press(key);
  };

  describe('with the mouse', () => {
    it('a key is made, shown, copied and listed', async () => {
      const { page, context } = watched;
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      await open('/keys');
      await page.click('text=New key');
      await page.fill('#name', 'Mobile app');
      await page.click('text=30 days');
      expect(await page.isChecked('input[value="posts:read"]'), 'the default').to.equal(true);
      await page.click('text=Read categories');
      await page.click('text=Make the key');
      const key = await secret();
      expect(await works(key)).to.equal(true);
      await page.click('button[data-copy] >> nth=0');
      await page.waitForSelector('button:has-text("Copied")');
      expect(await page.evaluate('navigator.clipboard.readText()')).to.equal(key);
      await page.click('text=I have copied it');
      await at('/keys');
      expect(await page.textContent('.things'))
        .to.include('Mobile app')
        .and.match(/Expires in 30 days/);
    });

    it('a form that is sent again makes no second key, and says so', async () => {
      const { page } = watched;
      await open('/keys/new?name=Twice&scopes=posts:read');
      await page.click('text=Make the key');
      await secret();
      await page.goBack();
      await page.click('text=Make the key');
      await page.waitForSelector('h1:has-text("It was made already")');
      await page.click('text=Twice');
      expect(await page.textContent('h1')).to.include('Twice');
    });

    it('a test key is deleted by one click, a live one by its name', async () => {
      const { page } = watched;
      const test = await create({ name: 'Trial', environment: 'test' });
      const live = await create({ name: 'Careful now' });
      await open('/keys');
      await page.click(`button[formaction="/keys/${test.id}/delete"] >> nth=-1`);
      await at('/keys?notice=deleted');
      expect(await works(test.key)).to.equal(false);
      await page.click(`.things a[href="/keys/${live.id}/delete"]`);
      expect(await page.getAttribute('button.danger', 'aria-disabled')).to.equal('true');
      await page.fill('#confirm', 'Careful');
      await page.click('button.danger', { force: true });
      await page.waitForSelector('[role=alert]');
      expect(await works(live.key)).to.equal(true);
      await page.fill('#confirm', 'Careful now');
      await page.click('button.danger');
      await at('/keys?notice=deleted');
      expect(await works(live.key)).to.equal(false);
    });

    it('a key is rotated, watched, and its old half ended', async () => {
      const { page } = watched;
      const old = await create({ name: 'Turning' });
      await open(`/keys/${old.id}`);
      await page.click('text=Rotate');
      await page.click('text=3 days');
      await page.click('text=Make the new key');
      const key = await secret();
      expect([await works(old.key), await works(key)]).to.deep.equal([true, true]);
      await page.click('text=I have copied it: watch both keys');
      await server.composed.flushUsage();
      await page.click('text=Refresh');
      await page.reload();
      expect(await page.textContent('tbody tr >> nth=0')).to.match(/Old sk_live_\w+…\s*1\s*1/);
      expect(await page.textContent('tbody tr >> nth=1')).to.match(/New sk_live_\w+…\s*1\s*1/);
      await page.selectOption('#ends_at', { index: 0 });
      await page.click('text=Move the end');
      await at(/notice=grace-moved$/);
      await page.click('text=End the old key now');
      await page.click('button:has-text("End the old key")');
      await at(/notice=grace-ended$/);
      expect([await works(old.key), await works(key)]).to.deep.equal([false, true]);
    });

    it('a key without an end gets one by one click, and a key is narrowed', async () => {
      const { page } = watched;
      const { id } = await create({ name: 'Wide', scopes: ['posts:read', 'posts:write'] });
      await open('/keys?attention=never_expiring');
      await page.click(`button[formaction^="/keys/${id}/expiry"]`);
      await at(/notice=end-set$/);
      await open(`/keys/${id}`);
      await page.click('text=Change');
      await page.uncheck('input[value="posts:write"]');
      await page.click('text=Save the changes');
      await at(`/keys/${id}?notice=changed`);
      expect(await page.textContent('.scope-list'))
        .to.include('posts:read')
        .and.not.include('posts:write');
      expect(await page.textContent('.meta')).to.match(/Expires in 90 days/);
    });
  });

  describe('with the keyboard alone', () => {
    it('a key is made', async () => {
      const { page } = watched;
      await open('/keys');
      await press('a[href="/keys/new"]');
      await page.waitForSelector('#name:focus');
      await page.keyboard.type('By keyboard');
      await tabTo('[name=environment]:checked');
      await page.keyboard.press('ArrowDown');
      await tabTo('[name=expiry]:checked');
      await page.keyboard.press('ArrowUp');
      await press('input[value="categories:read"]', 'Space');
      await press('form > .actions button');
      const key = await secret();
      expect(key).to.match(/^sk_test_/);
      expect(await works(key)).to.equal(true);
      expect(await page.textContent('.meta')).to.match(/Expires in 30 days/);
    });

    it('a key is rotated, its end moved, and the old one ended', async () => {
      const { page } = watched;
      const old = await create({ name: 'Turning by keys', environment: 'test' });
      await open('/keys');
      await press(`.things a[href="/keys/${old.id}/rotate"]`);
      await at(/rotate\?once=/);
      await tabTo('[name=grace]:checked');
      await page.keyboard.press('ArrowDown');
      await press('form > .actions button');
      const key = await secret();
      await press('p.actions a.primary');
      await at(/^\/keys\/\d+$/);
      await tabTo('#ends_at');
      await page.keyboard.press('ArrowDown');
      await press('form[action$="/grace"] button');
      await at(/notice=grace-moved$/);
      await press('a[href$="/end-grace"]');
      await at(/end-grace$/);
      await press('button.danger');
      await at(/notice=grace-ended$/);
      expect([await works(old.key), await works(key)]).to.deep.equal([false, true]);
    });

    it('a key is changed and deleted, with the focus on what is wrong in between', async () => {
      const { page } = watched;
      const { id, key } = await create({ name: 'Careful' });
      await open(`/keys/${id}`);
      await press(`a[href="/keys/${id}/edit"]`);
      await at(`/keys/${id}/edit`);
      await tabTo('#name');
      await page.keyboard.press('ControlOrMeta+A');
      await page.keyboard.type('Careful again');
      await press('form > .actions button');
      await at(`/keys/${id}?notice=changed`);
      await press(`a[href="/keys/${id}/delete"]`);
      await page.waitForSelector('#confirm:focus');
      await page.keyboard.type('Careful');
      await page.keyboard.press('Enter');
      await page.waitForSelector('[role=alert]:focus');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#confirm:focus');
      await page.keyboard.type('Careful again');
      await page.keyboard.press('Enter');
      await at('/keys?notice=deleted');
      expect(await works(key)).to.equal(false);
    });

    it('a key without an end gets one', async () => {
      const { id } = await create({ name: 'Endless by keys' });
      await open('/keys?attention=never_expiring');
      await press(`button[formaction^="/keys/${id}/expiry"]`);
      await at(/notice=end-set$/);
    });
  });

  it('long names break, and nothing is wider than a phone', async () => {
    await watched.context.close();
    watched = await openPage(browser, { colorScheme: 'dark', width: 390 }, signedIn);
    const { id } = await create({ name: `${'W'.repeat(200)} <script>` });
    for (const path of [
      '/keys',
      '/keys/new',
      `/keys/${id}`,
      `/keys/${id}/edit`,
      `/keys/${id}/rotate`,
      `/keys/${id}/delete`,
    ]) {
      await open(path);
      expect(await overflows(watched.page), path).to.equal(false);
    }
  });
});
