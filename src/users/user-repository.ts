import type { User } from './user.ts';

/** Where users are kept. */
export interface UserRepository {
  findByEmail(email: string): Promise<User | null>;
  /** Stores a user; null when the address is taken. */
  insert(user: {
    readonly email: string;
    readonly name: string;
    readonly passwordHash: string | null;
    readonly mustChangePassword: boolean;
  }): Promise<User | null>;
}
