import type { OneTimeLinkRepository } from './one-time-link.ts';
import type { PasswordPolicy } from './password-policy.ts';
import type { SessionRepository } from './session-repository.ts';
import type { SignInAttempts } from './sign-in-attempts.ts';
import type { UserRepository } from './user-repository.ts';

/** What the change of a password needs. */
export interface ChangePasswordDeps {
  readonly users: Pick<UserRepository, 'findWithPassword' | 'setPassword'>;
  readonly sessions: Pick<SessionRepository, 'endOfUser'>;
  readonly links: Pick<OneTimeLinkRepository, 'forgetOfUser'>;
  readonly attempts: SignInAttempts;
  readonly passwordFaults: PasswordPolicy;
  readonly verifyPassword: (password: string, passwordHash: string | null) => Promise<boolean>;
  readonly hashPassword: (password: string) => Promise<string>;
  /** Runs the work in one transaction. */
  readonly together: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/** A person's wish for another password. */
export interface ChangePasswordInput {
  readonly userId: number;
  readonly currentPassword: string;
  readonly newPassword: string;
  readonly address: string;
  /** The session to keep; every other one ends. Its cookie stays: to change that too, give it a new one afterwards. */
  readonly sessionId: number | null;
}

/** How it ended; guesses at the current password are limited as at sign-in. */
export type ChangePasswordResult =
  | { readonly outcome: 'changed' }
  | { readonly outcome: 'wrong_password' }
  | { readonly outcome: 'refused'; readonly reasons: readonly string[] }
  | { readonly outcome: 'throttled'; readonly retryAfterSeconds: number };

/** Builds the use case that changes a password and, in the same transaction, ends the person's other sessions and unused links. */
export function changePassword(
  deps: ChangePasswordDeps,
): (input: ChangePasswordInput) => Promise<ChangePasswordResult> {
  const confirm = confirmPassword(deps);

  return async ({ userId, currentPassword, newPassword, address, sessionId }) => {
    const confirmed = await confirm({ userId, password: currentPassword, address });
    if (confirmed.outcome === 'wrong') return { outcome: 'wrong_password' };
    if (confirmed.outcome === 'throttled') return confirmed;
    const reasons = [...deps.passwordFaults(newPassword, confirmed.user)];
    if (newPassword === currentPassword) reasons.push('The new password must differ from the current one.');
    if (reasons.length > 0) return { outcome: 'refused', reasons };
    const passwordHash = await deps.hashPassword(newPassword);
    return deps.together(async () => {
      const insteadOf = confirmed.passwordHash;
      if (!(await deps.users.setPassword(userId, { passwordHash, insteadOf }))) return { outcome: 'wrong_password' };
      await deps.sessions.endOfUser(userId, sessionId);
      await deps.links.forgetOfUser(userId);
      return { outcome: 'changed' };
    });
  };
}

/** Whether somebody signed in knows their own password. */
export type ConfirmPasswordResult =
  | {
      readonly outcome: 'right';
      readonly user: { readonly email: string; readonly name: string };
      readonly passwordHash: string;
    }
  | { readonly outcome: 'wrong' }
  | { readonly outcome: 'throttled'; readonly retryAfterSeconds: number };

/** Builds the use case that asks a person who is signed in for the password once more, limited as at sign-in. */
export function confirmPassword(
  deps: Pick<ChangePasswordDeps, 'users' | 'attempts' | 'verifyPassword'>,
): (input: {
  readonly userId: number;
  readonly password: string;
  readonly address: string;
}) => Promise<ConfirmPasswordResult> {
  return async ({ userId, password, address }) => {
    const found = await deps.users.findWithPassword({ id: userId });
    if (found === null || found.user.disabledAt !== null || found.passwordHash === null) return { outcome: 'wrong' };
    const { user, passwordHash } = found;
    // A thief of the session is no known browser: only the address counts.
    const attempt = { email: user.email, address, browserOf: null };
    const verdict = await deps.attempts.count(attempt);
    if (!verdict.allowed) return { outcome: 'throttled', retryAfterSeconds: verdict.retryAfterSeconds };
    let right: boolean;
    try {
      right = await deps.verifyPassword(password, passwordHash);
    } catch (error) {
      await deps.attempts.takeBack(attempt);
      throw error;
    }
    if (!right) return { outcome: 'wrong' };
    await deps.attempts.succeed(attempt, userId);
    return { outcome: 'right', user, passwordHash };
  };
}
