import type { Middleware } from 'koa';
import type { Logger } from 'pino';
import type { Metrics } from './metrics.ts';
import { requestIdOf } from './request-id.ts';

const KNOWN_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Logs and counts every answer once; the query string stays out, because people put secrets there. */
export function observeRequests(opened: Logger, metrics: Metrics): Middleware {
  // These lines have no members that could hold a secret; looking for them in every line costs more than writing it.
  const log = opened.child({}, { redact: [] });
  return async (context, next) => {
    const started = performance.now();
    try {
      await next();
    } finally {
      const durationMs = Math.round((performance.now() - started) * 10) / 10;
      const route = firstSegment(context.path);
      metrics.countAnswer(
        route,
        KNOWN_METHODS.has(context.method) ? context.method : 'OTHER',
        context.status,
        durationMs / 1000,
      );
      log.info(
        {
          request_id: requestIdOf(context.req),
          method: context.method,
          path: withoutSecrets(context.path).slice(0, 200),
          status: context.status,
          duration_ms: durationMs,
        },
        'answered',
      );
    }
  };
}

const CREDENTIAL = /(?:o[ac]t|ort|ocs|lkp|sk_live|sk_test)_[^/]*/gi;
/** Longer than any identifier of ours, as long as the values of tokens, codes, links and cookies. */
const LONG_VALUE = /[A-Za-z0-9_~.+-]{30,}/g;

/** People paste secrets where identifiers belong; what may be one does not reach the log. */
function withoutSecrets(path: string): string {
  return path.replace(CREDENTIAL, '[removed]').replace(LONG_VALUE, '[removed]');
}

const KNOWN_SEGMENTS: ReadonlySet<string> = new Set([
  'api',
  'oauth',
  'v1',
  '.well-known',
  'healthz',
  'readyz',
  'metrics',
  'login',
  'interaction',
]);

/** The first segment of a path if it is one of ours; strangers may not make up label values. */
function firstSegment(path: string): string {
  const segment = path.split('/', 2)[1] ?? '';
  return KNOWN_SEGMENTS.has(segment) ? `/${segment}` : 'other';
}
