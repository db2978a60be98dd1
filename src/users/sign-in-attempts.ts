/** One try to sign in. */
export interface SignInAttempt {
  /** Normalised; need not belong to anybody. */
  readonly email: string;
  /** Where the request comes from, as the trusted proxies tell it. */
  readonly address: string;
  /** User of the live session that this browser shows, if any: known, like an address that signed in before. */
  readonly browserOf: number | null;
}

/** Whether a try may go on to the hash. */
export type AttemptVerdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly retryAfterSeconds: number };

/** Where attempts are counted; for all processes together, by the database's clock. */
export interface SignInAttempts {
  /** Counts a try before its password is looked at, in one statement, so that parallel tries can not slip through together. */
  count(attempt: SignInAttempt): Promise<AttemptVerdict>;
  /** Takes a counted try back, because it failed for no fault of the person's. */
  takeBack(attempt: SignInAttempt): Promise<void>;
  /** Takes a try back that succeeded, forgets the failures before it, and remembers the address as known. */
  succeed(attempt: SignInAttempt, userId: number): Promise<void>;
}
