import type { confirmPassword } from './change-password.ts';
import { isEmail, normaliseEmail } from './normalise-email.ts';
import type { OneTimeLinkRepository } from './one-time-link.ts';
import type { User } from './user.ts';
import type { UserRepository } from './user-repository.ts';

/** What the change of one's own name and address needs. */
export interface ChangeProfileDeps {
  readonly users: Pick<UserRepository, 'find' | 'update'>;
  readonly links: Pick<OneTimeLinkRepository, 'forgetOfUser'>;
  readonly confirmPassword: ReturnType<typeof confirmPassword>;
  /** Runs the work in one transaction. */
  readonly together: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/** A person's wish to be called or written to otherwise; what is absent stays. */
export interface ChangeProfileInput {
  readonly userId: number;
  readonly name?: string | undefined;
  /** As typed. */
  readonly email?: string | undefined;
  /** Needed for another address only. */
  readonly currentPassword?: string | undefined;
  /** Where the request comes from. */
  readonly address: string;
}

/** How it ended; guesses at the password are limited as at sign-in. */
export type ChangeProfileResult =
  | { readonly outcome: 'changed'; readonly user: User }
  | { readonly outcome: 'gone' | 'no_email' | 'email_taken' | 'password_missing' | 'wrong_password' }
  | { readonly outcome: 'throttled'; readonly retryAfterSeconds: number };

/**
 * Builds the use case that changes a person's own name or e-mail address. Another address takes the password, because
 * whoever has the address can set a new one; links that are on their way to the old address end.
 */
export function changeProfile(deps: ChangeProfileDeps): (input: ChangeProfileInput) => Promise<ChangeProfileResult> {
  async function confirm({
    userId,
    currentPassword,
    address,
  }: ChangeProfileInput): Promise<ChangeProfileResult | null> {
    if (currentPassword === undefined || currentPassword === '') return { outcome: 'password_missing' };
    const confirmed = await deps.confirmPassword({ userId, password: currentPassword, address });
    if (confirmed.outcome === 'throttled') return confirmed;
    return confirmed.outcome === 'wrong' ? { outcome: 'wrong_password' } : null;
  }

  return async (input) => {
    const { userId, name } = input;
    const before = await deps.users.find(userId);
    if (before === null) return { outcome: 'gone' };
    const typed = input.email === undefined ? before.email : normaliseEmail(input.email);
    const email = typed === before.email ? undefined : typed;
    if (email !== undefined && !isEmail(email)) return { outcome: 'no_email' };
    // Nobody learns who else is here without their own password.
    const refused = email === undefined ? null : await confirm(input);
    if (refused !== null) return refused;
    return deps.together(async () => {
      const changes = { ...(name !== undefined && { name }), ...(email !== undefined && { email }) };
      const user = await deps.users.update(userId, changes);
      if (user === 'email_taken') return { outcome: 'email_taken' };
      if (user === null) return { outcome: 'gone' };
      // After the change, whose lock keeps new links to the old address from being made meanwhile.
      if (email !== undefined) await deps.links.forgetOfUser(userId);
      return { outcome: 'changed', user };
    });
  };
}
