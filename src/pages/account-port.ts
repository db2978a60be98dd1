import type { StartedSession } from '../users/session.ts';
import type { ResumedSession } from '../users/session-repository.ts';
import type { SignInInput, SignInResult } from '../users/sign-in.ts';
import type { StartSessionInput } from '../users/start-session.ts';

/** A browser whose cookie is good, and who sits before it. */
export type SignedIn = ResumedSession;

/** Where a request comes from, as the person's list of sessions shows it and the throttle counts it. */
export interface Visitor {
  readonly address: string;
  readonly userAgent: string;
}

/** Too many tries; nothing was checked. */
export interface Throttled {
  readonly kind: 'throttled';
  readonly retryAfterSeconds: number;
}

/** How the wish for another password ended; sentences say what is wrong with the new one. */
export type NewPasswordOutcome =
  | { readonly kind: 'changed' }
  | { readonly kind: 'unacceptable'; readonly sentences: readonly string[] };

/** A place the person may let an app into. */
export interface WorkspaceChoice {
  readonly id: number;
  readonly name: string;
  readonly role: string;
}

/** What the pages ask of accounts, sessions and workspaces. */
export interface AccountPort {
  /** The live session of a cookie's value, or null; notes that it was seen. */
  resumeSession(cookieValue: string): Promise<SignedIn | null>;
  /** Ends a session and whatever hangs on it; ending one twice is no error. */
  endSession(sessionId: number): Promise<void>;
  /** Checks an e-mail address and a password; starts nothing. */
  signIn(input: SignInInput): Promise<SignInResult>;
  startSession(input: StartSessionInput): Promise<StartedSession>;
  /** Puts a session under a new id, because the password was given again; null when it has ended. */
  reauthenticateSession(sessionId: number): Promise<StartedSession | null>;
  /** Makes and sends a link for an address, if there is such an account; says nothing about that. */
  requestPasswordLink(request: Visitor & { readonly email: string }): Promise<Throttled | null>;
  /** Whose link it is, without using it up; null when it is unknown, used or too old. */
  findPasswordLink(token: string): Promise<{ readonly email: string; readonly purpose: PasswordLinkPurpose } | null>;
  /** Uses a link up and sets the password; an unacceptable password leaves the link as it is. */
  usePasswordLink(token: string, password: string): Promise<NewPasswordOutcome | { readonly kind: 'gone' }>;
  /** Changes the password of a signed-in person and ends their other sessions. */
  changePassword(
    change: Visitor & { readonly signedIn: SignedIn; readonly currentPassword: string; readonly password: string },
  ): Promise<NewPasswordOutcome | { readonly kind: 'wrong-password' } | Throttled>;
  /** The workspaces that are not suspended, with the role the person has now. */
  listWorkspacesOf(userId: number): Promise<readonly WorkspaceChoice[]>;
}

/** Why somebody was sent a link. */
export type PasswordLinkPurpose = 'invitation' | 'forgotten_password';
