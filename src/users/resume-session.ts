import { sha256 } from '../crypto/digest.ts';
import type { FindLiveSession, ResumedSession } from './session-repository.ts';

/** Builds the use case that recognises a browser by its cookie; null for anything but a live session of an enabled user. */
export function resumeSession(findLive: FindLiveSession): (cookieValue: string) => Promise<ResumedSession | null> {
  return async (cookieValue) => {
    // Anything of another shape is not ours, and does not reach the database.
    if (!/^[A-Za-z0-9_-]{43}$/.test(cookieValue)) return null;
    return findLive(sha256(cookieValue));
  };
}
