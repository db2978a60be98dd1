import { randomSecretKey } from './crypto/random-token.ts';
import type { SecretHasher } from './crypto/secret-hasher.ts';
import { needsRehash } from './crypto/secret-hasher.ts';
import type { UnitOfWork } from './db/transaction.ts';
import { knexSessionRepository } from './users/knex-session-repository.ts';
import { knexSignInAttempts } from './users/knex-sign-in-attempts.ts';
import { knexUserRepository } from './users/knex-user-repository.ts';
import { resumeSession } from './users/resume-session.ts';
import type { SessionRepository } from './users/session-repository.ts';
import { signIn } from './users/sign-in.ts';
import { signInLimits } from './users/sign-in-limits.ts';
import { reauthenticateSession, startSession } from './users/start-session.ts';
import type { UserRepository } from './users/user-repository.ts';

/** What the parts about people stand on. */
export interface PeopleDeps {
  /** Shared by all repositories of the process, so that what belongs together is written together. */
  readonly unit: UnitOfWork;
  /** The one hasher of the process: its queue is what keeps a login flood from everything else. */
  readonly hasher: SecretHasher;
}

/** Everything that pages, API and protocol do with people. */
export interface People {
  readonly users: UserRepository;
  readonly sessions: SessionRepository;
  readonly signIn: ReturnType<typeof signIn>;
  readonly startSession: ReturnType<typeof startSession>;
  readonly resumeSession: ReturnType<typeof resumeSession>;
  readonly reauthenticateSession: ReturnType<typeof reauthenticateSession>;
}

/** Wires users, sessions and passwords onto a database. */
export function composePeople({ unit, hasher }: PeopleDeps): People {
  const users = knexUserRepository(unit.current);
  const sessions = knexSessionRepository(unit.current);
  const sessionDeps = { sessions, generateCookieValue: randomSecretKey };
  return {
    users,
    sessions,
    signIn: signIn({
      users,
      attempts: knexSignInAttempts(unit.current, 'sign-in', signInLimits),
      ...hasher,
      needsRehash,
    }),
    startSession: startSession(sessionDeps),
    resumeSession: resumeSession({ sessions }),
    reauthenticateSession: reauthenticateSession(sessionDeps),
  };
}
