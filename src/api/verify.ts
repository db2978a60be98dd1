import type { VerifyInProcess } from '../verification/verify-credential.ts';
import { type AnyRoute, route } from './route.ts';
import { presentVerdict, type VerifyQuestion, verifyAnswer, verifyBody } from './verify-schemas.ts';

/** What the verification of other parties' credentials needs: the decision itself, without the caller's request. */
export interface VerifyRoutesDeps {
  readonly verify: VerifyInProcess;
}

const SESSION_COOKIE = /^[A-Za-z0-9_-]{43}$/;

/** The route of `/api/verify`: may this credential do that now? For resource servers. */
export function verifyRoutes({ verify }: VerifyRoutesDeps): readonly AnyRoute[] {
  async function ask({
    credential,
    scopes,
    any,
    cost,
    audience,
  }: VerifyQuestion): Promise<ReturnType<typeof presentVerdict>> {
    const session = credential !== null && SESSION_COOKIE.test(credential) ? credential : null;
    const verification = await verify({
      credential: session !== null || credential === '' ? null : credential,
      session,
      requirement: { scopes: [...new Set(scopes)], any },
      audience: audience ?? null,
      cost,
    });
    return presentVerdict(verification);
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
        return { status: 200, body: Array.isArray(body) ? await Promise.all(body.map(ask)) : await ask(body) };
      },
    }),
  ];
}
