import type { IncomingMessage } from 'node:http';
import type { Context, Middleware } from 'koa';
import type { AuditNote } from '../audit/audit-event.ts';
import { auditOrigin, noteCaller, withRequestOrigin } from '../audit/audit-origin.ts';
import { onceAMinute } from '../audit/once-a-minute.ts';
import type { AuditTrail } from '../audit/record-audit.ts';
import type { Clock } from '../core/clock.ts';
import { LatchkeyError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import { requestIdOf } from '../http/request-id.ts';
import type { VerifyInProcess } from '../verification/verify-credential.ts';

/** What the trail learns from requests with. */
export interface AuditRequestsDeps {
  readonly trail: Pick<AuditTrail, 'attempt'>;
  readonly addressOf: (request: IncomingMessage) => string;
  readonly clock: Clock;
}

/** Tells the trail where every request comes from, and writes those that were refused to somebody known or to another site. */
export function auditRequests({ trail, addressOf, clock }: AuditRequestsDeps): Middleware {
  const isFirst = onceAMinute(clock);

  async function refuse(note: Pick<AuditNote, 'action' | 'after'>, context: Context, who: string): Promise<void> {
    const target = `${context.method} ${routeOf(context)}`;
    if (isFirst(`${note.action} ${who} ${target}`)) await trail.attempt({ ...note, target, outcome: 'refused' });
  }

  return (context, next) => {
    const address = addressOf(context.req);
    const request = { address, requestId: requestIdOf(context.req), path: context.path };
    return withRequestOrigin(request, async () => {
      try {
        await next();
      } catch (error) {
        if (isForeign(error)) await refuse({ action: 'csrf.refused' }, context, address);
        else if (isForbidden(error)) await refuseKnown({});
        throw error;
      }
      if (context.status === 403 && context.path.startsWith('/api/')) await refuseKnown(requirementIn(context.body));
    });

    async function refuseKnown(after: NonNullable<AuditNote['after']>): Promise<void> {
      const { caller } = auditOrigin();
      if (caller === null) return;
      const { credential } = caller;
      await refuse({ action: 'administration.refused', after }, context, `${credential.type} ${credential.id}`);
    }
  };
}

/** Notes who the verification of a request has found to be calling, whether or not they are let in. */
export function notingCaller(verify: VerifyInProcess): VerifyInProcess {
  return async (question) => {
    const verification = await verify(question);
    if (verification.principal !== null) noteCaller(callerOf(verification.principal));
    return verification;
  };
}

function callerOf({ subject, credential, workspaceId }: Principal): Parameters<typeof noteCaller>[0] {
  return { actor: subject, credential: { type: credential.type, id: credential.id }, workspaceId };
}

const FOREIGN: ReadonlySet<string> = new Set(['csrf_mismatch', 'foreign_form']);

function isForeign(error: unknown): boolean {
  return error instanceof LatchkeyError && FOREIGN.has(error.code);
}

function isForbidden(error: unknown): boolean {
  return error instanceof LatchkeyError && error.status === 403 && !isForeign(error);
}

/** The pattern of the route, because people paste secrets where identifiers belong. */
function routeOf(context: Context): string {
  const pattern: unknown = context._matchedRoute;
  return typeof pattern === 'string' ? pattern : `/${context.path.split('/', 2)[1] ?? ''}`;
}

function requirementIn(body: unknown): NonNullable<AuditNote['after']> {
  if (typeof body !== 'object' || body === null || !('required_scope' in body)) return {};
  return { required_scope: body.required_scope };
}
