import { AsyncLocalStorage } from 'node:async_hooks';
import { freshSignInSeconds } from '../users/session.ts';

/** Our live session behind a protocol request. */
export interface RequestSession {
  readonly id: number;
  readonly userId: number;
  readonly workspaceId: number | null;
  readonly authenticatedAt: Date;
  /** How long that was ago when the session was read, by the database's clock; seconds. */
  readonly authenticatedSecondsAgo: number;
}

/** Tells whether the password was given too long ago for anything far-reaching. */
export function isStale({ authenticatedSecondsAgo }: Pick<RequestSession, 'authenticatedSecondsAgo'>): boolean {
  return authenticatedSecondsAgo > freshSignInSeconds;
}

/** A call to the provider's storage that failed in front of it, for the same request. */
export interface FailedStep {
  readonly model: 'Client' | 'ClientCredentials';
  readonly error: unknown;
}

/** What the provider's storage and its surroundings tell each other within one request. */
interface RequestState {
  readonly session: RequestSession | null;
  readonly failed: FailedStep | null;
  /** The refresh token whose only use was over when this request tried it. */
  repeatedRefreshToken: string | null;
  /** The family of the code or refresh token that was presented. */
  family: string | null;
  /** Set once the family is ended: a refusal whose writes must stay. */
  endOfFamily: Promise<void> | null;
}

const storage = new AsyncLocalStorage<RequestState>();

/** Runs the work of a request with our session of that request within reach of the provider's storage, and what failed already. */
export function withRequestSession<Result>(
  session: RequestSession | null,
  failed: FailedStep | null,
  work: () => Result,
): Result {
  return storage.run({ session, failed, repeatedRefreshToken: null, family: null, endOfFamily: null }, work);
}

/** Our session of the request that is being answered, or null. */
export function requestSession(): RequestSession | null {
  return storage.getStore()?.session ?? null;
}

/** Throws what the same call has failed with already: whoever waited for it once does not wait again. */
export function failAgain(model: string): void {
  const failed = storage.getStore()?.failed ?? null;
  if (failed !== null && failed.model === model) throw failed.error;
}

/** Notes that this request came too late for the only use of a refresh token. */
export function noteRepeatedRefresh(refreshToken: string): void {
  const state = storage.getStore();
  if (state !== undefined) state.repeatedRefreshToken = refreshToken;
}

/** The refresh token that this request came too late for, or null. */
export function repeatedRefreshToken(): string | null {
  return storage.getStore()?.repeatedRefreshToken ?? null;
}

/** Notes the family of the code or refresh token that this request presented. */
export function notePresentedFamily(family: string | null): void {
  const state = storage.getStore();
  if (state !== undefined) state.family = family;
}

/** The family of the code or refresh token that this request presented, or null. */
export function presentedFamily(): string | null {
  return storage.getStore()?.family ?? null;
}

/** Ends the presented family, once in a request however often the library asks for it. */
export function endPresentedFamily(end: (family: string | null) => Promise<void>): Promise<void> {
  const state = storage.getStore();
  if (state === undefined) return end(null);
  state.endOfFamily ??= end(state.family);
  return state.endOfFamily;
}

/** Tells whether this request has ended a family. */
export function hasEndedFamily(): boolean {
  return storage.getStore()?.endOfFamily != null;
}
