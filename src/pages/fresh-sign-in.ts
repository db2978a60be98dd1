import { isFarReaching } from '../core/far-reaching.ts';
import { freshSignInSeconds } from '../users/session.ts';
import type { SignedIn } from './account-port.ts';
import type { PersonPage } from './person-page.ts';
import { seeOther } from './render.ts';

/** Tells whether somebody gave their password lately enough for something far-reaching. */
export function isFresh({ session }: SignedIn): boolean {
  return session.authenticatedSecondsAgo <= freshSignInSeconds;
}

/**
 * Tells whether the person gave their password in the last ten minutes, and otherwise sends them to give it again; the
 * caller then does nothing more. `backTo` is where they go afterwards: the page itself, or for a form the page it stands
 * on, with what was filled in as its query. The API asks the same of sessions, so that nothing goes around this.
 */
export function requireFresh(page: PersonPage, backTo: string = page.context.url): boolean {
  if (isFresh(page.person)) return true;
  seeOther(page.context, signInAgainPath(backTo));
  return false;
}

/** As `requireFresh`, where entries are granted of which some may be far-reaching. */
export function requireFreshToGrant(page: PersonPage, entries: readonly string[], backTo: string): boolean {
  return !isFarReaching(entries) || requireFresh(page, backTo);
}

/** The page that asks for the password, with the way back. */
export function signInAgainPath(backTo: string): string {
  return `/login/again?next=${encodeURIComponent(backTo)}`;
}
