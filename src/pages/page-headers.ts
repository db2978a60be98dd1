import type { Context } from 'koa';

/** Where the forms of a page may lead. */
export type FormTarget =
  /** Our own origin, redirects included. */
  | 'self'
  /**
   * Anywhere. Chromium holds `form-action` against the whole chain of redirects after the form, the client's own
   * redirects included, which nobody can list. So the pages of an authorization request leave the directive out.
   */
  | 'client';

/** Sets what a browser must know before it shows a page: load nothing but our style and script, frame nothing, keep nothing. */
export function setPageHeaders(context: Context, formTarget: FormTarget): void {
  const policy = ["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:"];
  if (formTarget === 'self') policy.push("form-action 'self'");
  policy.push("frame-ancestors 'none'", "base-uri 'none'");
  context.set('Content-Security-Policy', policy.join('; '));
  context.set('X-Frame-Options', 'DENY');
  context.set('X-Content-Type-Options', 'nosniff');
  // With `no-referrer`, browsers write `Origin: null` on forms that they send to our own origin, and it is checked.
  context.set('Referrer-Policy', 'same-origin');
  context.set('Cross-Origin-Opener-Policy', 'same-origin');
  context.set('Cross-Origin-Resource-Policy', 'same-origin');
  context.set('X-Robots-Tag', 'noindex');
  context.set('Cache-Control', 'no-store');
}
