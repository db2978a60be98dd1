import type { Context, Middleware } from 'koa';
import { allow, showConsent } from './consent.ts';
import { renderErrorPage } from './error-pages.ts';
import type { PendingInteraction } from './interaction-port.ts';
import type { PageParts } from './page-parts.ts';
import { seeOther } from './render.ts';
import { type SignInForm, showSignIn, trySignIn } from './sign-in-form.ts';

/** `GET /interaction/:uid`: the sign-in or the consent that an app waits for; whoever is signed in is not asked again. */
export function interactionPage(parts: PageParts): Middleware {
  return async (context) => {
    const pending = await loadPending(parts, context);
    if (pending === null) return showOver(context);
    if (pending.step === 'consent') return showConsent(parts, context, pending);
    const signedIn = await parts.session(context);
    if (signedIn !== null && !pending.mustReauthenticate) {
      const { session, user } = signedIn;
      return seeOther(
        context,
        await parts.interactions.finishSignIn(context.req, context.res, {
          userId: user.id,
          sessionId: session.id,
          authenticatedAt: session.authenticatedAt,
        }),
      );
    }
    const email = pending.loginHint ?? signedIn?.user.email ?? '';
    showSignIn(parts, context, { ...formOf(pending), email, again: signedIn !== null });
  };
}

/** `POST /interaction/:uid/sign-in`. */
export function interactionSignIn(parts: PageParts): Middleware {
  return async (context) => {
    const form = await parts.forms.readVisitorForm(context);
    const pending = await loadPending(parts, context);
    if (pending === null) return showOver(context);
    // Sent twice, or from an old tab: the first one counted.
    if (pending.step !== 'sign-in') return seeOther(context, `/interaction/${pending.uid}`);
    const email = form.text('email');
    const tried = await trySignIn(parts, context, { email, password: form.text('password') });
    if (tried.outcome !== 'signed_in') {
      return showSignIn(parts, context, { ...formOf(pending), email }, tried);
    }
    const { user, session } = tried;
    const signedIn = { userId: user.id, sessionId: session.id, authenticatedAt: session.authenticatedAt };
    seeOther(context, await parts.interactions.finishSignIn(context.req, context.res, signedIn));
  };
}

/** `POST /interaction/:uid/consent`: allowed as far as ticked, or refused. */
export function interactionConsent(parts: PageParts): Middleware {
  return async (context) => {
    const form = await parts.forms.readSessionForm(context, ['scope', 'identity']);
    const pending = await loadPending(parts, context);
    if (pending === null) return showOver(context);
    if (pending.step !== 'consent') return seeOther(context, `/interaction/${pending.uid}`);
    // Whatever is not a clear yes is a no.
    if (form.text('decision') === 'allow') return allow(parts, context, pending, form);
    seeOther(context, await parts.interactions.refuse(context.req, context.res));
  };
}

async function loadPending(parts: PageParts, context: Context): Promise<PendingInteraction | null> {
  const pending = await parts.interactions.load(context.req, context.res);
  return pending !== null && pending.uid === context.params.uid ? pending : null;
}

function formOf(pending: PendingInteraction): SignInForm {
  return {
    action: `/interaction/${pending.uid}/sign-in`,
    next: null,
    email: '',
    clientName: pending.client.name,
    again: false,
    notice: null,
  };
}

function showOver(context: Context): void {
  renderErrorPage(context, {
    status: 400,
    title: 'This request is over',
    message:
      'It was answered already, took too long, or was begun in another browser. Go back to the app and start again.',
  });
}
