import type { Context, Middleware } from 'koa';
import { DependencyDown, LatchkeyError, TooManyRequests } from '../core/errors.ts';
import { requestIdOf } from '../http/request-id.ts';
import { ForeignForm } from './csrf.ts';
import { renderPage } from './render.ts';

/** What a page says that says no. */
export interface ErrorPage {
  readonly status: number;
  readonly title: string;
  readonly message: string;
  /** Shown where the operator may be asked about it. */
  readonly requestId?: string;
  /** One way on; to the start page unless named. */
  readonly way?: { readonly href: string; readonly label: string };
}

/** What the outermost pages need. */
export interface ErrorPagesDeps {
  readonly issuer: string;
  readonly translateError: (error: unknown) => unknown;
  readonly reportFailure: (error: unknown, requestId: string) => void;
}

/** Shows an error to a person. */
export function renderErrorPage(context: Context, { status, title, message, requestId, way }: ErrorPage): void {
  renderPage(
    context,
    'error',
    { title, status },
    { heading: title, message, requestId: requestId ?? null, way: way ?? { href: '/', label: 'Go to the start page' } },
  );
}

/** Turns errors and empty refusals into pages wherever a browser asked for one; stands right inside the error responder. */
export function errorPages({ issuer, translateError, reportFailure }: ErrorPagesDeps): Middleware {
  return async (context, next) => {
    if (!wantsPage(context)) return next();
    try {
      await next();
    } catch (thrown) {
      const error = translateError(thrown);
      const requestId = requestIdOf(context.req);
      const page = pageFor(error, requestId, { back: wayBack(context, issuer), list: listOf(context.path) });
      if (page.status >= 500) reportFailure(error, requestId);
      // What a handler set before it failed, such as a cookie, is not part of a failure's answer.
      if (page.status >= 500) context.remove('Set-Cookie');
      if (error instanceof DependencyDown || error instanceof TooManyRequests)
        context.set('Retry-After', String(error.retryAfterSeconds));
      renderErrorPage(context, page);
      return;
    }
    const page = isBare(context) ? bareRefusal(context.status, issuer) : undefined;
    if (page !== undefined) renderErrorPage(context, page);
  };
}

const FOR_PROGRAMS = /^\/(?:api|v1|verify|healthz|readyz|metrics|assets|\.well-known)(?:\/|$)/;

/** What the API says to programs, as a person is told it, with what to do next. */
const IN_WORDS: ReadonlyMap<string, string> = new Map([
  [
    'This action is unauthorized.',
    'What you may do in this workspace does not reach that far. Ask one of its owners, or go on in another workspace.',
  ],
  ['Workspace suspended.', 'This workspace is suspended. Go on in another one, or ask an administrator of the server.'],
]);

/** A browser that goes to an address names HTML first; programs name JSON, or anything. */
function wantsPage(context: Context): boolean {
  return !FOR_PROGRAMS.test(context.path) && context.accepts('json', 'html') === 'html' && !context.is('json');
}

interface Ways {
  readonly back: ErrorPage['way'];
  /** Where the things are of which one is not there. */
  readonly list: ErrorPage['way'];
}

function pageFor(error: unknown, requestId: string, { back, list }: Ways): ErrorPage {
  if (error instanceof ForeignForm) {
    return {
      status: 403,
      title: 'This form can not be used anymore',
      message:
        'The form was open for too long or came from another site, or you have signed out since. Nothing was changed.',
      ...(back !== undefined && { way: back }),
    };
  }
  const status = statusOf(error);
  if (status === 503) {
    return {
      status,
      title: 'One moment, please',
      message: 'The server is busy or can not reach its database. Try again in a few seconds.',
      requestId,
    };
  }
  if (status === 429) {
    const message = 'Too many requests came from your network. Try again in a minute.';
    return { status, title: 'One moment, please', message };
  }
  if (error instanceof LatchkeyError && status === 403) {
    return { status, title: 'You may not do this here', message: IN_WORDS.get(error.description) ?? error.description };
  }
  if (error instanceof LatchkeyError && status === 404) {
    const message = 'What you look for is gone, or belongs to somebody else.';
    // The page that the form was on is most often gone with the thing.
    const way = list ?? back;
    return { status, title: 'This is not here', message, ...(way !== undefined && { way }) };
  }
  if (status < 500) {
    const message = 'The server did not understand what the browser sent. Go back and try again.';
    return { status, title: 'This did not work', message };
  }
  return { status, title: 'Something went wrong', message: 'The fault is ours. Try again in a moment.', requestId };
}

function statusOf(error: unknown): number {
  if (error instanceof LatchkeyError) return error.status;
  const status = error instanceof Error && 'status' in error ? error.status : 500;
  return typeof status === 'number' && status >= 400 && status <= 499 ? status : 500;
}

/** The page that the form was on, as the browser names it; our own pages only. */
function wayBack(context: Context, issuer: string): ErrorPage['way'] {
  const referrer = URL.parse(context.get('Referer'));
  if (referrer === null || referrer.origin !== issuer) return undefined;
  return { href: `${issuer}${referrer.pathname}${referrer.search}`, label: 'Open the page again' };
}

const LISTS: ReadonlyMap<string, string> = new Map([
  ['tokens', 'See your tokens'],
  ['keys', 'See the API keys'],
  ['apps', 'See your connected apps'],
  ['clients', 'See the registered apps'],
  ['admin', 'Go to the administration'],
]);

function listOf(path: string): ErrorPage['way'] {
  const [, part = ''] = path.split('/', 2);
  const label = LISTS.get(part);
  return label === undefined ? undefined : { href: `/${part}`, label };
}

/** True for an answer that nobody has written a page for: no body at all, or a JSON object. */
function isBare(context: Context): boolean {
  const body: unknown = context.body;
  return body === undefined || body === null || (context.status === 421 && typeof body === 'object');
}

function bareRefusal(status: number, issuer: string): ErrorPage | undefined {
  switch (status) {
    case 404:
      return { status, title: 'There is no such page', message: 'The address may be mistyped, or the page is gone.' };
    case 405:
      return { status, title: 'This is no page', message: 'This address can not be opened in a browser like this.' };
    case 421:
      return {
        status,
        title: 'This is another address',
        message: `This server answers at ${issuer} only.`,
        way: { href: `${issuer}/`, label: 'Go there' },
      };
    default:
      return undefined;
  }
}
