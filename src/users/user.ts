/** A person who can sign in. */
export interface User {
  readonly id: number;
  readonly email: string;
  readonly name: string;
  /** True while the password is one that somebody else generated. */
  readonly mustChangePassword: boolean;
  readonly disabledAt: Date | null;
  readonly createdAt: Date;
}
