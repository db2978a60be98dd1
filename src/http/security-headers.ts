import type { Middleware } from 'koa';

const YEAR_SECONDS = 31_536_000;

/** Sets the headers that every answer has; JSON is nothing a browser should render, so it may load nothing either. */
export function securityHeaders(issuer: string): Middleware {
  const https = issuer.startsWith('https:');
  return async (context, next) => {
    context.set('X-Content-Type-Options', 'nosniff');
    context.set('Referrer-Policy', 'no-referrer');
    context.set('X-Frame-Options', 'DENY');
    context.set('Cross-Origin-Resource-Policy', 'same-origin');
    context.set('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'; base-uri 'none'");
    if (https) context.set('Strict-Transport-Security', `max-age=${YEAR_SECONDS}; includeSubDomains`);
    await next();
  };
}
