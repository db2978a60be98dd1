import type { IncomingMessage, ServerResponse } from 'node:http';
import Koa, { type Middleware } from 'koa';
import { apiRouter } from './api/api-router.ts';
import type { AnyRoute } from './api/route.ts';
import { errorResponder, type ReportFailure } from './http/error-responder.ts';
import { type HealthDeps, healthEndpoints } from './http/health.ts';
import type { ObserveRequests } from './http/observe-requests.ts';
import { originForm } from './http/origin-form.ts';
import { pinHost, refuseForeignHost } from './http/pin-host.ts';
import { requestIdOf } from './http/request-id.ts';
import { securityHeaderPairs, securityHeaders } from './http/security-headers.ts';
import { answerInFront } from './oauth/answer-in-front.ts';
import type { CredentialEndpoints } from './oauth/credential-endpoints.ts';
import type { MountedProvider } from './oauth/mount-provider.ts';
import type { VerifyInProcess } from './verification/verify-credential.ts';

/** Everything the HTTP pipeline is put together from. */
export interface AppParts {
  readonly issuer: string;
  readonly cookieKeys: readonly string[];
  readonly translateError: (error: unknown) => unknown;
  readonly reportFailure: ReportFailure;
  readonly observe: ObserveRequests;
  readonly health: HealthDeps;
  readonly metrics: Middleware;
  readonly provider: MountedProvider;
  readonly apiRoutes: readonly AnyRoute[];
  /** Answers `/api/openapi.json`. */
  readonly openApi: Middleware;
  /** Answers `/docs`. */
  readonly apiDocs: Middleware;
  readonly verify: VerifyInProcess;
  readonly addressOf: (request: IncomingMessage) => string;
  readonly crossOrigin: Middleware;
  readonly xsrfCookie: Middleware;
  readonly errorPages: Middleware;
  /** Tells the audit trail who asks from where, and what was refused; inside whatever answers errors. */
  readonly audit: Middleware;
  readonly authLogin: Middleware;
  readonly pages: Middleware;
  readonly isResourceServer: (authorization: string) => Promise<boolean>;
  readonly credentialEndpoints: CredentialEndpoints;
  readonly exampleApi: Middleware | null;
  /** Answers `/verify` on bare node:http. */
  readonly verifyForProxies: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Paths that answer under any host name: they write no URL. */
const ANY_HOST = /^\/(?:verify|api|v1|healthz|readyz|metrics)(?:\/|$)/;

/** The whole HTTP pipeline on one page: `/verify`, introspections and client credentials first, then the middleware in their order. */
export function createListener(parts: AppParts): (request: IncomingMessage, response: ServerResponse) => void {
  const app = new Koa({ keys: [...parts.cookieKeys] });
  pinHost(app, parts.issuer);
  app.silent = true;
  app.on('error', (error: unknown) => parts.reportFailure(error, '-'));

  const api = apiRouter(parts.apiRoutes, {
    verify: parts.verify,
    addressOf: parts.addressOf,
    isResourceServer: parts.isResourceServer,
  });
  app.use(parts.observe.middleware);
  app.use(securityHeaders(parts.issuer));
  app.use(errorResponder(parts.translateError, parts.reportFailure));
  app.use(parts.errorPages);
  app.use(parts.audit);
  app.use(healthEndpoints(parts.health));
  app.use(refuseForeignHost(parts.issuer, (path) => ANY_HOST.test(path)));
  app.use(parts.metrics);
  app.use(parts.crossOrigin);
  app.use(parts.xsrfCookie);
  app.use(parts.credentialEndpoints.middleware);
  app.use(parts.provider.middleware);
  app.use(parts.openApi);
  app.use(api.middleware);
  app.use(api.allowed);
  if (parts.exampleApi !== null) app.use(parts.exampleApi);
  app.use(parts.authLogin);
  app.use(parts.apiDocs);
  app.use(parts.pages);

  const koa = app.callback();
  const answersInFront = answerInFront({
    issuer: parts.issuer,
    endpoints: [parts.credentialEndpoints.inFront, parts.provider.inFront],
    headers: securityHeaderPairs(parts.issuer),
    requestId: requestIdOf,
    onAnswer: (answer) => parts.observe.answered({ ...answer, method: 'POST' }),
    otherwise: (request, response) => void koa(request, response),
  });
  return (request, response) => {
    const url = originForm(request.url ?? '');
    request.url = url;
    if (url === '/verify' || url.startsWith('/verify?')) parts.verifyForProxies(request, response);
    else if (!answersInFront(request, response)) void koa(request, response);
  };
}
