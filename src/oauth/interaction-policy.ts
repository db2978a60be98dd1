import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { clientFacts } from './client-facts.ts';
import { requestSession } from './request-session.ts';

const { Check, base } = interactionPolicy;

/** Builds the library's list of reasons to ask the person, with ours: our session must be live, and unproven clients always ask. */
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
 * A public native client can be imitated by any program on the same machine, so a person is asked each time (RFC 8252
 * section 8.6, OAuth 2.1 section 7.6). First-party clients skip consent by the operator's own decision.
 */
function isUnproven({ oidc: { client } }: KoaContextWithOIDC): boolean {
  if (client === undefined) return true;
  return client.applicationType === 'native' && client.clientAuthMethod === 'none' && !clientFacts(client).firstParty;
}
