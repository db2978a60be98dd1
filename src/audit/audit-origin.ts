import { AsyncLocalStorage } from 'node:async_hooks';
import type { AuditActor, AuditCredential } from './audit-event.ts';

/** Where a request comes from; what else is known of it is learnt while it is answered. */
export interface RequestOrigin {
  readonly address: string;
  readonly requestId: string;
  readonly path: string;
}

/** Who acts in a request: as a `Principal` says it. */
export interface AuditCaller {
  readonly actor: AuditActor;
  readonly credential: AuditCredential;
  readonly workspaceId: number | null;
}

/** What the trail knows of the work it is asked in. */
export interface AuditOrigin {
  readonly request: RequestOrigin | null;
  readonly caller: AuditCaller | null;
}

interface OriginState {
  readonly request: RequestOrigin;
  caller: AuditCaller | null;
}

const storage = new AsyncLocalStorage<OriginState>();

/** Runs the work of a request, so that whatever it changes is known to come from there. */
export function withRequestOrigin<Result>(request: RequestOrigin, work: () => Result): Result {
  return storage.run({ request, caller: null }, work);
}

/** Notes who the caller of this request has turned out to be; outside a request it does nothing. */
export function noteCaller(caller: AuditCaller): void {
  const state = storage.getStore();
  if (state !== undefined) state.caller = caller;
}

/** Where the present work comes from; without a request it is the server's own. */
export function auditOrigin(): AuditOrigin {
  const state = storage.getStore();
  return state === undefined ? { request: null, caller: null } : { request: state.request, caller: state.caller };
}
