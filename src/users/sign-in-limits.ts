/** How many attempts are let through to the password's hash in a fixed window, and how long that lasts. */
export interface AttemptLimit {
  readonly attempts: number;
  readonly windowSeconds: number;
}

/** The limits of one kind of attempt; each counts failures only, since a success takes its own attempt back. */
export interface AttemptLimits {
  /** One account from one address group: the limit that a person with a wrong password meets. */
  readonly perAccountAndAddress: AttemptLimit;
  /** One address group over all accounts: many names tried from one place. */
  readonly perAddress: AttemptLimit;
  /** One account over all addresses: one name tried from many places. */
  readonly perAccount: AttemptLimit;
}

/** The limits of sign-in. Documented in docs/passwords-and-sessions.md, which a test compares with these numbers. */
export const signInLimits: AttemptLimits = {
  perAccountAndAddress: { attempts: 10, windowSeconds: 15 * 60 },
  perAddress: { attempts: 100, windowSeconds: 15 * 60 },
  perAccount: { attempts: 50, windowSeconds: 60 * 60 },
};

/** The limits of asking for a link to a new password. */
export const linkRequestLimits: AttemptLimits = {
  perAccountAndAddress: { attempts: 3, windowSeconds: 60 * 60 },
  perAddress: { attempts: 20, windowSeconds: 60 * 60 },
  perAccount: { attempts: 10, windowSeconds: 60 * 60 },
};

/** For so long after a sign-in its address group is known: the limits over all addresses and accounts do not hold there. */
export const knownAddressSeconds = 30 * 86_400;
