import { randomId } from '../crypto/random-token.ts';
import type { PersonPage } from './person-page.ts';
import { seeOther } from './render.ts';

/**
 * Keeps a form's `once` in its address, so that the browser's back button brings back a form that is used up and not one
 * that makes another credential with one more click. Null after it has sent the browser to an address with one; the
 * caller then does nothing more.
 */
export function onceInAddress({ context }: Pick<PersonPage, 'context'>): string | null {
  const { once } = context.query;
  if (typeof once === 'string' && isOnce(once)) return once;
  const query = new URLSearchParams(context.querystring);
  query.delete('once');
  query.set('once', randomId());
  seeOther(context, `${context.path}?${query}`);
  return null;
}

/** Gives the `once` that a form was sent with, for the form that is shown again because something in it is wrong. */
export function onceOf(form: { text(name: string): string }): { readonly once?: string } {
  const once = form.text('once');
  return isOnce(once) ? { once } : {};
}

function isOnce(text: string): boolean {
  return /^[\w-]{1,64}$/.test(text);
}
