import type { User } from './user.ts';

/** Why somebody may set a password without knowing one. */
export type LinkPurpose = 'invitation' | 'forgotten_password';

/** A link works for so long; seconds. */
export const linkLifeSeconds = 60 * 60;

/** A new link, in clear this once. */
export interface OneTimeLink {
  readonly url: string;
  readonly expiresAt: Date;
}

/** What stands behind a link that still works. */
export interface OpenLink {
  readonly user: User;
  readonly purpose: LinkPurpose;
  readonly expiresAt: Date;
}

/** Where one-time links are kept; judged by the database's clock. */
export interface OneTimeLinkRepository {
  /** Stores a link for the enabled user with this address; null when there is none. The work is the same either way. */
  insert(link: {
    readonly email: string;
    readonly purpose: LinkPurpose;
    readonly tokenHash: Buffer;
  }): Promise<OpenLink | null>;
  /** Finds a link that is unused and not expired, of an enabled user, and leaves it as it is. */
  find(tokenHash: Buffer): Promise<OpenLink | null>;
  /** Uses a link up, in one statement; null for whoever comes second, even at the same moment. */
  consume(tokenHash: Buffer): Promise<OpenLink | null>;
  /** Forgets every unused link of a user. */
  forgetOfUser(userId: number): Promise<void>;
}

/** Takes a message to a person to where it will be delivered; the person's answer is not waited for. */
export interface Outbox {
  sendLink(message: {
    readonly email: string;
    readonly name: string;
    readonly purpose: LinkPurpose;
    readonly link: OneTimeLink;
  }): void;
}
