import { Conflict, type FieldErrors, InvalidInput } from '../core/errors.ts';
import type { createOneTimeLink } from './create-one-time-link.ts';
import { isEmail, normaliseEmail } from './normalise-email.ts';
import type { OneTimeLink } from './one-time-link.ts';
import type { PasswordPolicy } from './password-policy.ts';
import type { User } from './user.ts';
import type { UserRepository } from './user-repository.ts';

/** Where a new user gets a role. */
export interface FirstMembership {
  readonly workspaceId: number;
  readonly role: string;
}

/** What the creation of users needs. */
export interface CreateUserDeps {
  readonly users: Pick<UserRepository, 'insert'>;
  readonly passwordFaults: PasswordPolicy;
  readonly hashPassword: (password: string) => Promise<string>;
  readonly createLink: ReturnType<typeof createOneTimeLink>;
  /** Names the fields of a membership that can not be, by `role` and `workspace_id`. */
  readonly membershipFaults: (membership: FirstMembership) => Promise<FieldErrors>;
  readonly giveRole: (workspaceId: number, userId: number, role: string) => Promise<void>;
  /** Runs the work in one transaction. */
  readonly together: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/** A user as somebody else creates them. */
export interface CreateUserInput {
  readonly email: string;
  readonly name: string;
  /** Without one the person is invited to choose it. */
  readonly password: string | null;
  readonly mustChangePassword: boolean;
  readonly membership: FirstMembership;
}

/** A new user, with the link of their invitation this once. */
export interface CreatedUser {
  readonly user: User;
  readonly link: OneTimeLink | null;
}

/** Builds the use case that creates a user with a role in one workspace; throws `InvalidInput`, or `Conflict` when the address is taken. */
export function createUser(deps: CreateUserDeps): (input: CreateUserInput) => Promise<CreatedUser> {
  return async ({ email: typed, name, password, mustChangePassword, membership }) => {
    const email = normaliseEmail(typed);
    const passwordFaults = password === null ? [] : deps.passwordFaults(password, { email, name });
    const errors: FieldErrors = {
      ...(await deps.membershipFaults(membership)),
      ...(!isEmail(email) && { email: ['This is not an e-mail address.'] }),
      ...(passwordFaults.length > 0 && { password: passwordFaults }),
    };
    if (Object.keys(errors).length > 0) throw new InvalidInput(errors);
    const passwordHash = password === null ? null : await deps.hashPassword(password);
    const user = await deps.together(async () => {
      const inserted = await deps.users.insert({ email, name, passwordHash, mustChangePassword });
      if (inserted === null) throw new Conflict('There is a user with this e-mail address already.');
      await deps.giveRole(membership.workspaceId, inserted.id, membership.role);
      return inserted;
    });
    return { user, link: password === null ? await deps.createLink({ email, purpose: 'invitation' }) : null };
  };
}
