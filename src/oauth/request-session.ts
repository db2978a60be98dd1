import { AsyncLocalStorage } from 'node:async_hooks';

/** Our live session behind a protocol request. */
export interface RequestSession {
  readonly id: number;
  readonly userId: number;
  readonly workspaceId: number | null;
  readonly authenticatedAt: Date;
}

/** What the provider's storage and its surroundings tell each other within one request. */
interface RequestState {
  readonly session: RequestSession | null;
  /** The refresh token whose only use was over when this request tried it. */
  repeatedRefreshToken: string | null;
}

const storage = new AsyncLocalStorage<RequestState>();

/** Runs the work of a request with our session of that request within reach of the provider's storage. */
export function withRequestSession<Result>(session: RequestSession | null, work: () => Result): Result {
  return storage.run({ session, repeatedRefreshToken: null }, work);
}

/** Our session of the request that is being answered, or null. */
export function requestSession(): RequestSession | null {
  return storage.getStore()?.session ?? null;
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
