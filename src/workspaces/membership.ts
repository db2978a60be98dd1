/** A user's place in a workspace. */
export interface Membership {
  readonly workspaceId: number;
  readonly userId: number;
  /** A name of the vocabulary; one that it no longer has grants nothing. */
  readonly role: string;
}

/** A membership with the name of the place. */
export interface NamedMembership extends Membership {
  readonly workspaceName: string;
}

/** A membership with the person whose it is. */
export interface Member extends Membership {
  readonly email: string;
  readonly name: string;
  readonly disabledAt: Date | null;
  readonly createdAt: Date;
}

/** The role of which every workspace keeps somebody. */
export const ownerRole = 'owner';
