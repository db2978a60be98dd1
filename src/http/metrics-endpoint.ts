import type { Middleware } from 'koa';
import { badRequest, type Refusal, refusalFor } from '../core/answer.ts';
import { readPresentedCredential } from '../core/presented-credential.ts';
import type { Requirement, Verify } from '../core/verification.ts';
import type { Metrics } from './metrics.ts';

/** What `/metrics` needs. */
export interface MetricsEndpointDeps {
  readonly metrics: Metrics;
  readonly verify: Verify;
  /** True while the issuer is loopback: then nobody else can ask. */
  readonly openToAll: boolean;
}

const REQUIREMENT: Requirement = { scopes: ['admin:metrics'], any: false };

/** `/metrics`: Prometheus text, for a credential with `admin:metrics`. */
export function metricsEndpoint({ metrics, verify, openToAll }: MetricsEndpointDeps): Middleware {
  return async (context, next) => {
    if (context.path !== '/metrics') return next();
    const refusal = openToAll ? null : await refusalOf(context.req.rawHeaders, context.url, verify);
    if (refusal !== null) {
      context.status = refusal.status;
      for (const [name, value] of refusal.headers) context.set(name, value);
      context.body = refusal.body;
      return;
    }
    context.type = metrics.contentType;
    context.set('Cache-Control', 'no-store');
    context.body = await metrics.render();
  };
}

async function refusalOf(rawHeaders: readonly string[], url: string, verify: Verify): Promise<Refusal | null> {
  const presented = readPresentedCredential(rawHeaders, url);
  if (presented.kind === 'refused') return badRequest(presented.message);
  const credential = presented.kind === 'none' ? null : presented.value;
  const verification = await verify({ credential, requirement: REQUIREMENT, audience: null, cost: 1 });
  return verification.allowed ? null : refusalFor(verification, REQUIREMENT, Math.floor(Date.now() / 1000));
}
