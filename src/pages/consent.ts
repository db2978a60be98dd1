import type { Context } from 'koa';
import { isFarReaching } from '../core/far-reaching.ts';
import type { Form } from '../http/read-form.ts';
import type { SignedIn, WorkspaceChoice } from './account-port.ts';
import { renderErrorPage } from './error-pages.ts';
import { isFresh, signInAgainPath } from './fresh-sign-in.ts';
import { durationInWords } from './in-words.ts';
import type { ConsentQuestion, PendingInteraction, RequestedScope } from './interaction-port.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import { renderPage, seeOther } from './render.ts';

const IDENTITY_SENTENCES: Readonly<Record<string, string>> = {
  profile: 'See your name',
  email: 'See your e-mail address',
  offline_access: 'Keep its access while you are away',
};

interface Asked {
  readonly signedIn: SignedIn;
  readonly question: ConsentQuestion;
}

interface Choice {
  readonly scopes: readonly string[];
  readonly identityScopes: readonly string[];
  readonly workspaceId: number | null;
}

/** Shows what an app wants in plain words, everything ticked that may be unticked. */
export async function showConsent(parts: PageParts, context: Context, pending: PendingInteraction): Promise<void> {
  const asked = await whoIsAsked(parts, context, pending);
  if (asked === null) return;
  const { question, signedIn } = asked;
  await renderConsent(parts, context, pending, asked, {
    scopes: question.scopes.map(({ entry }) => entry),
    identityScopes: question.identityScopes,
    workspaceId: question.workspaceId ?? signedIn.session.workspaceId,
  });
}

/** Takes the answer down and sends the browser on; what was not asked for can not be granted, whatever the form says. */
export async function allow(
  parts: PageParts,
  context: Context,
  pending: PendingInteraction,
  form: Form,
): Promise<void> {
  const asked = await whoIsAsked(parts, context, pending);
  if (asked === null) return;
  const { question, signedIn } = asked;
  const workspaces = await parts.accounts.listWorkspacesOf(signedIn.user.id);
  const workspaceId = workspaces.find(({ id }) => String(id) === form.text('workspace_id'))?.id ?? null;
  const scopes = question.scopes.map(({ entry }) => entry).filter((entry) => form.list('scope').includes(entry));
  const identityScopes = question.identityScopes.filter((scope) => form.list('identity').includes(scope));

  const errors: FieldError[] = [];
  if (workspaceId === null) errors.push({ field: 'workspace_id', sentence: 'Choose one of your workspaces.' });
  if (nothingIsLeft(question, scopes, identityScopes)) {
    errors.push({ field: 'permissions', sentence: 'Leave at least one permission ticked, or deny access.' });
  }
  if (workspaceId === null || errors.length > 0) {
    return renderConsent(parts, context, pending, asked, { scopes, identityScopes, workspaceId }, errors);
  }
  // To hand an app the server takes a password given lately, as it does to make such a token.
  if (isFarReaching(scopes) && !isFresh(signedIn)) {
    return seeOther(context, signInAgainPath(`/interaction/${pending.uid}`));
  }
  const answer = { workspaceId, scopes, identityScopes };
  seeOther(context, await parts.interactions.finishConsent(context.req, context.res, answer));
}

function nothingIsLeft(question: ConsentQuestion, scopes: readonly string[], identity: readonly string[]): boolean {
  const wasAsked = question.scopes.length + question.identityScopes.length > 0;
  return wasAsked && question.alreadyGranted.length === 0 && scopes.length + identity.length === 0;
}

/** The consent is that of the person whom the app knows: nobody else who has signed in here meanwhile gives it. */
async function whoIsAsked(parts: PageParts, context: Context, pending: PendingInteraction): Promise<Asked | null> {
  const signedIn = await parts.session(context);
  if (signedIn !== null && signedIn.user.id === pending.userId && pending.consent !== null) {
    return { signedIn, question: pending.consent };
  }
  renderErrorPage(context, {
    status: 400,
    title: 'You are no longer signed in',
    message:
      'You signed out, or somebody else signed in here, since this page was opened. Go back to the app and start again.',
  });
  return null;
}

async function renderConsent(
  parts: PageParts,
  context: Context,
  pending: PendingInteraction,
  { question, signedIn }: Asked,
  choice: Choice,
  errors: readonly FieldError[] = [],
): Promise<void> {
  const workspaces = await parts.accounts.listWorkspacesOf(signedIn.user.id);
  renderPage(
    context,
    'consent',
    { title: 'Allow access?', width: 'wide', formTarget: 'client', status: errors.length > 0 ? 422 : 200 },
    {
      errors,
      csrf: parts.forms.sessionToken(context),
      action: `/interaction/${pending.uid}/consent`,
      client: pending.client,
      email: signedIn.user.email,
      scopes: question.scopes.map((scope) => ({ ...inWords(scope), ticked: choice.scopes.includes(scope.entry) })),
      alreadyGranted: question.alreadyGranted.map(inWords),
      identityScopes: question.identityScopes.map((name) => ({
        name,
        sentence: IDENTITY_SENTENCES[name] ?? `See your ${name}`,
        ticked: choice.identityScopes.includes(name),
      })),
      resource: question.resource,
      workspaces: workspaces.map((one) => ({ ...one, chosen: one.id === chosenWorkspace(workspaces, choice) })),
      duration: lastsInWords(question),
    },
  );
}

function chosenWorkspace(workspaces: readonly WorkspaceChoice[], { workspaceId }: Choice): number | undefined {
  return workspaces.find(({ id }) => id === workspaceId)?.id ?? workspaces[0]?.id;
}

function inWords(scope: RequestedScope): RequestedScope & { readonly sentence: string } {
  if (!scope.wildcard) return { ...scope, sentence: scope.expanded[0]?.description ?? scope.entry };
  const today = `${scope.expanded.length} ${scope.expanded.length === 1 ? 'permission' : 'permissions'} today`;
  return { ...scope, sentence: `${wildcardInWords(scope.entry)}: ${today}` };
}

function wildcardInWords(entry: string): string {
  const [resource, action] = entry.split(':');
  if (action === undefined) return 'Everything you may do';
  if (resource === '*')
    return action === '*' ? 'Everything that is not protected' : `“${action}”, wherever there is one`;
  return `Everything in “${resource}”`;
}

function lastsInWords({ accessSeconds, renewableSeconds }: ConsentQuestion): string {
  const access = durationInWords(accessSeconds);
  if (renewableSeconds === 0) return `Access lasts ${access}.`;
  const renewal = durationInWords(renewableSeconds);
  return `Access lasts ${access} at a time. The app can renew it as long as it does so at least every ${renewal}.`;
}
