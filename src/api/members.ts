import { z } from 'zod';
import { InvalidInput, NotFound } from '../core/errors.ts';
import { normaliseEmail } from '../users/normalise-email.ts';
import type { User } from '../users/user.ts';
import type { UserRepository } from '../users/user-repository.ts';
import type { ChangeMembers } from '../workspaces/change-members.ts';
import type { Member } from '../workspaces/membership.ts';
import type { WorkspaceRepository } from '../workspaces/workspace-repository.ts';
import { pageOf, pageQuery } from './cursor.ts';
import { type RoleGuard, unauthorizedAction } from './role-guard.ts';
import { type AnyRoute, route } from './route.ts';
import { idAfter, rowId } from './row-id.ts';
import type { Caller, WorkspaceAccess } from './workspace-access.ts';
import { changedMemberBody, memberAnswer, newMemberBody, presentMember } from './workspace-schemas.ts';

/** What the member routes need. */
export interface MemberRoutesDeps {
  readonly users: Pick<UserRepository, 'find' | 'findByEmail'>;
  readonly workspaces: Pick<WorkspaceRepository, 'findMember' | 'listMembers'>;
  readonly members: ChangeMembers;
  readonly access: WorkspaceAccess;
  readonly guard: RoleGuard;
}

const PATH = '/api/workspaces/:id/members';
const listAnswer = z.object({ data: z.array(memberAnswer), next: z.string().nullable() });

/** The routes of `/api/workspaces/{id}/members`: who is in a workspace, and with which role. */
export function memberRoutes(deps: MemberRoutesDeps): readonly AnyRoute[] {
  /** Finds a member whom the caller may move: one who holds no more than they do. */
  async function findWithinReach(caller: Caller, workspaceId: number, userId: number): Promise<Member> {
    const member = await deps.workspaces.findMember(workspaceId, userId);
    if (member === null) throw new NotFound();
    if (!deps.guard.holds(caller.limits, [member.role]))
      throw unauthorizedAction('the member holds more than the caller');
    return member;
  }

  return [
    route({
      method: 'GET',
      path: PATH,
      summary: 'List the members of a workspace',
      access: 'any_credential',
      query: pageQuery,
      answers: { 200: listAnswer },
      async handle({ params, query, ...caller }) {
        const { id } = await deps.access.findWithMembers(caller, params.id);
        const afterUserId = idAfter(query.cursor);
        const rows = await deps.workspaces.listMembers(id, { limit: query.limit + 1, afterUserId });
        const page = pageOf(rows, query.limit, ({ userId }) => [userId]);
        return { status: 200, body: { data: page.data.map(presentMember), next: page.next } };
      },
    }),
    route({
      method: 'POST',
      path: PATH,
      summary: 'Make a user a member of a workspace',
      access: 'any_credential',
      body: newMemberBody,
      answers: { 201: memberAnswer },
      async handle({ params, body, ...caller }) {
        const { id } = await deps.access.findManaged(caller, params.id);
        deps.guard.refuseUnheldRole(caller.limits, body.role);
        const user = await userOf(deps.users, body);
        return { status: 201, body: presentMember(await deps.members.add(id, user.id, body.role)) };
      },
    }),
    route({
      method: 'GET',
      path: `${PATH}/:user_id`,
      summary: 'Show a member of a workspace',
      access: 'any_credential',
      answers: { 200: memberAnswer },
      async handle({ params, ...caller }) {
        const { id } = await deps.access.findWithMembers(caller, params.id);
        const member = await deps.workspaces.findMember(id, rowId(params.user_id));
        if (member === null) throw new NotFound();
        return { status: 200, body: presentMember(member) };
      },
    }),
    route({
      method: 'PATCH',
      path: `${PATH}/:user_id`,
      summary: 'Give a member another role',
      access: 'any_credential',
      body: changedMemberBody,
      answers: { 200: memberAnswer },
      async handle({ params, body, ...caller }) {
        const { id } = await deps.access.findManaged(caller, params.id);
        const { userId } = await findWithinReach(caller, id, rowId(params.user_id));
        deps.guard.refuseUnheldRole(caller.limits, body.role);
        return { status: 200, body: presentMember(await deps.members.changeRole(id, userId, body.role)) };
      },
    }),
    route({
      method: 'DELETE',
      path: `${PATH}/:user_id`,
      summary: 'Take a member out of a workspace',
      access: 'any_credential',
      answers: { 204: null },
      async handle({ params, ...caller }) {
        const { id } = await deps.access.findManaged(caller, params.id);
        const { userId } = await findWithinReach(caller, id, rowId(params.user_id));
        await deps.members.remove(id, userId);
        return { status: 204 };
      },
    }),
  ];
}

async function userOf(
  users: MemberRoutesDeps['users'],
  { user_id: id, email }: z.output<typeof newMemberBody>,
): Promise<User> {
  const user =
    id === undefined ? await users.findByEmail(normaliseEmail(email ?? '').replaceAll('\0', '')) : await users.find(id);
  if (user !== null) return user;
  throw new InvalidInput({ [id === undefined ? 'email' : 'user_id']: ['There is no such user.'] });
}
