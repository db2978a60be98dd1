import type { Middleware } from 'koa';
import { z } from 'zod';
import { LatchkeyError, NotFound } from '../core/errors.ts';
import type { PageParts } from './page-parts.ts';
import type { PageRoute } from './page-route.ts';
import { noAnswer, type PersonPage, personForm, personPage } from './person-page.ts';
import { seeOther } from './render.ts';
import { scopesInWords, type Vocabulary, vocabularyAnswer } from './scope-choices.ts';
import { pastTime, type ShownTime } from './times.ts';

const NOTICES: ReadonlyMap<unknown, string> = new Map([
  ['disconnected', 'The app is disconnected. Whatever it was given has stopped working.'],
]);

/** A card has up to a dozen lines. */
const PAGE_LENGTH = 25;

const appsAnswer = z.object({
  data: z.array(
    z.object({
      client_id: z.string(),
      client_name: z.string(),
      client_uri: z.string().nullable(),
      workspace_ids: z.array(z.number()),
      scopes: z.array(z.string()),
      created_at: z.string(),
      last_used_at: z.string().nullable(),
    }),
  ),
});

/** An app that a person let in, as the pages show it. */
export interface ShownApp {
  readonly name: string;
  /** The page of the app, where it has one that is a web page. */
  readonly uri: string | null;
  readonly scopes: ReturnType<typeof scopesInWords>;
  readonly workspaces: readonly string[];
  readonly since: ShownTime;
  /** Null before its first token. */
  readonly lastUsed: ShownTime | null;
  /** The page that asks before it is disconnected. */
  readonly disconnect: string;
}

/** The pages of connected apps. */
export function appPages(parts: PageParts): readonly PageRoute[] {
  return [
    { method: 'GET', path: '/apps', handler: appList(parts) },
    { method: 'GET', path: '/apps/:client_id/disconnect', handler: disconnectPage(parts) },
    { method: 'POST', path: '/apps/:client_id/disconnect', handler: disconnect(parts) },
  ];
}

function appList(parts: PageParts): Middleware {
  return personPage(parts, async (page) => {
    const { apps, next } = await readApps(page, { limit: PAGE_LENGTH, after: page.context.query.after });
    const more = next === null ? null : `/apps?after=${encodeURIComponent(next)}`;
    const notice = NOTICES.get(page.context.query.notice) ?? null;
    page.show('apps', { title: 'Connected apps', section: 'apps' }, { apps, more, notice });
  });
}

function disconnectPage(parts: PageParts): Middleware {
  return personPage(parts, async (page) => {
    const clientId = clientIdOf(page);
    const [app] = (await readApps(page, { limit: 1, only: clientId })).apps;
    if (app === undefined) throw new NotFound();
    page.show('app-disconnect', { title: 'Disconnect this app?', section: 'apps', width: 'wide' }, { app });
  });
}

function disconnect(parts: PageParts): Middleware {
  return personForm(parts, async (page) => {
    const params = { client_id: clientIdOf(page) };
    await page.api(noAnswer, { method: 'DELETE', path: '/api/apps/:client_id', params });
    seeOther(page.context, '/apps?notice=disconnected');
  });
}

/** Which of the apps are to be shown. */
interface AppsToShow {
  readonly limit: number;
  /** The app that the page before ended with; from the first one where there is none such. */
  readonly after?: unknown;
  readonly only?: string;
}

/** Asks which apps the person let in, and says a page of them in words; `next` is where the next page goes on. */
export async function readApps(
  page: PersonPage,
  { limit, after, only }: AppsToShow,
): Promise<{ readonly apps: readonly ShownApp[]; readonly next: string | null }> {
  const [{ data }, vocabulary] = await Promise.all([
    page.api(appsAnswer, { method: 'GET', path: '/api/apps' }),
    readWords(page),
  ]);
  const wanted = only === undefined ? data : data.filter((app) => app.client_id === only);
  const rest = wanted.slice(wanted.findIndex((app) => app.client_id === after) + 1);
  const shown = rest.slice(0, limit);
  const next = rest.length > limit ? (shown.at(-1)?.client_id ?? null) : null;
  const now = new Date();
  const apps = shown.map((app) => ({
    name: app.client_name,
    uri: app.client_uri !== null && /^https?:\/\//i.test(app.client_uri) ? app.client_uri : null,
    scopes: scopesInWords(vocabulary, app.scopes),
    workspaces: app.workspace_ids.map((id) => nameOfWorkspace(page, id)),
    since: pastTime(app.created_at, now),
    lastUsed: app.last_used_at === null ? null : pastTime(app.last_used_at, now),
    disconnect: `/apps/${encodeURIComponent(app.client_id)}/disconnect`,
  }));
  return { apps, next };
}

/** The sentences of the vocabulary; none in a suspended workspace, where nothing but what is one's own can be seen. */
export async function readWords(page: PersonPage): Promise<Pick<Vocabulary, 'scopes'>> {
  try {
    return await page.api(vocabularyAnswer, { method: 'GET', path: '/api/scopes' });
  } catch (error) {
    if (error instanceof LatchkeyError && error.status === 403) return { scopes: [] };
    throw error;
  }
}

/** What a workspace is called; the person may have left it, or it may be suspended. */
export function nameOfWorkspace(page: PersonPage, id: number): string {
  return page.workspaces.find((workspace) => workspace.id === id)?.name ?? 'a workspace that you can not work in now';
}

function clientIdOf({ context }: PersonPage): string {
  return String(context.params.client_id);
}
