import { isEmail, normaliseEmail } from './normalise-email.ts';
import type { SignInAttempts } from './sign-in-attempts.ts';
import type { User } from './user.ts';
import type { UserRepository, UserWithPassword } from './user-repository.ts';

/** What sign-in needs. */
export interface SignInDeps {
  readonly users: Pick<UserRepository, 'findWithPassword' | 'strengthenHash'>;
  readonly attempts: SignInAttempts;
  /** Costs the same for null, nobody's hash; throws DependencyDown (503) when too many wait. */
  readonly verifyPassword: (password: string, passwordHash: string | null) => Promise<boolean>;
  readonly hashPassword: (password: string) => Promise<string>;
  readonly needsRehash: (passwordHash: string) => boolean;
}

/** What a person gives to sign in. */
export interface SignInInput {
  readonly email: string;
  /** Compared byte by byte as received. */
  readonly password: string;
  readonly address: string;
  /** User of the live session that this browser shows, if any. */
  readonly browserOf?: number | null;
}

/** How it ended. Nothing tells an unknown address, a wrong password and a disabled user apart. */
export type SignInResult =
  | { readonly outcome: 'signed_in'; readonly user: User }
  | { readonly outcome: 'wrong' }
  | { readonly outcome: 'throttled'; readonly retryAfterSeconds: number };

/** Builds the use case that checks an e-mail address and a password; it starts no session. Throws DependencyDown (503) when too many passwords are being checked. */
export function signIn(deps: SignInDeps): (input: SignInInput) => Promise<SignInResult> {
  /** The same work whoever it is: one query, one hash. */
  async function check(email: string, password: string): Promise<UserWithPassword | null> {
    const found = isEmail(email) ? await deps.users.findWithPassword({ email }) : null;
    const usable = found !== null && found.user.disabledAt === null ? found : null;
    return (await deps.verifyPassword(password, usable?.passwordHash ?? null)) ? usable : null;
  }

  /** The password is right either way, so a queue that is full at this moment is no reason to turn the person away. */
  async function strengthen({ user, passwordHash }: UserWithPassword, password: string): Promise<void> {
    if (passwordHash === null || !deps.needsRehash(passwordHash)) return;
    const stronger = await deps.hashPassword(password).catch(() => null);
    if (stronger !== null) await deps.users.strengthenHash(user.id, passwordHash, stronger);
  }

  return async ({ email: typed, password, address, browserOf }) => {
    const email = normaliseEmail(typed);
    const attempt = { email, address, browserOf: browserOf ?? null };
    const verdict = await deps.attempts.count(attempt);
    if (!verdict.allowed) return { outcome: 'throttled', retryAfterSeconds: verdict.retryAfterSeconds };
    let checked: UserWithPassword | null;
    try {
      checked = await check(email, password);
    } catch (error) {
      // Nobody looked at the password; a flood by others must not use up this person's tries.
      await deps.attempts.takeBack(attempt);
      throw error;
    }
    if (checked === null) return { outcome: 'wrong' };
    await deps.attempts.succeed(attempt, checked.user.id);
    await strengthen(checked, password);
    return { outcome: 'signed_in', user: checked.user };
  };
}
