import { AsyncLocalStorage } from 'node:async_hooks';
import { freshSignInSeconds } from '../users/session.ts';
import type { ProtocolUser } from './find-account.ts';
import type { StoredGrant } from './grant.ts';
import type { StoredArtifact } from './protocol-artifact.ts';

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
  /** Grants as they stood when this request read them, null for one that did not; asked for again, but nowhere else. */
  readonly grants: Map<string, StoredGrant | null>;
  /** A user who was enabled when this request read them. */
  user: ProtocolUser | null;
  /** The library's session as this request read it. */
  protocolSession: { readonly id: string; readonly stored: StoredArtifact } | null;
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
  const none = { repeatedRefreshToken: null, family: null, user: null, protocolSession: null, endOfFamily: null };
  return storage.run({ ...none, session, failed, grants: new Map() }, work);
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

/** Notes a grant that this request has read, or null for one that does not stand. */
export function noteGrant(id: string, grant: StoredGrant | null): void {
  storage.getStore()?.grants.set(id, grant);
}

/** A grant that this request has read already; undefined when it has not. */
export function notedGrant(id: string): StoredGrant | null | undefined {
  return storage.getStore()?.grants.get(id);
}

/** Has a grant read again that this request writes. */
export function forgetGrant(id: string): void {
  storage.getStore()?.grants.delete(id);
}

/** Notes the library's session that this request has read. */
export function noteProtocolSession(id: string, stored: StoredArtifact): void {
  const state = storage.getStore();
  if (state !== undefined) state.protocolSession = { id, stored };
}

/** The library's session of this identifier as this request has read it, or null. */
export function notedProtocolSession(id: string): StoredArtifact | null {
  const noted = storage.getStore()?.protocolSession ?? null;
  return noted?.id === id ? noted.stored : null;
}

/** Notes an enabled user that this request has read. */
export function noteUser(user: ProtocolUser): void {
  const state = storage.getStore();
  if (state !== undefined) state.user = user;
}

/** A user that this request has read already, or null. */
export function notedUser(id: number): ProtocolUser | null {
  const user = storage.getStore()?.user ?? null;
  return user?.id === id ? user : null;
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
