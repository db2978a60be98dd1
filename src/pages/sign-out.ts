import type { Context, Middleware } from 'koa';
import { ForeignForm } from './csrf.ts';
import type { PageParts } from './page-parts.ts';
import { renderPage, seeOther } from './render.ts';

/** `POST /logout`: ends the session here and on the server; a form goes on to a page, a program gets 204. */
export function signOut(parts: PageParts): Middleware {
  return async (context) => {
    const isForm = typeof context.is('application/x-www-form-urlencoded') === 'string';
    if (isForm) await requireOwnForm(parts, context);
    else parts.forms.requireFirstParty(context);
    const signedIn = await parts.session(context);
    if (signedIn !== null) await parts.accounts.endSession(signedIn.session.id);
    parts.cookie.clear(context);
    context.set('Cache-Control', 'no-store');
    if (isForm) seeOther(context, '/signed-out');
    else context.status = 204;
  };
}

/** Whoever is signed out already, in another tab say, has what they want: their form is too old, and that is no fault. */
async function requireOwnForm(parts: PageParts, context: Context): Promise<void> {
  try {
    await parts.forms.readSessionForm(context);
  } catch (error) {
    if (error instanceof ForeignForm && (await parts.session(context)) === null) return;
    throw error;
  }
}

/** `GET /signed-out`. */
export const signedOutPage: Middleware = (context) => {
  renderPage(context, 'signed-out', { title: 'Signed out' });
};
