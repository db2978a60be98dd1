import type { Logger } from 'pino';
import { randomSecretKey } from './crypto/random-token.ts';
import { needsRehash, type SecretHasher } from './crypto/secret-hasher.ts';
import type { UnitOfWork } from './db/transaction.ts';
import type { AccountPort } from './pages/account-port.ts';
import { changePassword, confirmPassword } from './users/change-password.ts';
import { createOneTimeLink, requestPasswordLink } from './users/create-one-time-link.ts';
import { knexOneTimeLinkRepository } from './users/knex-one-time-link-repository.ts';
import { knexSessionRepository } from './users/knex-session-repository.ts';
import { knexSignInAttempts } from './users/knex-sign-in-attempts.ts';
import { knexUserRepository } from './users/knex-user-repository.ts';
import type { OneTimeLinkRepository, Outbox } from './users/one-time-link.ts';
import { type PasswordPolicy, passwordPolicy } from './users/password-policy.ts';
import { resumeSession } from './users/resume-session.ts';
import type { SessionRepository } from './users/session-repository.ts';
import { signIn } from './users/sign-in.ts';
import { linkRequestLimits, signInLimits } from './users/sign-in-limits.ts';
import { reauthenticateSession, startSession } from './users/start-session.ts';
import { peekOneTimeLink, useOneTimeLink } from './users/use-one-time-link.ts';
import type { UserRepository } from './users/user-repository.ts';

/** What the parts about people stand on. */
export interface PeopleDeps {
  /** Shared by all repositories of the process, so that what belongs together is written together. */
  readonly unit: UnitOfWork;
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
export function composePeople({ unit, hasher, issuer, outbox }: PeopleDeps): People {
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
  return {
    users,
    sessions,
    links,
    passwordFaults,
    signIn: signIn({ ...passwords, needsRehash }),
    startSession: startSession(sessionDeps),
    resumeSession: resumeSession({ sessions }),
    reauthenticateSession: reauthenticateSession(sessionDeps),
    changePassword: changePassword(passwords),
    confirmPassword: confirmPassword(passwords),
    createOneTimeLink: create,
    requestPasswordLink: requestPasswordLink({
      create,
      attempts: knexSignInAttempts(unit.current, 'link-request', linkRequestLimits),
    }),
    peekOneTimeLink: peekOneTimeLink({ links }),
    useOneTimeLink: useOneTimeLink(passwords),
  };
}

/** Prints links to the log until mail is configured. */
export function logOutbox(log: Pick<Logger, 'info'>): Outbox {
  return {
    sendLink: ({ email, purpose, link }) =>
      log.info({ email, purpose, expires_at: link.expiresAt }, `a one-time link for ${email}: ${link.url}`),
  };
}

/** Says the same in the words of the pages. */
export function accountPort(people: People, listWorkspacesOf: AccountPort['listWorkspacesOf']): AccountPort {
  return {
    listWorkspacesOf,
    resumeSession: people.resumeSession,
    signIn: people.signIn,
    startSession: people.startSession,
    reauthenticateSession: people.reauthenticateSession,
    endSession: async (sessionId) => {
      await people.sessions.end(sessionId);
    },
    requestPasswordLink: async ({ email, address }) => {
      const requested = await people.requestPasswordLink({ email, address });
      return requested.outcome === 'accepted'
        ? null
        : { kind: 'throttled', retryAfterSeconds: requested.retryAfterSeconds };
    },
    findPasswordLink: async (token) => {
      const peeked = await people.peekOneTimeLink(token);
      return peeked.outcome === 'gone' ? null : { email: peeked.user.email, purpose: peeked.purpose };
    },
    usePasswordLink: async (token, password) => {
      const used = await people.useOneTimeLink({ token, password });
      if (used.outcome === 'refused') return { kind: 'unacceptable', sentences: used.reasons };
      return { kind: used.outcome === 'gone' ? 'gone' : 'changed' };
    },
    changePassword: async ({ signedIn, currentPassword, password, address }) => {
      const changed = await people.changePassword({
        userId: signedIn.user.id,
        currentPassword,
        newPassword: password,
        address,
        sessionId: signedIn.session.id,
      });
      if (changed.outcome === 'throttled') return { kind: 'throttled', retryAfterSeconds: changed.retryAfterSeconds };
      if (changed.outcome === 'refused') return { kind: 'unacceptable', sentences: changed.reasons };
      return { kind: changed.outcome === 'changed' ? 'changed' : 'wrong-password' };
    },
  };
}
