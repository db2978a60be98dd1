import type { Middleware } from 'koa';

/** What the health endpoints ask. */
export interface HealthDeps {
  /** True from the signal to stop on: balancers should send nothing more. */
  readonly isDraining: () => boolean;
  /** Fails when the database does not answer. */
  readonly pingDatabase: () => Promise<unknown>;
}

/** `/healthz`: the process is up. `/readyz`: it may be sent requests; 503 while it drains or the database does not answer. */
export function healthEndpoints({ isDraining, pingDatabase }: HealthDeps): Middleware {
  return async (context, next) => {
    if (context.path === '/healthz') {
      context.body = { status: 'up' };
    } else if (context.path === '/readyz') {
      const reason = isDraining()
        ? 'draining'
        : await pingDatabase().then(
            () => null,
            () => 'database',
          );
      context.set('Cache-Control', 'no-store');
      if (reason === null) {
        context.body = { status: 'ready' };
        return;
      }
      context.status = 503;
      context.set('Retry-After', '2');
      context.body = { status: 'unavailable', reason };
    } else {
      await next();
    }
  };
}
