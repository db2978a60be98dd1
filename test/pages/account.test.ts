import { expect } from 'chai';
import pg from 'pg';
import type { Browser, Page } from 'playwright-core';
import { type AppUnderTest, letIn, newPerson, registerApp, verdict } from '../support/app-under-test.ts';
import { ownerToken } from '../support/ask.ts';
import { type Person, person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { chromiumPath, launchBrowser, openPage, overflows, type WatchedPage } from './support/browser.ts';

const NEXT = 'a quiet river in the north';
const MOST_TABS = 80;

describe('an account in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: TestServer;
  let database: pg.Client;
  let app: AppUnderTest;
  let ada: Person & { readonly id: number };
  let elsewhere: Person;
  let appToken: string;
  let watched: WatchedPage;
  let page: Page;
  let windows = 0;

  before(async function () {
    if (chromiumPath === null) return this.skip();
    [browser, server] = await Promise.all([launchBrowser(), startServer()]);
    app = await registerApp(server, await ownerToken(server), { client_name: 'Reader' });
    database = new pg.Client({ connectionString: server.databaseUrl });
    await database.connect();
  });
  after(async () => {
    await browser?.close();
    await database?.end();
    await server?.stop();
  });
  beforeEach(async () => {
    ada = await newPerson(server, await ownerToken(server), { role: 'owner' });
    elsewhere = person(server, ada);
    appToken = (await letIn(app, elsewhere, 'posts:read')).access_token;
    windows += 1;
    watched = await openPage(browser, { colorScheme: 'light', width: windows % 2 === 0 ? 390 : 1280 });
    page = watched.page;
    await page.goto(`${server.url}/login?next=/account`);
    await page.fill('#email', ada.email);
    await page.fill('#password', ada.password);
    await page.click('button.primary');
    await page.waitForURL(`${server.url}/account`);
  });
  afterEach(async () => {
    expect([...watched.origins]).to.deep.equal([server.url]);
    // A refused form is a page with a status of its own, which Chromium writes to its console.
    expect(watched.complaints.filter((text) => !text.includes('422'))).to.deep.equal([]);
    await watched.context.close();
  });

  const notice = async (): Promise<string | null> => page.textContent('.note[role=status]');
  const isInElsewhere = async (): Promise<boolean> => (await elsewhere.browser.get('/account')).status === 200;
  const makeStale = () =>
    database.query(`UPDATE sessions SET authenticated_at = now() - interval '11 minutes' WHERE user_id = $1`, [ada.id]);

  it('is changed with a mouse: name, address, password', async () => {
    await page.fill('#name', 'Ada <b>Bee</b>');
    await page.click('text=Change the name');
    expect(await notice()).to.include('Your name is changed.');
    expect(await page.inputValue('#name')).to.equal('Ada <b>Bee</b>');
    await page.fill('#email', `new.${ada.email}`);
    await page.fill('#current_password', 'wrong');
    await page.click('text=Change the address');
    expect(await page.textContent('#current_password-error')).to.include('The password is incorrect.');
    await page.locator('[role=alert]:focus').waitFor();
    expect(await page.inputValue('#email'), 'what was typed stays').to.equal(`new.${ada.email}`);
    await page.fill('#current_password', ada.password);
    await page.click('text=Change the address');
    expect(await notice()).to.include('Your e-mail address is changed.');
    await page.click('text=Change the password');
    await page.fill('#current_password', ada.password);
    await page.fill('#password', NEXT);
    await page.fill('#password_again', NEXT);
    await page.click('text=Also end all my personal access tokens');
    await page.click('main button.primary');
    expect(await notice()).to.include('Your other sessions have ended.');
    expect(await isInElsewhere()).to.equal(false);
  });

  it('is changed with the keyboard alone', async () => {
    await tabTo('#name');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('Ada Bee');
    await page.keyboard.press('Enter');
    await page.locator('.note[role=status]').waitFor();
    expect(await page.inputValue('#name')).to.equal('Ada Bee');
    await tabTo('#email');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type(`new.${ada.email}`);
    await tabTo('#current_password');
    await page.keyboard.type(ada.password);
    await page.keyboard.press('Enter');
    await page.locator('.note[role=status]', { hasText: 'address is changed' }).waitFor();
    await tabTo('a[href="/change-password"]', 'Enter');
    await page.locator('#current_password:focus').waitFor();
    await page.keyboard.type(ada.password);
    for (const field of ['#password', '#password_again']) {
      await tabTo(field);
      await page.keyboard.type(NEXT);
    }
    await page.keyboard.press('Enter');
    await page.locator('.note[role=status]', { hasText: 'other sessions have ended' }).waitFor();
    expect(await isInElsewhere()).to.equal(false);
  });

  it('goes on in another workspace at a click, and by the keyboard only when told to', async () => {
    await database.query(
      `WITH made AS (INSERT INTO workspaces (name) VALUES ('North'), ('South') RETURNING id)
       INSERT INTO memberships (workspace_id, user_id, role) SELECT id, $1, 'member' FROM made`,
      [ada.id],
    );
    await page.reload();
    const choice = page.locator('#switch-workspace');
    const chosen = (): Promise<string | null> => choice.locator('option:checked').textContent();
    await Promise.all([page.waitForEvent('load'), choice.selectOption({ label: 'South' })]);
    expect(await chosen()).to.equal('South');
    await choice.focus();
    await page.keyboard.press('ArrowUp');
    const button = page.locator('.switch button');
    await button.waitFor();
    expect([await chosen(), new URL(page.url()).pathname], 'still here').to.deep.equal(['North', '/account']);
    await page.keyboard.press('Tab');
    await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
    expect(await chosen()).to.equal('North');
    await page.reload();
    expect(await chosen(), 'of the session, and not of the list alone').to.equal('North');
  });

  it('shows what can act for somebody, and ends it with a mouse', async () => {
    await page.click('summary');
    await page.click('text=What can act for me');
    expect(await page.textContent('.thing h3')).to.match(/Chrome on .*this one/);
    expect(await overflows(page), 'wider than the window').to.equal(false);
    await page.click('.thing button:has-text("Sign out")');
    expect(await notice()).to.include('That browser is signed out.');
    expect(await isInElsewhere()).to.equal(false);
    await page.click('.thing:has-text("Reader") >> text=Disconnect');
    await page.click('text=Keep it');
    expect(await page.textContent('.card h2')).to.equal('Reader');
    await page.click('.card >> text=Disconnect');
    await page.click('text=Disconnect it');
    expect(await notice()).to.include('The app is disconnected.');
    expect(await verdict(server, appToken, 'posts:read')).to.equal(401);
    await page.goto(`${server.url}/apps`);
    expect(await page.textContent('.empty')).to.include('No app acts for you');
  });

  it('ends what can act for somebody with the keyboard alone', async () => {
    await tabTo('summary', 'Enter');
    await tabTo('.menu a[href="/account/access"]', 'Enter');
    await page.waitForURL(`${server.url}/account/access`);
    await tabTo('form[action$="/end-others"] button', 'Enter');
    await page.locator('.note[role=status]').waitFor();
    expect(await notice()).to.include('You are signed out everywhere but here.');
    expect(await isInElsewhere()).to.equal(false);
    await tabTo('a[href$="/disconnect"]', 'Enter');
    await page.waitForURL('**/disconnect');
    await tabTo('button.danger', 'Enter');
    await page.waitForURL('**/apps?notice=disconnected');
    expect(await verdict(server, appToken, 'posts:read')).to.equal(401);
  });

  for (const means of ['mouse', 'keyboard'] as const) {
    it(`asks for the password again before something far-reaching, and keeps what was filled in, by ${means}`, async () => {
      await page.goto(`${server.url}/tokens/new?name=Everything&scopes=*`);
      await makeStale();
      if (means === 'mouse') await page.click('text=Make the token');
      else await tabTo('main button.primary', 'Enter');
      await page.waitForURL('**/login/again?**');
      expect(await page.textContent('.lead')).to.include(ada.email);
      await page.locator('#password:focus').waitFor();
      await page.keyboard.type('wrong');
      if (means === 'mouse') await page.click('text=Go on');
      else await page.keyboard.press('Enter');
      await page.locator('#password-error').waitFor();
      if (means === 'mouse') await page.click('#password');
      else await tabTo('#password');
      await page.keyboard.type(ada.password);
      if (means === 'mouse') await page.click('text=Go on');
      else await page.keyboard.press('Enter');
      await page.waitForURL('**/tokens/new?**');
      expect(await page.inputValue('#name')).to.equal('Everything');
      expect(await page.isChecked('[name=scopes][value="*"]')).to.equal(true);
      await page.click('text=Make the token');
      await page.locator('#secret-value').waitFor();
    });
  }

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
