import type { Middleware } from 'koa';
import { sha256Hex } from '../crypto/digest.ts';
import type { OpenApiDocument } from '../http/open-api-document.ts';

const CACHE_SECONDS = 300;

/** `GET /api/openapi.json`: the description, for anybody; written once, so it costs nothing to ask for. */
export function openApiEndpoint(document: OpenApiDocument): Middleware {
  const content = JSON.stringify(document);
  const tag = `"${sha256Hex(content).slice(0, 32)}"`;
  return async (context, next) => {
    if (context.path !== '/api/openapi.json' || (context.method !== 'GET' && context.method !== 'HEAD')) return next();
    context.set('Cache-Control', `public, max-age=${CACHE_SECONDS}`);
    context.set('ETag', tag);
    context.status = 200;
    if (context.fresh) {
      context.status = 304;
      return;
    }
    context.type = 'application/json; charset=utf-8';
    context.body = content;
  };
}
