import { sha256 } from '../crypto/digest.ts';
import type { Session, StartedSession } from './session.ts';
import type { SessionRepository } from './session-repository.ts';

/** What the start of sessions needs. */
export interface StartSessionDeps {
  readonly sessions: Pick<SessionRepository, 'insert' | 'end' | 'reauthenticate'>;
  /** Draws the value of a cookie: 32 random bytes as 43 base64url characters. */
  readonly generateCookieValue: () => string;
}

/** Who signed in, and from where. */
export interface StartSessionInput {
  readonly userId: number;
  readonly address: string;
  readonly userAgent: string;
  readonly workspaceId?: number | null;
  /** The session that this browser had before the sign-in; it ends, whoever's it was. */
  readonly replacedSessionId?: number | null;
}

const USER_AGENT_LENGTH = 400;

/** Builds the use case that starts a session at a sign-in, always under a new id; the browser's old one dies. */
export function startSession(deps: StartSessionDeps): (input: StartSessionInput) => Promise<StartedSession> {
  return async ({ userId, address, userAgent, workspaceId, replacedSessionId }) => {
    const cookieValue = deps.generateCookieValue();
    if (replacedSessionId != null) await deps.sessions.end(replacedSessionId);
    const session = await deps.sessions.insert({
      idHash: sha256(cookieValue),
      userId,
      workspaceId: workspaceId ?? null,
      address,
      userAgent: userAgent.replaceAll('\0', '').slice(0, USER_AGENT_LENGTH).toWellFormed(),
    });
    return { session, cookieValue };
  };
}

/**
 * Builds the use case for a person who gave the password again within a session: the same session under a new id, with a
 * new time of authentication; null when it has ended. The absolute end stays.
 */
export function reauthenticateSession(
  deps: StartSessionDeps,
): (sessionId: Session['id']) => Promise<StartedSession | null> {
  return async (sessionId) => {
    const cookieValue = deps.generateCookieValue();
    const session = await deps.sessions.reauthenticate(sessionId, sha256(cookieValue));
    return session && { session, cookieValue };
  };
}
