import type { Middleware } from 'koa';

const YEAR_SECONDS = 31_536_000;

/** The headers that every answer has; JSON is nothing a browser should render, so it may load nothing either. */
export function securityHeaderPairs(issuer: string): readonly (readonly [name: string, value: string])[] {
  const transport = `max-age=${YEAR_SECONDS}; includeSubDomains`;
  return [
    ['X-Content-Type-Options', 'nosniff'],
    ['Referrer-Policy', 'no-referrer'],
    ['X-Frame-Options', 'DENY'],
    ['Cross-Origin-Resource-Policy', 'same-origin'],
    ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"],
    ...(issuer.startsWith('https:') ? [['Strict-Transport-Security', transport] as const] : []),
  ];
}

/** Sets the headers that every answer has. */
export function securityHeaders(issuer: string): Middleware {
  const pairs = securityHeaderPairs(issuer);
  return async (context, next) => {
    for (const [name, value] of pairs) context.set(name, value);
    await next();
  };
}
