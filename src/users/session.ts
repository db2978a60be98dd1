/** A signed-in browser. There is one kind of session; the protocol's hangs on it. */
export interface Session {
  readonly id: number;
  readonly userId: number;
  /** The workspace that the person works in; null until one is chosen. */
  readonly workspaceId: number | null;
  /** As the sign-in came: for the person who looks at their own sessions. */
  readonly address: string;
  readonly userAgent: string;
  /** When the password was last given. */
  readonly authenticatedAt: Date;
  /** How long that was ago when the session was read, by the database's clock; seconds. */
  readonly authenticatedSecondsAgo: number;
  readonly lastSeenAt: Date;
  readonly createdAt: Date;
  /** Absolute end, whatever is done in between. */
  readonly expiresAt: Date;
}

/** Ends after so long without a request; seconds. */
export const sessionIdleSeconds = 7 * 86_400;

/** Ends after so long in any case; seconds. */
export const sessionAbsoluteSeconds = 30 * 86_400;

/** A password given longer ago than this is asked for again before something dangerous; seconds. */
export const freshSignInSeconds = 10 * 60;

/** A new session, with the value of its cookie this once. */
export interface StartedSession {
  readonly session: Session;
  /** 43 base64url characters; only the SHA-256 is kept. */
  readonly cookieValue: string;
}
