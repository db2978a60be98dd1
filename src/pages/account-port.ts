import type { ChangePasswordInput, ChangePasswordResult, ConfirmPasswordResult } from '../users/change-password.ts';
import type { PasswordLinkRequested, RequestPasswordLinkInput } from '../users/create-one-time-link.ts';
import type { StartedSession } from '../users/session.ts';
import type { ResumedSession } from '../users/session-repository.ts';
import type { SignInInput, SignInResult } from '../users/sign-in.ts';
import type { StartSessionInput } from '../users/start-session.ts';
import type { PeekedLink, UsedLink } from '../users/use-one-time-link.ts';

/** A browser whose cookie is good, and who sits before it. */
export type SignedIn = ResumedSession;

/** Where a request comes from, as the person's list of sessions shows it and the throttle counts it. */
export interface Visitor {
  readonly address: string;
  readonly userAgent: string;
}

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
  /** Asks a person who is signed in for the password once more; guesses are limited as at sign-in. */
  confirmPassword(input: {
    readonly userId: number;
    readonly password: string;
    readonly address: string;
  }): Promise<ConfirmPasswordResult>;
  /** Makes and sends a link for an address, if there is such an account; says nothing about that. */
  requestPasswordLink(input: RequestPasswordLinkInput): Promise<PasswordLinkRequested>;
  /** Whose link it is, without using it up. */
  peekOneTimeLink(token: string): Promise<PeekedLink>;
  /** Uses a link up and sets the password; an unacceptable password leaves the link as it is. */
  useOneTimeLink(input: { readonly token: string; readonly password: string }): Promise<UsedLink>;
  /** Changes the password of a signed-in person and ends their other sessions. */
  changePassword(input: ChangePasswordInput): Promise<ChangePasswordResult>;
  /** The workspaces that are not suspended, with the role the person has now. */
  listWorkspacesOf(userId: number): Promise<readonly WorkspaceChoice[]>;
  /** Ends every personal access token of a person. */
  revokeTokens(userId: number): Promise<void>;
}
