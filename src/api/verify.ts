import type { VerifyInProcess } from '../verification/verify-credential.ts';
import { fewAtOnce } from './few-at-once.ts';
import { type AnyRoute, route } from './route.ts';
import { presentVerdict, type VerifyQuestion, verifyAnswer, verifyBody } from './verify-schemas.ts';

/** What the verification of other parties' credentials needs: the decision itself, without the caller's request. */
export interface VerifyRoutesDeps {
  readonly verify: VerifyInProcess;
}

const SESSION_COOKIE = /^[A-Za-z0-9_-]{43}$/;

/**
 * Lists that are under way at a time. More are answered no sooner, but all of them are kept until the last is answered:
 * that took twice the memory and a third of the time, to clear it up, and single calls wait behind all of them.
 */
const LISTS_AT_ONCE = 8;

/** The route of `/api/verify`: may this credential do that now? For resource servers. */
export function verifyRoutes({ verify }: VerifyRoutesDeps): readonly AnyRoute[] {
  const inTurn = fewAtOnce(LISTS_AT_ONCE);

  function ask({ credential, scopes, any, cost, audience }: VerifyQuestion): ReturnType<VerifyInProcess> {
    const session = credential !== null && SESSION_COOKIE.test(credential) ? credential : null;
    return verify({
      credential: session !== null || credential === '' ? null : credential,
      session,
      requirement: { scopes: scopes.length > 1 ? [...new Set(scopes)] : scopes, any },
      audience: audience ?? null,
      cost,
    });
  }

  return [
    route({
      method: 'POST',
      path: '/api/verify',
      summary: 'Decide about one credential, or up to 100',
      access: 'resource_server',
      uncounted: true,
      body: verifyBody,
      answers: { 200: verifyAnswer },
      async handle({ body }) {
        if (!Array.isArray(body)) return { status: 200, body: presentVerdict(await ask(body)) };
        const verdicts = await inTurn(() => Promise.all(body.map(ask)));
        return { status: 200, body: verdicts.map(presentVerdict) };
      },
    }),
  ];
}
