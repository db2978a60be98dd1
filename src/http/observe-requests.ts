import type { Middleware } from 'koa';
import type { Logger } from 'pino';
import type { Metrics } from './metrics.ts';
import { requestIdOf } from './request-id.ts';

const KNOWN_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** What there is to say of an answer. */
export interface Answered {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** When the request came in, by `performance.now()`. */
  readonly startedMs: number;
}

/** Logs and counts every answer once. */
export interface ObserveRequests {
  readonly middleware: Middleware;
  /** For what is answered in front of Koa. */
  readonly answered: (answer: Answered) => void;
}

/** Logs and counts every answer once; the query string stays out, because people put secrets there. */
export function observeRequests(opened: Logger, metrics: Metrics): ObserveRequests {
  // These lines have no members that could hold a secret; looking for them in every line costs more than writing it.
  const log = opened.child({}, { redact: [] });

  function answered({ requestId, method, path, status, startedMs }: Answered): void {
    const durationMs = Math.round((performance.now() - startedMs) * 10) / 10;
    metrics.countAnswer(firstSegment(path), KNOWN_METHODS.has(method) ? method : 'OTHER', status, durationMs / 1000);
    const shown = withoutSecrets(path).slice(0, 200);
    log.info({ request_id: requestId, method, path: shown, status, duration_ms: durationMs }, 'answered');
  }

  return {
    answered,
    middleware: async (context, next) => {
      const startedMs = performance.now();
      const requestId = requestIdOf(context.req);
      try {
        await next();
      } finally {
        const { method, path, status } = context;
        answered({ requestId, method, path, status, startedMs });
      }
    },
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
