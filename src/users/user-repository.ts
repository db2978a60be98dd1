import type { User } from './user.ts';

/** A user and what their password is held against; null where they have none here. */
export interface UserWithPassword {
  readonly user: User;
  readonly passwordHash: string | null;
}

/** A new password as it is stored. */
export interface NewPassword {
  readonly passwordHash: string;
  /** When given, nothing is written unless the present hash is this one. */
  readonly insteadOf?: string;
}

/** Where users are kept; addresses are normalised before they come here. */
export interface UserRepository {
  find(id: number): Promise<User | null>;
  findByEmail(email: string): Promise<User | null>;
  findWithPassword(by: { readonly id: number } | { readonly email: string }): Promise<UserWithPassword | null>;
  /** Users in the order of their ids, those after `afterId`; with `matching`, those with it in their name or address. */
  list(page: {
    readonly limit: number;
    readonly afterId: number;
    readonly matching?: string | undefined;
  }): Promise<readonly User[]>;
  /** Stores a user; null when the address is taken. */
  insert(user: {
    readonly email: string;
    readonly name: string;
    readonly passwordHash: string | null;
    readonly mustChangePassword: boolean;
  }): Promise<User | null>;
  /** Changes name or address; null when there is no such user, `email_taken` when somebody else has the address. */
  update(
    id: number,
    changes: { readonly name?: string; readonly email?: string },
  ): Promise<User | 'email_taken' | null>;
  /** Sets a password of the person's own choice; false when there is no such user or another hash by now. */
  setPassword(id: number, password: NewPassword): Promise<boolean>;
  /** Stores the same password under a stronger hash, unless it has changed meanwhile. */
  strengthenHash(id: number, from: string, to: string): Promise<void>;
  /** Disables or enables a user; null when there is none. Disabling twice keeps the first time. */
  setDisabled(id: number, disabled: boolean): Promise<User | null>;
}
