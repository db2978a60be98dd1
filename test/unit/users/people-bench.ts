import { randomSecretKey } from '../../../src/crypto/random-token.ts';
import { translateDatabaseError } from '../../../src/db/database-error.ts';
import { type Database, openDatabase } from '../../../src/db/open-database.ts';
import { knexSessionRepository } from '../../../src/users/knex-session-repository.ts';
import { knexSignInAttempts } from '../../../src/users/knex-sign-in-attempts.ts';
import { knexUserRepository } from '../../../src/users/knex-user-repository.ts';
import { pgFindLiveSession } from '../../../src/users/pg-find-live-session.ts';
import { resumeSession } from '../../../src/users/resume-session.ts';
import type { SessionRepository } from '../../../src/users/session-repository.ts';
import { type SignInDeps, signIn } from '../../../src/users/sign-in.ts';
import { signInLimits } from '../../../src/users/sign-in-limits.ts';
import { reauthenticateSession, startSession } from '../../../src/users/start-session.ts';
import type { User } from '../../../src/users/user.ts';
import type { UserRepository } from '../../../src/users/user-repository.ts';
import { patientTimeouts } from '../../support/patient-timeouts.ts';
import { freshDatabase } from '../../support/test-database.ts';

/** The people's part of the product on a real database, with a hash that costs nothing. */
export interface PeopleBench {
  readonly database: Database;
  readonly users: UserRepository;
  readonly sessions: SessionRepository;
  readonly signIn: ReturnType<typeof signIn>;
  readonly start: ReturnType<typeof startSession>;
  readonly resume: ReturnType<typeof resumeSession>;
  readonly reauthenticate: ReturnType<typeof reauthenticateSession>;
  /** Every password that was held against a hash, in order. */
  readonly hashed: string[];
  /** Makes a user whose password is `password of <email>`. */
  person(email: string): Promise<User>;
}

/** The stand-in for bcrypt: readable, and told apart from a real hash by its form. */
export const cheapHash = (password: string): string => `cheap:${password}`;

/** Opens a bench on a database of its own. */
export async function openPeopleBench(changes: Partial<SignInDeps> = {}): Promise<PeopleBench> {
  const database = openDatabase({ databaseUrl: await freshDatabase(), poolSize: 8, timeouts: patientTimeouts });
  const knex = () => database.knex;
  const users = knexUserRepository(knex);
  const sessions = knexSessionRepository(knex);
  const sessionDeps = { sessions, generateCookieValue: randomSecretKey };
  const hashed: string[] = [];
  return {
    database,
    users,
    sessions,
    hashed,
    signIn: signIn({
      users,
      attempts: knexSignInAttempts(knex, 'sign-in', signInLimits),
      verifyPassword: async (password, hash) => {
        hashed.push(password);
        return hash === cheapHash(password);
      },
      hashPassword: async (password) => cheapHash(password),
      needsRehash: () => false,
      ...changes,
    }),
    start: startSession(sessionDeps),
    resume: resumeSession(pgFindLiveSession(database.pool, translateDatabaseError)),
    reauthenticate: reauthenticateSession(sessionDeps),
    async person(email) {
      const user = await users.insert({
        email,
        name: 'Somebody',
        passwordHash: cheapHash(`password of ${email}`),
        mustChangePassword: false,
      });
      if (user === null) throw new Error(`${email} is taken`);
      return user;
    },
  };
}
