import type { FindAccount } from 'oidc-provider';
import { notedUser } from './request-session.ts';

/** A user as the protocol sees one. */
export interface ProtocolUser {
  readonly id: number;
  readonly email: string;
  readonly name: string;
}

/** Builds the library's `findAccount`: a disabled user does not exist, so refreshing ends with the account. */
export function findAccount(findActiveUser: (id: number) => Promise<ProtocolUser | null>): FindAccount {
  return async (_ctx, accountId) => {
    if (!/^[1-9]\d{0,14}$/.test(accountId)) return undefined;
    const id = Number(accountId);
    const user = notedUser(id) ?? (await findActiveUser(id));
    return user === null ? undefined : { accountId, claims: () => userClaims(user) };
  };
}

/** The claims of a user (OpenID Connect Core section 5.1); an address is never claimed to be verified, because nobody did. */
export function userClaims(user: ProtocolUser): { sub: string; email: string; email_verified: false; name: string } {
  return { sub: String(user.id), name: user.name, email: user.email, email_verified: false };
}
