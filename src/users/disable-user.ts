import { Conflict, NotFound } from '../core/errors.ts';
import type { OneTimeLinkRepository } from './one-time-link.ts';
import type { SessionRepository } from './session-repository.ts';
import type { User } from './user.ts';
import type { UserRepository } from './user-repository.ts';

/** What the disabling of users needs. */
export interface DisableUserDeps {
  readonly users: Pick<UserRepository, 'setDisabled'>;
  readonly sessions: Pick<SessionRepository, 'endOfUser'>;
  readonly links: Pick<OneTimeLinkRepository, 'forgetOfUser'>;
  /** Tells whether somebody else can still administrate this server; keeps the answer true until the transaction ends. */
  readonly leavesAdministrator: (userId: number) => Promise<boolean>;
  /** Ends what the user let apps do. The verification refuses all of it already, so this is for cleanliness. */
  readonly endAccess: (userId: number) => Promise<void>;
  /** Runs the work in one transaction. */
  readonly together: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/** Builds the use case that shuts a user out of everything at once; throws `NotFound`, or `Conflict` for the last administrator. */
export function disableUser(deps: DisableUserDeps): (userId: number) => Promise<User> {
  return async (userId) => {
    const user = await deps.together(async () => {
      if (!(await deps.leavesAdministrator(userId))) {
        throw new Conflict('This user is the last owner of the first workspace: nobody could administrate the server.');
      }
      const disabled = await deps.users.setDisabled(userId, true);
      if (disabled === null) throw new NotFound();
      await deps.sessions.endOfUser(userId, null);
      await deps.links.forgetOfUser(userId);
      return disabled;
    });
    await deps.endAccess(userId);
    return user;
  };
}
