import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import * as openid from 'openid-client';
import type { Browser } from 'playwright-core';
import { type AppUnderTest, newPerson, registerApp, verdict } from '../support/app-under-test.ts';
import { ownerToken } from '../support/ask.ts';
import type { Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { barriersOf, chromiumPath, launchBrowser, openPage, type WatchedPage } from './support/browser.ts';

/** A small app with a page of its own: begins, takes the code back and redeems it, as apps do. */
interface RunningApp {
  readonly url: string;
  readonly stop: () => void;
  /** Scope of the next request. */
  scope: string;
  app: AppUnderTest | null;
  tokens: openid.TokenEndpointResponse | null;
}

async function runApp(): Promise<RunningApp> {
  const begun = new Map<string, string>();
  const running: RunningApp = { url: '', stop: () => {}, scope: '', app: null, tokens: null };
  const server: Server = createServer((request, response) => {
    answer(request.url ?? '/').then(
      ({ location, text }) => {
        response.writeHead(location === undefined ? 200 : 303, {
          'Content-Type': 'text/html; charset=utf-8',
          ...(location !== undefined && { Location: location }),
        });
        response.end(
          `<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"><h1>${text}</h1>`,
        );
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });

  async function answer(path: string): Promise<{ location?: string; text: string }> {
    const { app } = running;
    if (app === null) throw new Error('the app is not registered yet');
    const url = new URL(path, running.url);
    if (url.pathname === '/start') {
      const verifier = openid.randomPKCECodeVerifier();
      const state = openid.randomState();
      begun.set(state, verifier);
      const location = openid.buildAuthorizationUrl(app.config, {
        redirect_uri: `${running.url}/callback`,
        scope: running.scope,
        state,
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      return { location: location.href, text: '' };
    }
    if (url.pathname !== '/callback') return { text: 'Left' };
    const state = url.searchParams.get('state') ?? '';
    const error = url.searchParams.get('error');
    if (error !== null) return { location: `/denied?${error}`, text: '' };
    running.tokens = await openid.authorizationCodeGrant(app.config, url, {
      pkceCodeVerifier: begun.get(state) ?? '',
      expectedState: state,
    });
    return { location: '/welcome', text: '' };
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return Object.assign(running, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop });
}

describe('letting an app in, in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: TestServer;
  let owner: string;
  let running: RunningApp;
  let ada: Person;
  let watched: WatchedPage;

  before(async function () {
    if (chromiumPath === null) return this.skip();
    browser = await launchBrowser();
    server = await startServer();
    owner = await ownerToken(server);
    running = await runApp();
  });
  after(async () => {
    await browser?.close();
    running?.stop();
    await server?.stop();
  });
  beforeEach(async () => {
    running.tokens = null;
    running.scope = 'openid profile posts:read posts:write';
    running.app = await registerApp(server, owner, {
      client_name: 'Northwind Reader',
      application_type: 'native',
      redirect_uris: [`${running.url}/callback`],
      post_logout_redirect_uris: [`${running.url}/left`],
      token_endpoint_auth_method: 'client_secret_basic',
    });
    ada = await newPerson(server, owner);
    watched = await openPage(browser);
  });
  afterEach(() => watched?.context.close());

  const focusOn = (id: string) => watched.page.waitForFunction(`document.activeElement.id === "${id}"`);

  async function toConsent(): Promise<void> {
    const { page } = watched;
    await page.goto(`${running.url}/start`);
    await page.fill('#email', ada.email);
    await page.fill('#password', ada.password);
    await page.click('button[type=submit]');
    await page.waitForSelector('text=Northwind Reader');
    await page.waitForSelector('button[value=allow]');
  }

  it('signs in, unticks a permission and lands at the app, which gets what stayed ticked', async () => {
    const { page, complaints, origins } = watched;
    await toConsent();
    expect(await barriersOf(page)).to.deep.equal([]);
    await page.uncheck('text=Create and update posts');
    await page.click('button[value=allow]');
    await page.waitForURL(`${running.url}/welcome`);
    expect(running.tokens?.scope).to.equal('posts:read');
    const token = running.tokens?.access_token ?? '';
    expect(await verdict(server, token, 'posts:read')).to.equal(200);
    expect(await verdict(server, token, 'posts:write')).to.equal(403);
    expect(complaints).to.deep.equal([]);
    expect([...origins].sort()).to.deep.equal([running.url, server.url].sort());
  });

  it('works with the keyboard alone', async () => {
    const { page, complaints } = watched;
    await page.goto(`${running.url}/start`);
    await focusOn('email');
    await page.keyboard.type(ada.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(ada.password);
    await page.keyboard.press('Enter');
    await page.waitForSelector('button[value=allow]');
    for (let step = 0; step < 30; step += 1) {
      await page.keyboard.press('Tab');
      const at: string = await page.evaluate('document.activeElement.value ?? ""');
      if (at === 'posts:write') await page.keyboard.press('Space');
      if (at === 'allow') break;
    }
    await page.keyboard.press('Enter');
    await page.waitForURL(`${running.url}/welcome`);
    expect(running.tokens?.scope).to.equal('posts:read');
    expect(complaints).to.deep.equal([]);
  });

  it('takes a no for a no', async () => {
    await toConsent();
    await watched.page.click('button[value=deny]');
    await watched.page.waitForURL(`${running.url}/denied?access_denied`);
    expect(running.tokens).to.equal(null);
    expect(watched.complaints).to.deep.equal([]);
  });

  it('goes through without a page where everything is agreed to', async () => {
    await toConsent();
    await watched.page.click('button[value=allow]');
    await watched.page.waitForURL(`${running.url}/welcome`);
    running.tokens = null;
    await watched.page.goto(`${running.url}/start`);
    expect(watched.page.url()).to.equal(`${running.url}/welcome`);
    expect(running.tokens).to.not.equal(null);
    expect(watched.complaints).to.deep.equal([]);
  });

  it('lets two tabs go their way, whichever is finished first', async () => {
    await toConsent();
    const second = await watched.context.newPage();
    running.scope = 'openid categories:read';
    await second.goto(`${running.url}/start`);
    await second.waitForSelector('text=Read categories');
    await second.click('button[value=allow]');
    await second.waitForURL(`${running.url}/welcome`);
    expect(running.tokens?.scope).to.equal('categories:read');
    await watched.page.click('button[value=allow]');
    await watched.page.waitForURL(`${running.url}/welcome`);
    expect(running.tokens?.scope).to.equal('posts:read posts:write');
  });

  it('signs out where the app asks for it, and comes back', async () => {
    const { page, complaints } = watched;
    await toConsent();
    await page.click('button[value=allow]');
    await page.waitForURL(`${running.url}/welcome`);
    const { app } = running;
    if (app === null) throw new Error('no app');
    const url = openid.buildEndSessionUrl(app.config, {
      id_token_hint: running.tokens?.id_token ?? '',
      post_logout_redirect_uri: `${running.url}/left`,
    });
    await page.goto(url.href);
    expect(await page.textContent('h1')).to.equal('Sign out?');
    expect(await barriersOf(page)).to.deep.equal([]);
    await page.click('button[value=yes]');
    await page.waitForURL(`${running.url}/left`);
    await page.goto(`${server.url}/`);
    expect(await page.textContent('body')).to.not.include(ada.email);
    expect(complaints).to.deep.equal([]);
  });

  it('signs nobody out without complaint, and goes where the app is registered for', async () => {
    const { page, complaints } = watched;
    const { app } = running;
    const query = new URLSearchParams({
      client_id: app?.clientId ?? '',
      post_logout_redirect_uri: `${running.url}/left`,
    });
    await page.goto(`${server.url}/oauth/logout?${query}`);
    await page.waitForURL(`${running.url}/left`);
    expect(complaints).to.deep.equal([]);
  });

  it('shows what went wrong on a page of ours, without a way to the app', async () => {
    const { page } = watched;
    const answer = await page.goto(`${server.url}/oauth/authorize?client_id=nobody&response_type=code`);
    expect(answer?.status()).to.equal(400);
    expect(await page.textContent('body')).to.include('not known to this server');
    expect(await barriersOf(page)).to.deep.equal([]);
  });
});
