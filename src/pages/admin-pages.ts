import { adminAuditPage } from './admin-audit.ts';
import { adminHealthPage } from './admin-health.ts';
import { endLeak, findLeak, leakPage } from './admin-leak.ts';
import { adminOverviewPage } from './admin-overview.ts';
import { adminScopePage, adminScopesPage } from './admin-scopes.ts';
import { adminSigningKeysPage, rotateSigningKey, rotateSigningKeyPage } from './admin-signing-keys.ts';
import {
  adminUserPage,
  changeUser,
  disableUser,
  disableUserPage,
  enableUser,
  endSessionsOfUser,
  inviteUser,
} from './admin-user.ts';
import { adminUsersPage, createUser, newUserPage } from './admin-users.ts';
import {
  adminWorkspacePage,
  changeWorkspace,
  editWorkspacePage,
  resumeWorkspace,
  suspendWorkspace,
  suspendWorkspacePage,
} from './admin-workspace.ts';
import { adminWorkspacesPage, createWorkspace, newWorkspacePage } from './admin-workspaces.ts';
import type { PageParts } from './page-parts.ts';
import type { PageRoute } from './page-route.ts';
import { addMember, changeMember, membersPage, removeMember, removeMemberPage } from './workspace-members.ts';

/** The pages of the administration, and those where a workspace looks after its members. */
export function adminPages(parts: PageParts): readonly PageRoute[] {
  return [
    { method: 'GET', path: '/admin', handler: adminOverviewPage(parts) },
    ...userPages(parts),
    ...workspacePages(parts),
    { method: 'GET', path: '/admin/signing-keys', handler: adminSigningKeysPage(parts) },
    { method: 'GET', path: '/admin/signing-keys/rotate', handler: rotateSigningKeyPage(parts) },
    { method: 'POST', path: '/admin/signing-keys/rotate', handler: rotateSigningKey(parts) },
    { method: 'GET', path: '/admin/scopes', handler: adminScopesPage(parts) },
    { method: 'GET', path: '/admin/scopes/:name', handler: adminScopePage(parts) },
    { method: 'GET', path: '/admin/audit', handler: adminAuditPage(parts) },
    { method: 'GET', path: '/admin/audit/leak', handler: leakPage(parts) },
    { method: 'POST', path: '/admin/audit/leak', handler: findLeak(parts) },
    { method: 'POST', path: '/admin/audit/revoke', handler: endLeak(parts) },
    { method: 'GET', path: '/admin/health', handler: adminHealthPage(parts) },
  ];
}

function userPages(parts: PageParts): readonly PageRoute[] {
  const one = '/admin/users/:id';
  return [
    { method: 'GET', path: '/admin/users', handler: adminUsersPage(parts) },
    { method: 'POST', path: '/admin/users', handler: createUser(parts) },
    { method: 'GET', path: '/admin/users/new', handler: newUserPage(parts) },
    { method: 'GET', path: one, handler: adminUserPage(parts) },
    { method: 'POST', path: one, handler: changeUser(parts) },
    { method: 'GET', path: `${one}/disable`, handler: disableUserPage(parts) },
    { method: 'POST', path: `${one}/disable`, handler: disableUser(parts) },
    { method: 'POST', path: `${one}/enable`, handler: enableUser(parts) },
    { method: 'POST', path: `${one}/sessions`, handler: endSessionsOfUser(parts) },
    { method: 'POST', path: `${one}/link`, handler: inviteUser(parts) },
  ];
}

function workspacePages(parts: PageParts): readonly PageRoute[] {
  const one = '/admin/workspaces/:id';
  const members = '/workspaces/:id/members';
  return [
    { method: 'GET', path: '/admin/workspaces', handler: adminWorkspacesPage(parts) },
    { method: 'POST', path: '/admin/workspaces', handler: createWorkspace(parts) },
    { method: 'GET', path: '/admin/workspaces/new', handler: newWorkspacePage(parts) },
    { method: 'GET', path: one, handler: adminWorkspacePage(parts) },
    { method: 'GET', path: `${one}/edit`, handler: editWorkspacePage(parts) },
    { method: 'POST', path: `${one}/edit`, handler: changeWorkspace(parts) },
    { method: 'GET', path: `${one}/suspend`, handler: suspendWorkspacePage(parts) },
    { method: 'POST', path: `${one}/suspend`, handler: suspendWorkspace(parts) },
    { method: 'POST', path: `${one}/resume`, handler: resumeWorkspace(parts) },
    { method: 'GET', path: members, handler: membersPage(parts) },
    { method: 'POST', path: members, handler: addMember(parts) },
    { method: 'POST', path: `${members}/:user_id/role`, handler: changeMember(parts) },
    { method: 'GET', path: `${members}/:user_id/remove`, handler: removeMemberPage(parts) },
    { method: 'POST', path: `${members}/:user_id/remove`, handler: removeMember(parts) },
  ];
}
