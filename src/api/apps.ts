import { z } from 'zod';
import { NotFound } from '../core/errors.ts';
import type { ConnectedApp } from '../oauth/grant.ts';
import { unauthorizedAction } from './role-guard.ts';
import { type AnyRoute, type ApiCall, route } from './route.ts';

/** What the routes of connected apps need. */
export interface AppRoutesDeps {
  readonly listApps: (userId: number) => Promise<readonly ConnectedApp[]>;
  /** Takes everything back that a user agreed to with a client; gives how many agreements there were. */
  readonly letOut: (userId: number, clientId: string) => Promise<number>;
}

const appAnswer = z.object({
  client_id: z.string(),
  client_name: z.string(),
  client_uri: z.string().nullable(),
  workspace_ids: z.array(z.number().int()),
  scopes: z.array(z.string()),
  created_at: z.iso.datetime(),
  last_used_at: z.iso.datetime().nullable(),
});
const listAnswer = z.object({ data: z.array(appAnswer), next: z.null() });

type Caller = Pick<ApiCall<unknown, unknown>, 'principal'>;

/** The routes of `/api/apps`: which apps a person has let in, and how to let one out. */
export function appRoutes(deps: AppRoutesDeps): readonly AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/api/apps',
      summary: 'List the apps that the person behind the caller has let in',
      access: 'any_credential',
      answers: { 200: listAnswer },
      async handle(caller) {
        const userId = personBehind(caller);
        refuseLesser(caller);
        const apps = await deps.listApps(userId);
        return { status: 200, body: { data: apps.map(presentApp), next: null } };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/apps/:client_id',
      summary: 'Let an app out: everything it was given ends at once',
      access: 'any_credential',
      answers: { 204: null },
      async handle({ principal, params }) {
        const userId = personBehind({ principal });
        refuseLesser({ principal });
        const clientId = params.client_id ?? '';
        if (clientId.includes('\0') || (await deps.letOut(userId, clientId)) === 0) throw new NotFound();
        return { status: 204 };
      },
    }),
  ];
}

/** Only a person lets apps in; keys and clients have none. */
function personBehind({ principal: { subject } }: Caller): number {
  if (subject.type === 'user' && typeof subject.id === 'number') return subject.id;
  throw unauthorizedAction('only a person lets apps in or out');
}

/** To see or end what others hold for a person takes what it takes to end that person's own tokens; an app must not learn of the others. */
function refuseLesser({ principal }: Caller): void {
  if (principal.credential.type === 'session' || principal.scopes.includes('tokens:manage')) return;
  throw unauthorizedAction('the apps of a person are theirs to see and let out: use a session or tokens:manage');
}

function presentApp(app: ConnectedApp): z.input<typeof appAnswer> {
  return {
    client_id: app.clientId,
    client_name: app.clientName,
    client_uri: app.clientUri,
    workspace_ids: [...app.workspaceIds],
    scopes: [...app.scopes],
    created_at: app.since.toISOString(),
    last_used_at: app.lastUsedAt?.toISOString() ?? null,
  };
}
