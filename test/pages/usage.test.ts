import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { ask, askJson, ownerToken } from '../support/ask.ts';
import { administrator } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { barriersOf, chromiumPath, launchBrowser, looks, openPage, overflows } from './support/browser.ts';

const NAME = '<b>Ünï</b> עברית 🚀';
const MOST_TABS = 60;
const pictures = process.env.PAGES_PICTURES ?? '';

describe('use over time in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: TestServer;
  let owner: string;
  let signedIn: Awaited<ReturnType<Awaited<ReturnType<typeof openPage>>['context']['storageState']>>;

  before(async function () {
    if (chromiumPath === null) return this.skip();
    [browser, server] = await Promise.all([launchBrowser(), startServer()]);
    owner = await ownerToken(server);
    const { page, context } = await openPage(browser);
    const { email, password } = administrator(server);
    await page.goto(`${server.url}/login`);
    await page.fill('#email', email);
    await page.fill('#password', password);
    await page.click('button.primary');
    await page.waitForURL(`${server.url}/`);
    signedIn = await context.storageState();
    await context.close();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** A key that was used for weeks, and holds more than it used. */
  async function usedKey(): Promise<number> {
    const made = await askJson(server, 'POST', '/api/keys', owner, {
      name: NAME,
      scopes: ['posts:*', 'categories:read'],
    });
    const { id, key } = made.json as { id: number; key: string };
    await server.composed.installation.database.pool.query(
      `INSERT INTO usage_hours SELECT $1, date_trunc('hour', now()) - n * interval '5 hours', 400 + 300 * sin(n / 4.0), CASE WHEN n % 7 = 0 THEN 90 ELSE 3 END
         FROM generate_series(1, 130) AS n`,
      [`credential:${id}`],
    );
    await ask(server, '/verify?scope=posts:read', { headers: { Authorization: `Bearer ${key}` } });
    await server.composed.flushUsage();
    return id;
  }
  const scopesOf = async (id: number): Promise<unknown> =>
    ((await askJson(server, 'GET', `/api/keys/${id}`, owner)).json as { scopes: unknown }).scopes;

  it('is drawn, told as a table, and narrows a key, with a mouse', async () => {
    const id = await usedKey();
    const { page, context, complaints, origins } = await openPage(browser, undefined, signedIn);
    await page.goto(`${server.url}/keys/${id}`);
    await page.click('text=See how it is used');
    const plot = page.getByRole('img', { name: `Calls of ${NAME} in the last 30 days` });
    expect((await plot.boundingBox())?.height).to.be.above(200);
    await page.click('text=Last 24 hours');
    expect(await page.locator('.numbers tbody tr').first().isVisible()).to.equal(false);
    await page.click('text=The same as a table');
    expect(await page.locator('.numbers tbody tr').count()).to.equal(24);
    expect(await page.locator('.numbers tbody tr').first().isVisible()).to.equal(true);
    await page.click('text=Narrow it to what it used');
    await page.click('text=Leave it as it is');
    await page.click('text=Narrow it to what it used');
    await page.click('button:has-text("Narrow it")');
    expect(await page.textContent('[role=status]')).to.include('Narrowed.');
    expect(await scopesOf(id)).to.deep.equal(['posts:read']);
    expect(complaints).to.deep.equal([]);
    expect([...origins]).to.deep.equal([server.url]);
    await context.close();
  });

  it('is drawn, told as a table, and narrows a key, with the keyboard alone', async () => {
    const id = await usedKey();
    const { page, context, complaints } = await openPage(browser, { colorScheme: 'dark', width: 390 }, signedIn);
    await page.goto(`${server.url}/keys/${id}/usage`);
    await tabTo(page, 'Last 7 days');
    await page.keyboard.press('Enter');
    await page.waitForURL(/range=7d/);
    await tabTo(page, 'The same as a table');
    await page.keyboard.press('Space');
    expect(await page.locator('.numbers tbody tr').last().isVisible()).to.equal(true);
    await tabTo(page, 'Narrow it to what it used…');
    await page.keyboard.press('Enter');
    await page.waitForURL(/narrow/);
    await tabTo(page, 'Narrow it');
    await page.keyboard.press('Enter');
    await page.waitForURL(/notice=narrowed/);
    expect(await scopesOf(id)).to.deep.equal(['posts:read']);
    expect(complaints).to.deep.equal([]);
    await context.close();
  });

  // Two looks of the four in every run, and all of them where pictures are kept.
  const chosen = looks.filter(
    ({ colorScheme, width }) => pictures !== '' || (colorScheme === 'light') === (width === 1280),
  );
  it('has no barrier, complaint or overflow, light and dark, wide and narrow', async () => {
    const id = await usedKey();
    const made = await askJson(server, 'POST', '/api/keys', owner, { name: NAME, scopes: ['posts:read'] });
    const unused = (made.json as { id: number }).id;
    for (const look of chosen) {
      const { page, context, complaints } = await openPage(browser, look, signedIn);
      for (const [index, path] of [
        `/keys/${id}/usage`,
        `/keys/${id}/usage/narrow`,
        `/keys/${unused}/usage`,
      ].entries()) {
        await page.goto(server.url + path);
        if (pictures !== '') {
          await page.screenshot({
            path: `${pictures}/usage-${index}-${look.colorScheme}-${look.width}.png`,
            fullPage: true,
          });
        }
        expect(await barriersOf(page), `${path} ${look.colorScheme} ${look.width}`).to.deep.equal([]);
        expect(await overflows(page), `${path} ${look.width}`).to.equal(false);
      }
      expect(complaints).to.deep.equal([]);
      await context.close();
    }
  });

  it('tells what was allowed from what was denied without colour', async () => {
    const id = await usedKey();
    const { page, context } = await openPage(browser, undefined, signedIn);
    await page.goto(`${server.url}/keys/${id}/usage`);
    const fills = await page.evaluate(
      `['allowed', 'denied'].map((one) => getComputedStyle(document.querySelector('g .plot-' + one)).fill.startsWith('url('))`,
    );
    expect(fills, 'solid, and hatched').to.deep.equal([false, true]);
    await context.close();
  });
});

/** Presses Tab until the element that is called so has the focus. */
async function tabTo(page: Page, text: string): Promise<void> {
  for (let tab = 0; tab < MOST_TABS; tab += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate('document.activeElement.textContent.trim()')) === text) return;
  }
  throw new Error(`nothing called ${text} can be reached by the keyboard`);
}
