import type { Session } from './session.ts';
import type { User } from './user.ts';

/** A live session and the person whose it is. */
export interface ResumedSession {
  readonly session: Session;
  readonly user: User;
}

/** Finds a session within its limits whose user is not disabled, and notes that it was seen, once a minute at most. */
export type FindLiveSession = (idHash: Buffer) => Promise<ResumedSession | null>;

/** Where sessions are kept; every limit is judged by the database's clock. */
export interface SessionRepository {
  /** Stores a session. Without a workspace it starts in the person's first one; null stays null for somebody in none. */
  insert(session: {
    readonly idHash: Buffer;
    readonly userId: number;
    readonly workspaceId: number | null;
    readonly address: string;
    readonly userAgent: string;
  }): Promise<Session>;
  /** Puts a session under a new id, because the password was given again; null when it has ended. */
  reauthenticate(id: number, idHash: Buffer): Promise<Session | null>;
  /** Moves a session to another workspace; null when it has ended, the person is no member there, or it is suspended. */
  setWorkspace(id: number, workspaceId: number): Promise<Session | null>;
  /** Moves the sessions of a person out of a workspace that they left, to their first one or none. */
  leaveWorkspace(userId: number, workspaceId: number): Promise<void>;
  /** Ends one session; false when it had ended. */
  end(id: number): Promise<boolean>;
  /** Ends one session of this person; false when there is none such. */
  endOwn(userId: number, id: number): Promise<boolean>;
  /** Ends the sessions of a person, all or all but one, and gives their number. */
  endOfUser(userId: number, exceptId: number | null): Promise<number>;
  /** Live sessions of a person, the newest sign-in first; with `beforeId`, those that began before that one. */
  listOfUser(
    userId: number,
    page?: { readonly limit: number; readonly beforeId: number | null },
  ): Promise<readonly Session[]>;
  /** How long ago the password was given in a live session, by the database's clock; null when it has ended. */
  secondsSinceAuthentication(id: number): Promise<number | null>;
}
