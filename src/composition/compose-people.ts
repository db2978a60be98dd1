import type { Logger } from 'pino';
import { memberRoutes } from '../api/members.ts';
import { myKeyRoutes } from '../api/my-keys.ts';
import { myProfileRoutes } from '../api/my-profile.ts';
import { type RoleGuardDeps, roleGuard } from '../api/role-guard.ts';
import type { AnyRoute } from '../api/route.ts';
import { sessionRoutes } from '../api/sessions.ts';
import { userRoutes } from '../api/users.ts';
import { workspaceAccess } from '../api/workspace-access.ts';
import { workspaceRoutes } from '../api/workspaces.ts';
import type { AuditTrail } from '../audit/record-audit.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import { knexKeysMadeBy } from '../credentials/knex-keys-made-by.ts';
import { randomSecretKey } from '../crypto/random-token.ts';
import { needsRehash, type SecretHasher } from '../crypto/secret-hasher.ts';
import { translateDatabaseError } from '../db/database-error.ts';
import type { UnitOfWork } from '../db/transaction.ts';
import type { AccountPort } from '../pages/account-port.ts';
import { changePassword, confirmPassword } from '../users/change-password.ts';
import { changeProfile } from '../users/change-profile.ts';
import { createOneTimeLink, requestPasswordLink } from '../users/create-one-time-link.ts';
import { createUser } from '../users/create-user.ts';
import { disableUser } from '../users/disable-user.ts';
import { knexOneTimeLinkRepository } from '../users/knex-one-time-link-repository.ts';
import { knexSessionRepository } from '../users/knex-session-repository.ts';
import { knexSignInAttempts } from '../users/knex-sign-in-attempts.ts';
import { knexUserRepository } from '../users/knex-user-repository.ts';
import type { OneTimeLinkRepository, Outbox } from '../users/one-time-link.ts';
import { type PasswordPolicy, passwordPolicy } from '../users/password-policy.ts';
import { pgFindLiveSession } from '../users/pg-find-live-session.ts';
import { resumeSession } from '../users/resume-session.ts';
import type { SessionRepository } from '../users/session-repository.ts';
import { signIn } from '../users/sign-in.ts';
import { linkRequestLimits, signInLimits } from '../users/sign-in-limits.ts';
import { reauthenticateSession, startSession } from '../users/start-session.ts';
import { peekOneTimeLink, useOneTimeLink } from '../users/use-one-time-link.ts';
import type { UserRepository } from '../users/user-repository.ts';
import { changeMembers } from '../workspaces/change-members.ts';
import { createWorkspace } from '../workspaces/create-workspace.ts';
import { ownerRole } from '../workspaces/membership.ts';
import type { WorkspaceRepository } from '../workspaces/workspace-repository.ts';
import {
  auditedEndOfUser,
  auditedInvitation,
  auditedPasswords,
  auditedPeople,
  auditedUsers,
} from './audited-people.ts';
import type { Credentials } from './compose-credentials.ts';

/** What the parts about people stand on. */
export interface PeopleDeps {
  /** Shared by all repositories of the process, so that what belongs together is written together. */
  readonly unit: UnitOfWork;
  /** For what every request of a signed-in browser asks. */
  readonly pool: Parameters<typeof pgFindLiveSession>[0];
  readonly trail: AuditTrail;
  /** The one hasher of the process: its queue is what keeps a login flood from everything else. */
  readonly hasher: SecretHasher;
  /** The public origin. */
  readonly issuer: string;
  readonly outbox: Outbox;
}

/** Everything that pages, API and protocol do with people. */
export interface People {
  readonly users: UserRepository;
  readonly sessions: SessionRepository;
  readonly links: OneTimeLinkRepository;
  readonly passwordFaults: PasswordPolicy;
  readonly signIn: ReturnType<typeof signIn>;
  readonly startSession: ReturnType<typeof startSession>;
  readonly resumeSession: ReturnType<typeof resumeSession>;
  readonly reauthenticateSession: ReturnType<typeof reauthenticateSession>;
  readonly changePassword: ReturnType<typeof changePassword>;
  readonly confirmPassword: ReturnType<typeof confirmPassword>;
  readonly createOneTimeLink: ReturnType<typeof createOneTimeLink>;
  readonly requestPasswordLink: ReturnType<typeof requestPasswordLink>;
  readonly peekOneTimeLink: ReturnType<typeof peekOneTimeLink>;
  readonly useOneTimeLink: ReturnType<typeof useOneTimeLink>;
}

/** Wires users, sessions and passwords onto a database. */
export function composePeople({ unit, pool, trail, hasher, issuer, outbox }: PeopleDeps): People {
  const users = knexUserRepository(unit.current);
  const sessions = knexSessionRepository(unit.current);
  const links = knexOneTimeLinkRepository(unit.current);
  const attempts = knexSignInAttempts(unit.current, 'sign-in', signInLimits);
  const passwordFaults = passwordPolicy({ productName: 'Latchkey', issuer });
  const sessionDeps = { sessions, generateCookieValue: randomSecretKey };
  const create = createOneTimeLink({ links, outbox, generateToken: randomSecretKey, issuer });
  const passwords = {
    users,
    sessions,
    links,
    attempts,
    passwordFaults,
    verifyPassword: hasher.verifyPassword,
    hashPassword: hasher.hashPassword,
    together: unit.run,
  };
  const passwordsSetBy = (action: 'password.changed' | 'password.set_by_link') => ({
    ...passwords,
    users: auditedPasswords(trail, users, action),
  });
  return auditedPeople(trail, {
    users: auditedUsers(trail, users),
    sessions,
    links,
    passwordFaults,
    signIn: signIn({ ...passwords, needsRehash }),
    startSession: startSession(sessionDeps),
    resumeSession: resumeSession(pgFindLiveSession(pool, translateDatabaseError)),
    reauthenticateSession: reauthenticateSession(sessionDeps),
    changePassword: changePassword(passwordsSetBy('password.changed')),
    confirmPassword: confirmPassword(passwords),
    createOneTimeLink: create,
    requestPasswordLink: requestPasswordLink({
      create,
      attempts: knexSignInAttempts(unit.current, 'link-request', linkRequestLimits),
    }),
    peekOneTimeLink: peekOneTimeLink({ links }),
    useOneTimeLink: useOneTimeLink(passwordsSetBy('password.set_by_link')),
  });
}

/** What the routes about people and workspaces need beside them. */
export interface PeopleRoutesDeps {
  readonly people: People;
  readonly workspaces: WorkspaceRepository;
  readonly unit: UnitOfWork;
  readonly trail: AuditTrail;
  readonly credentials: Pick<Credentials, 'once'>;
  readonly hasher: Pick<SecretHasher, 'hashPassword'>;
  readonly catalog: ScopeCatalog;
  readonly refusedGrants: RoleGuardDeps['refusedGrants'];
  /** Ends what a user let apps do, in one workspace or (null) everywhere. */
  readonly endAccess: (userId: number, workspaceId: number | null) => Promise<void>;
}

/** Wires the routes of users, workspaces and members. */
export function peopleRoutes(deps: PeopleRoutesDeps): readonly AnyRoute[] {
  const { people, workspaces, trail, catalog, refusedGrants, endAccess } = deps;
  const together = deps.unit.run;
  const guard = roleGuard({ roleEntries: (role) => catalog.role(role), refusedGrants });
  const access = workspaceAccess({ workspaces, guard });
  const create = createUser({
    ...people,
    hashPassword: deps.hasher.hashPassword,
    createLink: people.createOneTimeLink,
    membershipFaults: async ({ workspaceId, role }) => ({
      ...((await workspaces.find(workspaceId)) === null && { workspace_id: ['This workspace does not exist.'] }),
      ...(catalog.role(role) === undefined && { role: ['There is no such role.'] }),
    }),
    giveRole: workspaces.setRole,
    together,
  });
  const disable = disableUser({
    ...people,
    leavesAdministrator: async (userId) => {
      const own = await workspaces.findOwn();
      if (own === null) return true;
      await workspaces.lockMembers(own.id);
      if ((await workspaces.findMember(own.id, userId))?.role !== ownerRole) return true;
      return workspaces.hasOtherWithRole(own.id, userId, ownerRole);
    },
    endAccess: (userId) => endAccess(userId, null),
    together,
  });
  const members = changeMembers({ workspaces, leaveWorkspace: people.sessions.leaveWorkspace, endAccess, together });
  return [
    ...userRoutes({
      ...people,
      sessions: auditedEndOfUser(trail, people.sessions),
      workspaces,
      create,
      disable,
      createLink: auditedInvitation(trail, people),
      guard,
    }),
    ...sessionRoutes({ sessions: auditedEndOfUser(trail, people.sessions, 'sessions.ended_others') }),
    ...myKeyRoutes({ listKeysMadeBy: knexKeysMadeBy(deps.unit.current) }),
    ...myProfileRoutes({ changeProfile: changeProfile({ ...people, together }) }),
    ...workspaceRoutes({
      workspaces,
      create: createWorkspace({ workspaces, together }),
      access,
      once: deps.credentials.once,
      tierNames: catalog.tierNames,
      scopeFaults: (entries) => catalog.validateGrantable(entries).map(({ message }) => message),
      refusedGrants,
    }),
    ...memberRoutes({ users: people.users, workspaces, members, access, guard }),
  ];
}

/** Prints links to the log until mail is configured. */
export function logOutbox(log: Pick<Logger, 'info'>): Outbox {
  return {
    sendLink: ({ email, purpose, link }) =>
      log.info({ email, purpose, expires_at: link.expiresAt }, `a one-time link for ${email}: ${link.url}`),
  };
}

/** Gives the pages what they ask of people. */
export function accountPort(
  people: People,
  beside: Pick<AccountPort, 'listWorkspacesOf' | 'revokeTokens'>,
): AccountPort {
  return {
    ...people,
    ...beside,
    endSession: async (sessionId) => {
      await people.sessions.end(sessionId);
    },
  };
}
