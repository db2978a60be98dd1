import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { ask } from '../support/ask.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { barriersOf, chromiumPath, launchBrowser, looks, openPage, overflows } from './support/browser.ts';

describe('the page that describes the API', function () {
  this.timeout(60_000);
  let server: TestServer;

  before(async () => {
    server = await startServer();
  });
  after(() => server.stop());

  it('has every described call, with its scopes in sentences and a command with the public address', async () => {
    const { status, text } = await ask(server, '/docs');
    expect(status).to.equal(200);
    for (const item of Object.values(server.composed.apiDescription.paths)) {
      for (const { operationId } of Object.values(item)) expect(text).to.include(`id="${operationId}"`);
    }
    const key = text.slice(text.indexOf('id="createKey"'), text.indexOf('</details>', text.indexOf('id="createKey"')));
    expect(key).to.include('keys:manage').and.to.include('Manage API keys').and.to.include(`${server.issuer}/api/keys`);
    expect(key).to.include('rate_limit_tier').and.to.include('list of text').and.to.include('live | test');
    expect(key).to.include('<strong>422</strong>');
  });

  it('has no script but the pages’ own, and nothing of another origin', async () => {
    const { text, headers } = await ask(server, '/docs');
    const ownScript = /<script type="module" src="\/assets\/page\.[0-9a-f]{16}\.js"><\/script>/;
    expect(text.replace(ownScript, '')).to.not.match(
      /<script|\son\w+=|style=|<(?:img|iframe|link)[^>]+(?:src|href)="https?:/i,
    );
    expect(headers.get('Content-Security-Policy'))
      .to.match(/^default-src 'none'/)
      .and.not.include('unsafe');
  });

  it('is found from the start', async () => {
    expect((await ask(server, '/')).text).to.include('href="/docs"');
  });

  describe('in a browser', () => {
    let browser: Browser;

    before(async function () {
      if (chromiumPath === null) return this.skip();
      browser = await launchBrowser();
    });
    after(() => browser?.close());

    // Two looks of the four show every width and every colour.
    for (const look of looks.filter(({ colorScheme, width }) => (colorScheme === 'light') === (width === 1280))) {
      it(`has no barrier and fits, ${look.colorScheme}, ${look.width} pixels wide`, async () => {
        const { page, context, complaints, origins } = await openPage(browser, look);
        try {
          await page.goto(`${server.url}/docs#createKey`);
          await page.focus('#createKey summary');
          await page.keyboard.press('Enter');
          await page.locator('#createKey pre').waitFor({ state: 'visible' });
          expect(await barriersOf(page)).to.deep.equal([]);
          expect(await overflows(page), 'overflows').to.equal(false);
          expect(complaints).to.deep.equal([]);
          expect([...origins]).to.deep.equal([server.url]);
        } finally {
          await context.close();
        }
      });
    }
  });
});
