import type Koa from 'koa';
import type { Middleware } from 'koa';

/**
 * Makes the issuer the only source of every URL that is written: what the request says of its host, its protocol or a
 * forwarded host never counts. Applied to the prototypes, because libraries build contexts of their own from them.
 */
export function pinHost(app: Pick<Koa, 'request'>, issuer: string): void {
  const url = new URL(issuer);
  const pinned: Readonly<Record<string, string | boolean>> = {
    protocol: url.protocol.slice(0, -1),
    secure: url.protocol === 'https:',
    host: url.host,
    hostname: url.hostname,
    origin: url.origin,
  };
  for (const [name, value] of Object.entries(pinned)) {
    Object.defineProperty(app.request, name, { configurable: true, get: () => value });
  }
}

/** Answers 421 to a request for pages or protocol endpoints that was sent to another host than the issuer's. */
export function refuseForeignHost(issuer: string, anyHostAt: (path: string) => boolean): Middleware {
  const expected = new URL(issuer).host;
  return async (context, next) => {
    if (context.req.headers.host !== expected && !anyHostAt(context.path)) {
      context.status = 421;
      context.body = { message: `This server answers at ${issuer} only.` };
      return;
    }
    await next();
  };
}
