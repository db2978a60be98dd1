import type { IncomingMessage } from 'node:http';
import Router from '@koa/router';
import type { Middleware } from 'koa';
import compose from 'koa-compose';
import type { KeyRing } from '../crypto/derive-keys.ts';
import { accountPages } from './account-pages.ts';
import type { AccountPort } from './account-port.ts';
import { adminPages } from './admin-pages.ts';
import type { CallApi } from './api-port.ts';
import { appPages } from './app-pages.ts';
import { script, stylesheet } from './assets.ts';
import { clientPages } from './client-pages.ts';
import { formGuard } from './csrf.ts';
import { forgotPassword, forgotPasswordPage } from './forgot-password.ts';
import { homePage } from './home.ts';
import { interactionConsent, interactionPage, interactionSignIn } from './interaction.ts';
import type { Interactions } from './interaction-port.ts';
import { keyPages } from './key-pages.ts';
import type { PageParts } from './page-parts.ts';
import type { PageRoute } from './page-route.ts';
import { readSession, sessionCookie } from './session-cookie.ts';
import { setPassword, setPasswordPage } from './set-password.ts';
import { signIn, signInPage } from './sign-in.ts';
import { signedOutPage, signOut } from './sign-out.ts';
import { tokenPages } from './token-pages.ts';
import { usagePages } from './usage-pages.ts';

/** What the pages are made from; the composition root fills it in. */
export interface PagesDeps {
  /** The public origin: what the browser's `Origin` must be, and whether cookies are `Secure`. */
  readonly issuer: string;
  /** Whether `/v1` is served, which shows people a call that works. */
  readonly exampleApi: boolean;
  readonly cookieDomain: string | undefined;
  /** Hosts with their ports whose pages may sign in and out by JSON. */
  readonly statefulDomains: readonly string[];
  /** Keys of purpose `csrf`. */
  readonly csrfKeys: KeyRing;
  /** Finds the address a request comes from, proxies considered. */
  readonly clientAddress: (request: IncomingMessage) => string;
  readonly accounts: AccountPort;
  readonly interactions: Interactions;
  /** The JSON API in process; it checks who may do what. */
  readonly callApi: CallApi;
}

/** Each part of the pages of somebody signed in, one file a part. */
const areas: readonly ((parts: PageParts) => readonly PageRoute[])[] = [
  tokenPages,
  adminPages,
  clientPages,
  keyPages,
  appPages,
  accountPages,
  usagePages,
];

const USER_AGENT_LENGTH = 300;

/** Mounts every page; `errorPages` stands further out. */
export function pages(deps: PagesDeps): Middleware {
  const cookie = sessionCookie(deps);
  const parts: PageParts = {
    issuer: deps.issuer,
    exampleApi: deps.exampleApi,
    accounts: deps.accounts,
    interactions: deps.interactions,
    callApi: deps.callApi,
    cookie,
    session: readSession(cookie, deps.accounts.resumeSession),
    forms: formGuard({ ...deps, keys: deps.csrfKeys, sessionCookie: cookie }),
    visitor: (context) => ({
      address: deps.clientAddress(context.req),
      userAgent: context.get('User-Agent').slice(0, USER_AGENT_LENGTH),
    }),
  };
  const router = new Router({ sensitive: true });
  const route = (method: 'GET' | 'POST', path: string, handler: Middleware): void => {
    router.register(path, [method], handler);
  };
  for (const { path, serve } of [stylesheet, script]) route('GET', path, serve);
  route('GET', '/', homePage(parts));
  route('GET', '/login', signInPage(parts));
  route('POST', '/login', signIn(parts));
  route('POST', '/logout', signOut(parts));
  route('GET', '/signed-out', signedOutPage);
  route('GET', '/interaction/:uid', interactionPage(parts));
  route('POST', '/interaction/:uid/sign-in', interactionSignIn(parts));
  route('POST', '/interaction/:uid/consent', interactionConsent(parts));
  route('GET', '/set-password/:token', setPasswordPage(parts));
  route('POST', '/set-password/:token', setPassword(parts));
  route('GET', '/forgot-password', forgotPasswordPage(parts));
  route('POST', '/forgot-password', forgotPassword(parts));
  for (const area of areas) for (const { method, path, handler } of area(parts)) route(method, path, handler);
  return compose([router.routes() as Middleware, router.allowedMethods() as Middleware]);
}
