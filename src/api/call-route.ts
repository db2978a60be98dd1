import type { IncomingMessage } from 'node:http';
import { refusalFor } from '../core/answer.ts';
import { LatchkeyError } from '../core/errors.ts';
import { requestIdOf } from '../http/request-id.ts';
import type { VerifyInProcess } from '../verification/verify-credential.ts';
import { callerBehind, parseInput, requirementOf } from './api-router.ts';
import type { AnyRoute } from './route.ts';

/** A call of the JSON API for the person whose session a page was asked with. */
export interface RouteCall {
  /** What the person's browser sent; the audit trail takes address and request id from it. */
  readonly request: IncomingMessage;
  /** Value of the session cookie. */
  readonly session: string;
  readonly method: AnyRoute['method'];
  /** As the route declares it, such as `/api/tokens/:id`. */
  readonly path: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
}

/** What calling routes needs. */
export interface CallRouteDeps {
  readonly verify: VerifyInProcess;
  readonly addressOf: (request: IncomingMessage) => string;
}

/**
 * Builds the caller of routes from inside the server: the same access, schema and handler as over HTTP, by the session
 * named, and not counted. It gives the answer's body and throws a `LatchkeyError` for whatever the API refuses. Whoever
 * calls has checked that the request comes from a page of ours.
 */
export function callRoute(
  routes: readonly AnyRoute[],
  { verify, addressOf }: CallRouteDeps,
): (call: RouteCall) => Promise<unknown> {
  const known = new Map(routes.map((one) => [`${one.method} ${one.path}`, one]));
  return async (call) => {
    const one = known.get(`${call.method} ${call.path}`);
    if (one === undefined) throw new Error(`there is no route ${call.method} ${call.path}`);
    const requirement = requirementOf(one.access);
    const { request, session } = call;
    const verification = await verify({ credential: null, session, requirement, audience: null, cost: 0, request });
    const caller = callerBehind(one.access, verification);
    if (caller === null) {
      if (verification.allowed) throw new Error('a session was refused as something else');
      const asked = requirement ?? { scopes: [], any: false };
      const { status, body } = refusalFor(verification, asked, Math.floor(Date.now() / 1000));
      const missing = verification.missing.map(({ scope }) => scope).join(', ');
      throw new LatchkeyError({
        status,
        code: verification.reason,
        description:
          missing === '' ? String(body.message) : `This needs ${missing}, which your role here does not bring.`,
      });
    }
    const answer = await one.handle({
      ...caller,
      request: {
        address: addressOf(request),
        requestId: requestIdOf(request),
        idempotencyKey: call.idempotencyKey ?? null,
      },
      params: call.params ?? {},
      body: read(one.body, call.body ?? {}),
      query: read(one.query, { ...call.query }),
    });
    return answer.body;
  };
}

function read(schema: AnyRoute['body'], input: unknown): never {
  return (schema === undefined ? undefined : parseInput(schema, input)) as never;
}
