import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import {
  barriersOf,
  chromiumPath,
  launchBrowser,
  looks,
  openPage,
  overflows,
  type WatchedPage,
} from './support/browser.ts';
import { type PagesServer, passwordOfAll, startPagesServer } from './support/pages-server.ts';
import { consentRequest, signInRequest } from './support/stand-in-interactions.ts';

interface Scene {
  readonly name: string;
  readonly path: string;
  readonly as?: 'ada' | 'new';
  readonly act?: (watched: WatchedPage) => Promise<void>;
  /** Status that Chromium writes to the console as an error. */
  readonly status?: number;
}

const hostileName = '<img src=x onerror=alert(1)> "Ünï" \u202Etxet desrever 🚀';

/** Stands for the path of a link that works. */
const LINK = '/set-password/';

const scenes: readonly Scene[] = [
  { name: 'welcome', path: '/' },
  { name: 'home', path: '/', as: 'new' },
  { name: 'sign-in', path: '/login' },
  {
    name: 'sign-in-refused',
    path: '/login',
    status: 422,
    act: async ({ page }) => {
      await page.fill('#email', 'nobody@northwind.example');
      await page.fill('#password', 'wrong');
      await page.click('button.primary');
      await page.waitForSelector('[role=alert]');
    },
  },
  { name: 'sign-in-for-app', path: '/interaction/sign' },
  { name: 'sign-in-again', path: '/interaction/again', as: 'ada' },
  { name: 'consent', path: '/interaction/consent', as: 'ada' },
  { name: 'consent-step-up', path: '/interaction/step-up', as: 'ada' },
  { name: 'consent-hostile', path: '/interaction/hostile', as: 'ada' },
  { name: 'consent-open', path: '/interaction/consent', as: 'ada', act: ({ page }) => page.click('summary') },
  { name: 'signed-out', path: '/signed-out' },
  { name: 'set-password', path: LINK },
  { name: 'forgot-password', path: '/forgot-password' },
  { name: 'link-sent', path: '/forgot-password?sent=1' },
  { name: 'change-password', path: '/change-password', as: 'ada' },
  { name: 'link-gone', path: '/set-password/gone', status: 410 },
  { name: 'not-found', path: '/nowhere', status: 404 },
];

describe('every page in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: PagesServer;
  let link: string;

  before(async function () {
    if (chromiumPath === null) return this.skip();
    browser = await launchBrowser();
    server = await startPagesServer();
    const ada = await server.person('ada@northwind.example', { name: 'Ada Fontaine' });
    await server.person('new@northwind.example', { name: 'Noor Haddad', mustChange: true });
    server.workspaces.push({ id: 2, name: 'Harbour & Sons', role: 'member' });
    link = await server.linkFor('ada@northwind.example');
    for (const request of [
      signInRequest('sign', { loginHint: 'ada@northwind.example' }),
      signInRequest('again', { mustReauthenticate: true, userId: ada.id }),
      consentRequest('consent', ada.id),
      consentRequest('step-up', ada.id, {
        identityScopes: [],
        scopes: [{ entry: '*', wildcard: true, expanded: [{ name: 'posts:read', description: 'Read blog posts' }] }],
        alreadyGranted: [
          {
            entry: 'posts:read',
            wildcard: false,
            expanded: [{ name: 'posts:read', description: 'Read blog posts' }],
          },
        ],
      }),
      consentRequest(
        'hostile',
        ada.id,
        { resource: 'https://reports.example.com' },
        {
          name: hostileName,
          owner: `${'A very long owner '.repeat(6)}`,
          redirectUri: `https://reports.example.com/${'callback'.repeat(20)}`,
        },
      ),
    ]) {
      server.interactions.pending.set(request.uid, request);
    }
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  // Two looks of the four in every run, and all of them where pictures are kept.
  const chosen = looks.filter(
    ({ colorScheme, width }) => Boolean(process.env.PAGES_PICTURES) || (colorScheme === 'light') === (width === 1280),
  );
  for (const look of chosen) {
    describe(`${look.colorScheme}, ${look.width} pixels wide`, () => {
      // One window for everybody who looks: a new one for each scene would be a new process each.
      const windows = new Map<string, WatchedPage>();

      before(async () => {
        for (const who of ['', 'ada', 'new']) {
          const watched = await openPage(browser, look);
          if (who !== '') await signInAs(watched, server.url, who);
          windows.set(who, watched);
        }
      });
      after(() => Promise.all([...windows.values()].map(({ context }) => context.close())));

      for (const scene of scenes) {
        it(`${scene.name} has no barrier, no complaint, no foreign request and fits`, async () => {
          const watched = windows.get(scene.as ?? '');
          if (watched === undefined) throw new Error('nobody has that window');
          const { page, complaints, origins } = watched;
          complaints.length = 0;
          origins.clear();
          await page.goto(server.url + (scene.path === LINK ? link : scene.path));
          await scene.act?.(watched);
          await keepPicture(watched, `${scene.name}-${look.colorScheme}-${look.width}`);
          expect(await barriersOf(page)).to.deep.equal([]);
          expect(await overflows(page), 'overflows').to.equal(false);
          const unexpected = complaints.filter((text) => !text.includes(`status of ${scene.status ?? 'none'}`));
          expect(unexpected).to.deep.equal([]);
          expect([...origins]).to.deep.equal([server.url]);
        });
      }
    });
  }
});

async function signInAs({ page }: WatchedPage, url: string, who: string): Promise<void> {
  await page.goto(`${url}/login`);
  await page.fill('#email', `${who}@northwind.example`);
  await page.fill('#password', passwordOfAll);
  await page.click('button.primary');
  await page.waitForURL(`${url}/`);
}

/** For whoever wants to look at the pages: `PAGES_PICTURES` names a folder. */
async function keepPicture({ page }: WatchedPage, name: string): Promise<void> {
  const folder = process.env.PAGES_PICTURES;
  if (folder === undefined || folder === '') return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
