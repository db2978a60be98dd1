import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import { Conflict, FreshSignInNeeded, InvalidInput, LatchkeyError, TooManyRequests } from '../core/errors.ts';
import { randomId } from '../crypto/random-token.ts';
import type { Form } from '../http/read-form.ts';
import type { SignedIn, WorkspaceChoice } from './account-port.ts';
import type { ApiAsk } from './api-port.ts';
import { signInAgainPath } from './fresh-sign-in.ts';
import { waitInWords } from './in-words.ts';
import { type FieldError, headLine, type PageParts } from './page-parts.ts';
import { type Frame, renderPage, type Section, seeOther } from './render.ts';

/** What an API call of a form came to: its answer, or what stands beside the fields. */
export type Attempt<Answer> =
  | { readonly ok: true; readonly value: Answer }
  | {
      readonly ok: false;
      readonly errors: readonly FieldError[];
      /** For the page that says so. */
      readonly status: 409 | 422 | 429;
      /** True where the form contradicts the present state, or was sent before (409). */
      readonly conflict: boolean;
      /** What else the refusal says, such as the `id` of what the same form has made before. */
      readonly members: Readonly<Record<string, unknown>>;
    };

/** A page for somebody who is signed in: who they are, what they may do, and the JSON API in their name. */
export interface PersonPage {
  readonly context: Context;
  readonly person: SignedIn;
  /** The workspace that the session works in; null for somebody in none, or in a suspended one. */
  readonly workspace: WorkspaceChoice | null;
  readonly workspaces: readonly WorkspaceChoice[];
  /** Tells whether the person's role covers a scope in that workspace now. */
  readonly can: (scope: string) => boolean;
  /** Asks the JSON API as this person; throws what it refuses with. */
  api<Answer>(answer: z.ZodType<Answer>, ask: ApiAsk): Promise<Answer>;
  /** Asks for a form: what belongs beside its fields comes back as a value, anything else is thrown. */
  attempt<Answer>(answer: z.ZodType<Answer>, ask: ApiAsk): Promise<Attempt<Answer>>;
  /** Answers with a template in the frame of the signed-in pages. */
  show(view: string, frame: PersonFrame, model?: object): void;
}

/** The frame of such a page. */
export interface PersonFrame extends Pick<Frame, 'title' | 'width' | 'status'> {
  readonly section?: Section;
}

/** Reads an answer without a body. */
export const noAnswer: z.ZodType<undefined> = z.undefined();

const meAnswer = z.object({
  credential: z.object({ scopes: z.array(z.string()), workspace_id: z.number().nullable() }),
});

/** Builds a page for somebody signed in; anybody else signs in first and comes back. */
export function personPage(parts: PageParts, handler: (page: PersonPage) => Promise<void>): Middleware {
  return async (context) => {
    const person = await parts.session(context);
    const session = parts.cookie.read(context);
    if (person === null || session === null) return signInFirst(context);
    await orSignInAgain(context, context.url, async () => handler(await openPage(parts, context, person, session)));
  };
}

/** Builds what a form does for somebody signed in: its token is checked before anything else; `lists` are fields that repeat. */
export function personForm(
  parts: PageParts,
  handler: (page: PersonPage, form: Form) => Promise<void>,
  lists: readonly string[] = [],
): Middleware {
  return async (context) => {
    const form = await parts.forms.readSessionForm(context, lists);
    const person = await parts.session(context);
    const session = parts.cookie.read(context);
    if (person === null || session === null) return seeOther(context, '/login');
    const backTo = pathBefore(context, parts.issuer);
    await orSignInAgain(context, backTo, async () => handler(await openPage(parts, context, person, session), form));
  };
}

/** Where the API asks for a fresh sign-in that the page did not ask for beforehand, the person can still give it. */
async function orSignInAgain(context: Context, backTo: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof FreshSignInNeeded)) throw error;
    seeOther(context, signInAgainPath(backTo));
  }
}

/** The page of ours that a form stood on, as the browser names it. */
function pathBefore(context: Context, issuer: string): string {
  const referrer = URL.parse(context.get('Referer'));
  return referrer === null || referrer.origin !== issuer ? '/' : `${referrer.pathname}${referrer.search}`;
}

function signInFirst(context: Context): void {
  seeOther(context, `/login?next=${encodeURIComponent(context.url)}`);
}

async function openPage(parts: PageParts, context: Context, person: SignedIn, session: string): Promise<PersonPage> {
  const ask = async <Answer>(answer: z.ZodType<Answer>, call: ApiAsk): Promise<Answer> =>
    answer.parse(await parts.callApi({ ...call, request: context.req, session }));
  const [workspaces, held] = await Promise.all([
    parts.accounts.listWorkspacesOf(person.user.id),
    ask(meAnswer, { method: 'GET', path: '/api/me' }).catch(nothingHeld),
  ]);
  const scopes = new Set(held.credential.scopes);
  const workspace = workspaces.find(({ id }) => id === held.credential.workspace_id) ?? null;
  const can = (scope: string): boolean => scopes.has(scope);
  return {
    context,
    person,
    workspace,
    workspaces,
    can,
    api: ask,
    attempt: async (answer, call) => {
      try {
        return { ok: true, value: await ask(answer, call) };
      } catch (error) {
        if (error instanceof TooManyRequests) context.set('Retry-After', String(error.retryAfterSeconds));
        return besideTheFields(error);
      }
    },
    show: (view, { section = 'home', width = 'full', ...frame }, model = {}) =>
      renderPage(
        context,
        view,
        {
          ...frame,
          width,
          signedIn: headLine(parts, context, person),
          navigation: {
            section,
            links: linksFor(can),
            name: person.user.name === '' ? person.user.email : person.user.name,
            workspaces: workspaces.map((one) => ({ ...one, chosen: one.id === workspace?.id })),
            here: context.path,
          },
        },
        {
          csrf: parts.forms.sessionToken(context),
          once: randomId(),
          errors: [],
          notice: null,
          now: new Date(),
          ...model,
        },
      ),
  };
}

/** Whoever works in a suspended workspace may do nothing there, and can still go to another one. */
function nothingHeld(error: unknown): z.output<typeof meAnswer> {
  if (error instanceof LatchkeyError && error.status === 403) return { credential: { scopes: [], workspace_id: null } };
  throw error;
}

function besideTheFields(error: unknown): Attempt<never> {
  if (error instanceof InvalidInput) {
    const errors = Object.entries(error.errors).flatMap(([field, sentences]) =>
      sentences.map((sentence) => ({ field, sentence })),
    );
    return { ok: false, status: 422, errors, conflict: false, members: {} };
  }
  if (error instanceof Conflict) {
    return {
      ok: false,
      status: 409,
      errors: [{ field: 'form', sentence: error.description }],
      conflict: true,
      members: error.members,
    };
  }
  if (error instanceof TooManyRequests) {
    const sentence = `Too many tries. Try again in ${waitInWords(error.retryAfterSeconds)}.`;
    return { ok: false, status: 429, errors: [{ field: 'form', sentence }], conflict: false, members: {} };
  }
  throw error;
}

const LINKS: readonly {
  readonly section: Section;
  readonly href: string;
  readonly label: string;
  /** Any of these opens it; empty for everybody. */
  readonly scopes: readonly string[];
}[] = [
  { section: 'tokens', href: '/tokens', label: 'Tokens', scopes: [] },
  { section: 'keys', href: '/keys', label: 'API keys', scopes: ['keys:manage'] },
  { section: 'apps', href: '/apps', label: 'Connected apps', scopes: [] },
  { section: 'clients', href: '/clients', label: 'Developers', scopes: ['admin:clients'] },
  {
    section: 'admin',
    href: '/admin',
    label: 'Administration',
    scopes: ['admin:users', 'admin:clients', 'admin:audit', 'admin:metrics'],
  },
];

/** The places that a person can do something at. */
export function linksFor(can: (scope: string) => boolean): readonly (typeof LINKS)[number][] {
  return LINKS.filter(({ scopes }) => scopes.length === 0 || scopes.some(can));
}
