import type { Provider } from 'oidc-provider';

/** The part of a log that events are written to. */
export interface EventLog {
  error(details: object, message: string): void;
  info(details: object, message: string): void;
}

/** Writes the provider's failures to the log; refusals of clients at info, faults of ours at error. */
export function logProviderEvents(provider: Provider, log: EventLog): void {
  provider.on('server_error', (_ctx, error) => log.error({ error }, 'protocol failure'));
  const refusals = [
    'grant.error',
    'authorization.error',
    'introspection.error',
    'revocation.error',
    'pushed_authorization_request.error',
  ] as const;
  for (const event of refusals) {
    provider.on(event as 'grant.error', (ctx, error) => {
      log.info(
        { event, error_code: error.message, detail: error.error_detail, client_id: ctx.oidc?.client?.clientId },
        'protocol refusal',
      );
    });
  }
}
