import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { letIn, newPerson, registerApp, verdict } from '../support/app-under-test.ts';
import { askJson } from '../support/ask.ts';
import { administrator, person } from '../support/person.ts';
import { commandLineToken, startServer, type TestServer } from '../support/start-server.ts';
import {
  barriersOf,
  chromiumPath,
  type Look,
  launchBrowser,
  looks,
  openPage,
  overflows,
  type WatchedPage,
} from './support/browser.ts';
import { crawl, type FoundPage } from './support/crawl.ts';

const hostileName = '<img src=x onerror=alert(1)> "Ünï" مفتاح 🚀';
const LARGEST_BYTES = 60_000;
const pictures = process.env.PAGES_PICTURES ?? '';

/** Where links do not lead: what is behind a form, and the places that other tests of this folder look at. */
const BEHIND_FORMS = ['/login/again?next=%2Faccount', '/tokens/new?name=Nightly+build&scopes=posts%3Aread'];

/** How far somebody can scroll beyond the end of the page's text. */
const BELOW_THE_CONTENT = `
  document.documentElement.scrollHeight -
  Math.max(innerHeight, Math.ceil(document.body.getBoundingClientRect().bottom + scrollY))`;

/** Watches how much of a page moves while it is loaded. */
const WATCH_SHIFTS = `
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });`;

describe('every page of somebody signed in', function () {
  this.timeout(300_000);
  let browser: Browser;
  let server: TestServer;
  let member: { readonly email: string; readonly password: string };

  before(async function () {
    if (chromiumPath === null) return this.skip();
    server = await startServer();
    member = await fill(server);
    browser = await launchBrowser();
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  // A page is looked at in two looks of the four in every run, and in all of them where pictures are kept.
  const chosen = looks.filter(
    ({ colorScheme, width }) => pictures !== '' || (colorScheme === 'light') === (width === 1280),
  );
  for (const [index, look] of chosen.entries()) {
    // What does not depend on the look is asked in the first one.
    const rules = index === 0 ? 'all' : 'look';
    it(`has no barrier, complaint, foreign request, shift or weight, ${look.colorScheme}, ${look.width} pixels wide`, async () => {
      const { found, faults } = await lookAround(browser, server, administrator(server), { look, rules, who: 'admin' });
      expect(faults).to.deep.equal([]);
      expect(found.map(({ shape }) => shape)).to.include.members([
        '/',
        '/tokens',
        '/keys',
        '/apps',
        '/clients',
        '/admin',
        '/account',
        '/account/access',
      ]);
    });
  }

  it('leads a member nowhere they may not be', async () => {
    const look = { colorScheme: 'light', width: 390 } as const;
    const { found, faults } = await lookAround(browser, server, member, { look, rules: 'all', who: 'member' });
    expect(faults).to.deep.equal([]);
    expect(found.map(({ shape }) => shape)).to.include.members(['/tokens', '/apps', '/account']);
  });
});

/** Goes to every page that links lead to, and lists what is wrong there. */
async function lookAround(
  browser: Browser,
  server: TestServer,
  account: { readonly email: string; readonly password: string },
  { look, rules, who }: { readonly look: Look; readonly rules: 'all' | 'look'; readonly who: string },
): Promise<{ readonly found: readonly FoundPage[]; readonly faults: readonly string[] }> {
  const watched = await openPage(browser, look);
  const { page, context, complaints, origins } = watched;
  await page.addInitScript(WATCH_SHIFTS);
  await signIn(page, server.url, account);
  let status = 0;
  let bytes = 0;
  page.on('response', async (response) => {
    if (response.request().resourceType() !== 'document') return;
    status = response.status();
    bytes = (await response.request().sizes()).responseBodySize;
  });
  const faults: string[] = [];
  const found = await crawl(page, server.url, ['/', ...BEHIND_FORMS], async ({ path, shape }) => {
    const wrong = await faultsOf(watched, rules);
    if (status >= 400) wrong.push(`answers ${status}`);
    // The stylesheet and the script come once for all pages, about 10 kB.
    if (bytes > LARGEST_BYTES - 10_000) wrong.push(`has ${bytes} bytes`);
    faults.push(...wrong.map((fault) => `${path}: ${fault}`));
    await keepPicture(page, `${who}${shape.replaceAll(/[^a-z0-9]+/gi, '-')}-${look.colorScheme}-${look.width}`);
  });
  faults.push(...complaints);
  if ([...origins].some((origin) => origin !== server.url)) faults.push(`asked ${[...origins].join(' ')}`);
  await context.close();
  return { found, faults };
}

async function faultsOf({ page }: WatchedPage, rules: 'all' | 'look'): Promise<string[]> {
  const faults = [...(await barriersOf(page, rules))];
  if (await overflows(page)) faults.push('is wider than the window');
  const shifted = Number(await page.evaluate('window.shifted'));
  if (shifted > 0.01) faults.push(`moved by ${shifted}`);
  const below = Number(await page.evaluate(BELOW_THE_CONTENT));
  if (below > 0) faults.push(`goes on for ${below} pixels below its content`);
  const headings = Number(await page.evaluate("document.querySelectorAll('h1').length"));
  if (headings !== 1) faults.push(`has ${headings} main headings`);
  return faults;
}

async function signIn(page: Page, url: string, account: { readonly email: string; readonly password: string }) {
  await page.goto(`${url}/login`);
  await page.fill('#email', account.email);
  await page.fill('#password', account.password);
  await page.click('button.primary');
  await page.waitForURL(`${url}/`);
}

/** Makes some of everything, with names as people have them and as attackers would have them. */
async function fill(server: TestServer): Promise<{ readonly email: string; readonly password: string }> {
  const token = await commandLineToken(server);
  const make = async (path: string, body: object): Promise<Record<string, string>> => {
    const answer = await askJson(server, 'POST', path, token, body);
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return answer.json as Record<string, string>;
  };
  const keys = [
    await make('/api/keys', { name: 'Mobile app', scopes: ['posts:read', 'posts:write'], environment: 'live' }),
    await make('/api/keys', { name: 'Nightly test', scopes: ['*:read'], environment: 'test', expires_at: null }),
    await make('/api/keys', { name: hostileName, scopes: ['posts:*'], rate_limit_tier: 'free' }),
  ];
  await make(`/api/keys/${keys[0]?.id}/rotate`, { grace_period: 3600 });
  await make('/api/tokens', { name: hostileName, scopes: ['posts:read'] });
  await make('/api/tokens', { name: 'x'.repeat(255), scopes: ['*'], expires_at: null });
  const other = await make('/api/workspaces', { name: hostileName });
  const app = await registerApp(server, token, { client_name: hostileName });
  await letIn(app, person(server), 'openid posts:read categories:read');
  await registerApp(server, token, { client_name: 'Sync job', grant_types: ['client_credentials'], redirect_uris: [] });
  const member = await newPerson(server, token, { role: 'member' });
  const named = await askJson(server, 'PATCH', `/api/users/${member.id}`, token, { name: 'مرحبا <b> '.repeat(25) });
  if (named.status !== 200) throw new Error(named.text);
  await newPerson(server, token, { role: 'admin', workspaceId: Number(other.id) });
  for (const key of keys) await verdict(server, key.key ?? '', 'posts:read');
  await verdict(server, keys[1]?.key ?? '', 'posts:delete');
  await server.composed.flushUsage();
  return member;
}

async function keepPicture(page: Page, name: string): Promise<void> {
  if (pictures === '') return;
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}
