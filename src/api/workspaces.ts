import { z } from 'zod';
import type { EffectiveScopeInputs } from '../core/effective-scopes.ts';
import { Conflict, InvalidInput, NotFound } from '../core/errors.ts';
import type { createWorkspace } from '../workspaces/create-workspace.ts';
import type { Workspace } from '../workspaces/workspace.ts';
import type { WorkspaceRepository } from '../workspaces/workspace-repository.ts';
import { pageOf } from './cursor.ts';
import type { Once } from './idempotency.ts';
import { unauthorizedAction } from './role-guard.ts';
import { type AnyRoute, route } from './route.ts';
import { idAfter, rowId } from './row-id.ts';
import type { Caller, WorkspaceAccess } from './workspace-access.ts';
import {
  changedWorkspaceBody,
  newWorkspaceBody,
  presentWorkspace,
  workspaceAnswer,
  workspaceQuery,
} from './workspace-schemas.ts';

/** What the workspace routes need. */
export interface WorkspaceRoutesDeps {
  readonly workspaces: Pick<WorkspaceRepository, 'find' | 'list' | 'update' | 'setSuspended'>;
  readonly create: ReturnType<typeof createWorkspace>;
  readonly access: WorkspaceAccess;
  readonly once: Once;
  /** Names of the rate-limit tiers of the vocabulary. */
  readonly tierNames: readonly string[];
  /** Sentences about entries that can not be granted to anybody. */
  readonly scopeFaults: (entries: readonly string[]) => readonly string[];
  /** Entries that a caller with these limits may not hand on. */
  readonly refusedGrants: (limits: EffectiveScopeInputs, entries: readonly string[]) => readonly string[];
}

type WorkspacePage = Omit<Parameters<WorkspaceRepository['list']>[0], 'memberId'>;

const administrators = { scopes: ['admin:users'] } as const;
const listAnswer = z.object({ data: z.array(workspaceAnswer), next: z.string().nullable() });

/** The routes of `/api/workspaces`: everybody sees their own, administrators (`admin:users`) all of them. */
export function workspaceRoutes(deps: WorkspaceRoutesDeps): readonly AnyRoute[] {
  const rules = deps.access;

  /** A session sees all workspaces of its user, any other credential the one it is bound to. */
  async function listFor(caller: Caller, page: WorkspacePage): Promise<readonly Workspace[]> {
    const memberId = rules.seesAllOf(caller);
    if (rules.isAdministrator(caller)) return deps.workspaces.list({ ...page, memberId: null });
    if (memberId !== null) return deps.workspaces.list({ ...page, memberId });
    const id = caller.principal.workspaceId;
    if (id === null || id <= page.afterId) return [];
    const bound = await rules.findVisible(caller, String(id)).catch((error: unknown) => {
      if (error instanceof NotFound) return null;
      throw error;
    });
    const isMeant = bound?.name.toLowerCase().includes(page.matching?.toLowerCase() ?? '');
    return bound === null || isMeant !== true ? [] : [bound];
  }

  function refuseChange(caller: Caller, workspace: Workspace, changes: z.output<typeof changedWorkspaceBody>): void {
    const { scopes, rate_limit_tier: tier } = changes;
    if (tier !== undefined && !rules.isAdministrator(caller)) throw unauthorizedAction('a tier needs admin:users');
    if (tier !== undefined && !deps.tierNames.includes(tier)) {
      throw new InvalidInput({ rate_limit_tier: ['There is no such tier.'] });
    }
    if (scopes === undefined) return;
    const faults = deps.scopeFaults(scopes);
    if (faults.length > 0) throw new InvalidInput({ scopes: faults });
    if (workspace.own && !scopes.includes('*')) {
      throw new InvalidInput({ scopes: ['The first workspace keeps *, or nobody could administrate the server.'] });
    }
    // Whoever sets the ceiling sets it for those above them as well: an admin does not shut the owner out.
    const beyond = deps.refusedGrants({ ...caller.limits, workspace: null }, workspace.scopes);
    if (beyond.length > 0 && !rules.isAdministrator(caller))
      throw unauthorizedAction('the workspace is allowed more than the caller holds');
    const refused = deps.refusedGrants(caller.limits, scopes);
    if (refused.length > 0) {
      throw new InvalidInput({ scopes: refused.map((entry) => `You can not allow ${entry}: you do not hold it.`) });
    }
  }

  return [
    route({
      method: 'GET',
      path: '/api/workspaces',
      summary: 'List the workspaces that the caller is in; all of them for administrators',
      access: 'any_credential',
      query: workspaceQuery,
      answers: { 200: listAnswer },
      async handle({ query, principal, limits }) {
        const asked = { limit: query.limit + 1, afterId: idAfter(query.cursor), matching: query.q };
        const rows = await listFor({ principal, limits }, asked);
        const page = pageOf(rows, query.limit, ({ id }) => [id]);
        return { status: 200, body: { data: page.data.map(presentWorkspace), next: page.next } };
      },
    }),
    route({
      method: 'POST',
      path: '/api/workspaces',
      summary: 'Create a workspace; the user who does becomes its owner',
      access: administrators,
      idempotencyKey: true,
      body: newWorkspaceBody,
      answers: { 201: workspaceAnswer },
      async handle({ body: { name }, ...call }) {
        const { subject } = call.principal;
        const creatorId = subject.type === 'user' && typeof subject.id === 'number' ? subject.id : null;
        const make = () => deps.create({ name, creatorId });
        const made = await deps.once(call, '/api/workspaces', make, ({ id }) => id);
        return { status: 201, body: presentWorkspace(made) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/workspaces/:id',
      summary: 'Show a workspace',
      access: 'any_credential',
      answers: { 200: workspaceAnswer },
      async handle({ params, ...caller }) {
        return { status: 200, body: presentWorkspace(await rules.findVisible(caller, params.id)) };
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/workspaces/:id',
      summary: 'Change the name, the ceiling of scopes or (administrators) the rate-limit tier of a workspace',
      access: 'any_credential',
      body: changedWorkspaceBody,
      answers: { 200: workspaceAnswer },
      async handle({ params, body, ...caller }) {
        const workspace = await rules.findManaged(caller, params.id);
        refuseChange(caller, workspace, body);
        const changed = await deps.workspaces.update(workspace.id, {
          ...(body.name !== undefined && { name: body.name }),
          ...(body.scopes !== undefined && { scopes: [...new Set(body.scopes)] }),
          ...(body.rate_limit_tier !== undefined && { rateLimitTier: body.rate_limit_tier }),
        });
        if (changed === null) throw new NotFound();
        return { status: 200, body: presentWorkspace(changed) };
      },
    }),
    ...(['suspend', 'resume'] as const).map((verb) => suspensionRoute(deps, verb)),
  ];
}

function suspensionRoute({ workspaces }: WorkspaceRoutesDeps, verb: 'suspend' | 'resume'): AnyRoute {
  return route({
    method: 'POST',
    path: `/api/workspaces/:id/${verb}`,
    summary:
      verb === 'suspend'
        ? 'Suspend a workspace: nothing that belongs to it is let in'
        : 'Let a suspended workspace in again',
    access: administrators,
    answers: { 200: workspaceAnswer },
    async handle({ params }) {
      const id = rowId(params.id);
      if (verb === 'suspend' && (await workspaces.find(id))?.own === true) {
        throw new Conflict('The first workspace can not be suspended: nobody could resume it.');
      }
      const workspace = await workspaces.setSuspended(id, verb === 'suspend');
      if (workspace === null) throw new NotFound();
      return { status: 200, body: presentWorkspace(workspace) };
    },
  });
}
