import { expect } from 'chai';
import { roleGuard } from '../../../src/api/role-guard.ts';
import { type Caller, workspaceAccess } from '../../../src/api/workspace-access.ts';
import { refusedGrants } from '../../../src/core/effective-scopes.ts';
import type { CredentialType } from '../../../src/core/principal.ts';
import { ScopeCatalog } from '../../../src/core/scope-catalog.ts';
import type { Member } from '../../../src/workspaces/membership.ts';
import type { Workspace } from '../../../src/workspaces/workspace.ts';

const scope = (name: string, marks = {}) => ({
  name,
  description: name,
  default: false,
  protected: false,
  server: false,
  ...marks,
});
const roles = { owner: ['*'], admin: ['*:*'], member: ['*:read'] };
const catalog = new ScopeCatalog({
  scopes: [scope('posts:read'), scope('posts:write'), scope('admin:users', { protected: true, server: true })],
  roles,
  resources: {},
  tiers: {},
  testMultiplier: 10,
});
const guard = roleGuard({
  roleEntries: (role) => catalog.role(role),
  refusedGrants: (limits, entries) => refusedGrants(catalog, limits, entries),
});

/** User 1 owns workspace 7, user 2 is its admin, user 3 a member; user 1 is also a member of workspace 8. */
const memberships: Readonly<Record<string, keyof typeof roles>> = {
  '7/1': 'owner',
  '7/2': 'admin',
  '7/3': 'member',
  '8/1': 'member',
};
const workspaceOf = (id: number): Workspace => ({
  id,
  name: `Workspace ${id}`,
  scopes: ['*'],
  rateLimitTier: 'free',
  own: false,
  suspendedAt: null,
  createdAt: new Date(0),
});
const access = workspaceAccess({
  guard,
  workspaces: {
    find: async (id) => (id === 7 || id === 8 ? workspaceOf(id) : null),
    findMember: async (workspaceId, userId): Promise<Member | null> => {
      const role = memberships[`${workspaceId}/${userId}`];
      const person = { email: '', name: '', disabledAt: null, createdAt: new Date(0) };
      return role === undefined ? null : { workspaceId, userId, role, ...person };
    },
  },
});

function user(
  id: number,
  workspaceId: number,
  type: CredentialType = 'session',
  grant: readonly string[] | null = null,
): Caller {
  const role = roles[memberships[`${workspaceId}/${id}`] ?? 'member'];
  return {
    principal: {
      subject: { type: 'user', id },
      credential: { type, id: 1, name: null, environment: null, expiresAt: null },
      workspaceId,
      clientId: null,
      scopes: ['posts:read'],
    },
    limits: { grant, role, client: null, workspace: ['posts:read'], ownWorkspace: false },
  };
}

const statusOf = async (work: Promise<unknown>): Promise<number> =>
  work.then(
    () => 200,
    (error: { status: number }) => error.status,
  );

describe('access to workspaces', () => {
  it('lets owners and admins manage their own workspace, and members look', async () => {
    for (const [id, managed] of [
      [1, 200],
      [2, 200],
      [3, 403],
    ] as const) {
      expect(await statusOf(access.findManaged(user(id, 7), '7')), `user ${id}`).to.equal(managed);
      expect(await statusOf(access.findWithMembers(user(id, 7), '7')), `user ${id}`).to.equal(200);
    }
  });

  it('lets nobody manage with a credential that carries less than their role', async () => {
    for (const grant of [['posts:read'], ['posts:*'], []]) {
      for (const type of ['personal_access_token', 'oauth_access_token'] as const) {
        const caller = user(1, 7, type, grant);
        expect(await statusOf(access.findManaged(caller, '7'))).to.equal(403);
        expect(await statusOf(access.findWithMembers(caller, '7'))).to.equal(403);
        expect(await statusOf(access.findVisible(caller, '7'))).to.equal(200);
      }
    }
    expect(await statusOf(access.findManaged(user(1, 7, 'personal_access_token', ['*']), '7'))).to.equal(200);
  });

  it('finds no workspace of somebody else, nor of a former member', async () => {
    for (const find of [access.findVisible, access.findWithMembers, access.findManaged]) {
      expect(await statusOf(find(user(3, 7), '8'))).to.equal(404);
      expect(await statusOf(find(user(9, 7), '7'))).to.equal(404);
      expect(await statusOf(find(user(1, 7), '99'))).to.equal(404);
    }
  });

  it('shows a session every workspace of its user, a token the one it is bound to', async () => {
    expect(await statusOf(access.findVisible(user(1, 7), '8'))).to.equal(200);
    expect(await statusOf(access.findManaged(user(1, 8), '7'))).to.equal(403);
    expect(await statusOf(access.findVisible(user(1, 7, 'personal_access_token', ['*']), '8'))).to.equal(404);
    expect(access.seesAllOf(user(1, 7))).to.equal(1);
    expect(access.seesAllOf(user(1, 7, 'oauth_access_token'))).to.equal(null);
  });

  it('does not take the id of a client or key for that of a user', async () => {
    const caller = user(1, 7);
    for (const type of ['client', 'workspace'] as const) {
      const other = { ...caller, principal: { ...caller.principal, subject: { type, id: 1 } } };
      expect(await statusOf(access.findManaged(other, '7'))).to.equal(403);
      expect(await statusOf(access.findVisible(other, '8'))).to.equal(404);
    }
  });
});
