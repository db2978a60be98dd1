import { z } from 'zod';
import type { EffectiveScopeInputs } from '../core/effective-scopes.ts';
import { Conflict, InvalidInput, NotFound } from '../core/errors.ts';
import type { createOneTimeLink } from '../users/create-one-time-link.ts';
import type { createUser } from '../users/create-user.ts';
import type { disableUser } from '../users/disable-user.ts';
import { isEmail, normaliseEmail } from '../users/normalise-email.ts';
import type { OneTimeLinkRepository } from '../users/one-time-link.ts';
import type { SessionRepository } from '../users/session-repository.ts';
import type { User } from '../users/user.ts';
import type { UserRepository } from '../users/user-repository.ts';
import type { WorkspaceRepository } from '../workspaces/workspace-repository.ts';
import { pageOf } from './cursor.ts';
import { type RoleGuard, unauthorizedAction } from './role-guard.ts';
import { type AnyRoute, route } from './route.ts';
import { idAfter, rowId } from './row-id.ts';
import {
  changedUserBody,
  createdUserAnswer,
  linkAnswer,
  newUserBody,
  presentLink,
  presentUser,
  userAnswer,
  userQuery,
} from './user-schemas.ts';

/** What the user routes need. */
export interface UserRoutesDeps {
  readonly users: Pick<UserRepository, 'find' | 'findByEmail' | 'list' | 'update' | 'setDisabled'>;
  readonly workspaces: Pick<WorkspaceRepository, 'findOwn' | 'membershipsOf'>;
  readonly sessions: Pick<SessionRepository, 'endOfUser'>;
  readonly links: Pick<OneTimeLinkRepository, 'forgetOfUser'>;
  readonly create: ReturnType<typeof createUser>;
  readonly disable: ReturnType<typeof disableUser>;
  readonly createLink: ReturnType<typeof createOneTimeLink>;
  readonly guard: RoleGuard;
}

const access = { scopes: ['admin:users'] } as const;
const listAnswer = z.object({ data: z.array(userAnswer), next: z.string().nullable() });

/** The routes of `/api/users`, for callers that cover `admin:users`. */
export function userRoutes(deps: UserRoutesDeps): readonly AnyRoute[] {
  const present = async (user: User) => presentUser(user, await deps.workspaces.membershipsOf([user.id]));

  async function find(id: string | undefined): Promise<User> {
    const user = await deps.users.find(rowId(id));
    if (user === null) throw new NotFound();
    return user;
  }

  /** Who could change the address of an administrator could become them by "forgotten password". */
  async function findWithinReach(id: string | undefined, limits: EffectiveScopeInputs): Promise<User> {
    const user = await find(id);
    const roles = (await deps.workspaces.membershipsOf([user.id])).map(({ role }) => role);
    if (!deps.guard.holds(limits, roles)) throw unauthorizedAction('the user holds more than the caller');
    return user;
  }

  return [
    route({
      method: 'GET',
      path: '/api/users',
      summary: 'List users',
      access,
      query: userQuery,
      answers: { 200: listAnswer },
      async handle({ query }) {
        const rows =
          query.email === undefined
            ? await deps.users.list({ limit: query.limit + 1, afterId: idAfter(query.cursor), matching: query.q })
            : await withAddress(deps.users, query.email);
        const page = pageOf(rows, query.limit, ({ id }) => [id]);
        const memberships = await deps.workspaces.membershipsOf(page.data.map(({ id }) => id));
        return {
          status: 200,
          body: { data: page.data.map((user) => presentUser(user, memberships)), next: page.next },
        };
      },
    }),
    route({
      method: 'POST',
      path: '/api/users',
      summary: 'Create a user; without a password the link of their invitation is shown this once',
      access,
      body: newUserBody,
      answers: { 201: createdUserAnswer },
      async handle({ limits, body }) {
        deps.guard.refuseUnheldRole(limits, body.role);
        const { user, link } = await deps.create({
          email: body.email,
          name: body.name,
          password: body.password ?? null,
          mustChangePassword: body.must_change_password,
          membership: { workspaceId: body.workspace_id ?? (await deps.workspaces.findOwn())?.id ?? 0, role: body.role },
        });
        const shown = link === null ? { link: null, link_expires_at: null } : presentLink(link);
        return { status: 201, body: { ...(await present(user)), ...shown } };
      },
    }),
    route({
      method: 'GET',
      path: '/api/users/:id',
      summary: 'Show a user',
      access,
      answers: { 200: userAnswer },
      async handle({ params }) {
        return { status: 200, body: await present(await find(params.id)) };
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/users/:id',
      summary: 'Change the name or e-mail address of a user',
      access,
      body: changedUserBody,
      answers: { 200: userAnswer },
      async handle({ params, body, limits }) {
        const { id } = await findWithinReach(params.id, limits);
        const email = body.email === undefined ? undefined : normaliseEmail(body.email);
        if (email !== undefined && !isEmail(email))
          throw new InvalidInput({ email: ['This is not an e-mail address.'] });
        const changed = await deps.users.update(id, {
          ...(body.name !== undefined && { name: body.name }),
          ...(email !== undefined && { email }),
        });
        if (changed === 'email_taken') throw new Conflict('There is a user with this e-mail address already.');
        if (changed === null) throw new NotFound();
        // A link that went to the old address must not set the password of who has the new one.
        if (email !== undefined) await deps.links.forgetOfUser(id);
        return { status: 200, body: await present(changed) };
      },
    }),
    ...stateRoutes(deps, { findWithinReach, present }),
  ];
}

interface Reach {
  readonly findWithinReach: (id: string | undefined, limits: EffectiveScopeInputs) => Promise<User>;
  readonly present: (user: User) => Promise<z.input<typeof userAnswer>>;
}

/** The routes that let a user in and shut them out. */
function stateRoutes(deps: UserRoutesDeps, { findWithinReach, present }: Reach): readonly AnyRoute[] {
  return [
    route({
      method: 'POST',
      path: '/api/users/:id/disable',
      summary: 'Disable a user: sessions end, and every credential of theirs stops working at once',
      access,
      answers: { 200: userAnswer },
      async handle({ params, limits }) {
        const { id } = await findWithinReach(params.id, limits);
        return { status: 200, body: await present(await deps.disable(id)) };
      },
    }),
    route({
      method: 'POST',
      path: '/api/users/:id/enable',
      summary: 'Let a disabled user in again',
      access,
      answers: { 200: userAnswer },
      async handle({ params, limits }) {
        const { id } = await findWithinReach(params.id, limits);
        const user = await deps.users.setDisabled(id, false);
        if (user === null) throw new NotFound();
        return { status: 200, body: await present(user) };
      },
    }),
    route({
      method: 'POST',
      path: '/api/users/:id/invite',
      summary: 'Make a new link with which the user sets their password, shown this once',
      access,
      answers: { 201: linkAnswer },
      async handle({ params, limits }) {
        const { email } = await findWithinReach(params.id, limits);
        const link = await deps.createLink({ email, purpose: 'invitation' });
        if (link === null) throw new Conflict('The user is disabled.');
        return { status: 201, body: presentLink(link) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/users/:id/sessions',
      summary: 'End every session of a user',
      access,
      answers: { 204: null },
      async handle({ params, limits }) {
        const { id } = await findWithinReach(params.id, limits);
        await deps.sessions.endOfUser(id, null);
        return { status: 204 };
      },
    }),
  ];
}

async function withAddress(users: Pick<UserRepository, 'findByEmail'>, typed: string): Promise<readonly User[]> {
  const email = normaliseEmail(typed);
  const user = isEmail(email) ? await users.findByEmail(email) : null;
  return user === null ? [] : [user];
}
