import { sha256 } from '../crypto/digest.ts';
import type { OneTimeLinkRepository, OpenLink } from './one-time-link.ts';
import type { PasswordPolicy } from './password-policy.ts';
import type { SessionRepository } from './session-repository.ts';
import type { User } from './user.ts';
import type { UserRepository } from './user-repository.ts';

/** What the use of one-time links needs. */
export interface UseOneTimeLinkDeps {
  readonly links: Pick<OneTimeLinkRepository, 'find' | 'consume' | 'forgetOfUser'>;
  readonly users: Pick<UserRepository, 'setPassword'>;
  readonly sessions: Pick<SessionRepository, 'endOfUser'>;
  readonly passwordFaults: PasswordPolicy;
  readonly hashPassword: (password: string) => Promise<string>;
  /** Runs the work in one transaction. */
  readonly together: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/** What a link is worth now; used, expired, made up and of a disabled user are all the same. */
export type PeekedLink = ({ readonly outcome: 'open' } & OpenLink) | { readonly outcome: 'gone' };

/** How the use of a link ended. After `refused` it still works. */
export type UsedLink =
  | { readonly outcome: 'password_set'; readonly user: User }
  | { readonly outcome: 'refused'; readonly reasons: readonly string[] }
  | { readonly outcome: 'gone' };

/** Builds the use case that looks at a link without using it: programs that follow every link in a mail do no harm. */
export function peekOneTimeLink(deps: Pick<UseOneTimeLinkDeps, 'links'>): (token: string) => Promise<PeekedLink> {
  return async (token) => {
    const open = isToken(token) ? await deps.links.find(sha256(token)) : null;
    return open === null ? { outcome: 'gone' } : { outcome: 'open', ...open };
  };
}

/**
 * Builds the use case that sets a password by a link, once: all sessions of the person end, and their other links with
 * them. Throws DependencyDown (503), with the link unused, when too many passwords are being hashed.
 */
export function useOneTimeLink(
  deps: UseOneTimeLinkDeps,
): (input: { readonly token: string; readonly password: string }) => Promise<UsedLink> {
  const peek = peekOneTimeLink(deps);
  return async ({ token, password }) => {
    const peeked = await peek(token);
    if (peeked.outcome === 'gone') return peeked;
    const reasons = deps.passwordFaults(password, peeked.user);
    if (reasons.length > 0) return { outcome: 'refused', reasons };
    return deps.together(async () => {
      // Only the winner hashes; if that fails, the transaction gives the link back.
      const open = await deps.links.consume(sha256(token));
      if (open === null) return { outcome: 'gone' };
      await deps.users.setPassword(open.user.id, { passwordHash: await deps.hashPassword(password) });
      await deps.sessions.endOfUser(open.user.id, null);
      await deps.links.forgetOfUser(open.user.id);
      return { outcome: 'password_set', user: { ...open.user, mustChangePassword: false } };
    });
  };
}

function isToken(token: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(token);
}
