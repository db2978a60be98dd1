import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { isFarReaching } from '../core/far-reaching.ts';
import { clientFacts } from './client-facts.ts';
import { isStale, requestSession } from './request-session.ts';

const { Check, base } = interactionPolicy;

/** Reason of a sign-in that only a password given now can answer. */
export const staleSession = 'stale_session';

/**
 * Builds the library's list of reasons to ask the person, with ours: our session must be live, what reaches far takes a
 * password given lately, and unproven clients always ask.
 */
export function policy(): interactionPolicy.DefaultPolicy {
  const prompts = base();
  prompts.get('login')?.checks.add(
    new Check('no_live_session', 'the session of the End-User has ended', 'login_required', (ctx) => {
      const ours = requestSession();
      const same =
        ours !== null && String(ours.userId) === ctx.oidc.session?.accountId && ctx.oidc.account !== undefined;
      return same ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT;
    }),
  );
  prompts
    .get('login')
    ?.checks.add(
      new Check(staleSession, 'the password was given too long ago for this scope', 'login_required', (ctx) =>
        needsFreshSignIn(ctx) ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
      ),
    );
  const consent = prompts.get('consent');
  consent?.checks.remove('native_client_prompt');
  consent?.checks.add(
    new Check('client_identity_unproven', 'this client can not prove who it is', 'consent_required', (ctx) =>
      isUnproven(ctx) && !ctx.oidc.result?.consent ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
    ),
  );
  return prompts;
}

/**
 * Tells whether a request reaches so far that the session's password was given too long ago for it: consent of long ago,
 * and first-party clients, must not turn a copied cookie into tokens that govern the server.
 */
export function needsFreshSignIn({ oidc }: KoaContextWithOIDC): boolean {
  const session = requestSession();
  return session !== null && isStale(session) && isFarReaching([...oidc.requestParamScopes]);
}

/**
 * A public native client can be imitated by any program on the same machine, so a person is asked each time (RFC 8252
 * section 8.6, OAuth 2.1 section 7.6). First-party clients skip consent by the operator's own decision.
 */
function isUnproven({ oidc: { client } }: KoaContextWithOIDC): boolean {
  if (client === undefined) return true;
  return client.applicationType === 'native' && client.clientAuthMethod === 'none' && !clientFacts(client).firstParty;
}
