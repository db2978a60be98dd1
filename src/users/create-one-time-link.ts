import { sha256 } from '../crypto/digest.ts';
import { isEmail, normaliseEmail } from './normalise-email.ts';
import type { LinkPurpose, OneTimeLink, OneTimeLinkRepository, Outbox } from './one-time-link.ts';
import type { SignInAttempts } from './sign-in-attempts.ts';

/** What the making of one-time links needs. */
export interface CreateOneTimeLinkDeps {
  readonly links: Pick<OneTimeLinkRepository, 'insert'>;
  readonly outbox: Outbox;
  /** Draws 32 random bytes as 43 base64url characters. */
  readonly generateToken: () => string;
  /** The public origin; the only source of the link's host. */
  readonly issuer: string;
}

/**
 * Builds the use case that makes a link with which somebody sets their password, and hands it to the outbox; null when
 * nobody enabled has this address.
 */
export function createOneTimeLink(
  deps: CreateOneTimeLinkDeps,
): (input: { readonly email: string; readonly purpose: LinkPurpose }) => Promise<OneTimeLink | null> {
  return async ({ email, purpose }) => {
    const token = deps.generateToken();
    const stored = await deps.links.insert({ email, purpose, tokenHash: sha256(token) });
    if (stored === null) return null;
    const link = { url: `${deps.issuer}/set-password/${token}`, expiresAt: stored.expiresAt };
    deps.outbox.sendLink({ email: stored.user.email, name: stored.user.name, purpose, link });
    return link;
  };
}

/** What a person gives who has forgotten the password. */
export interface RequestPasswordLinkInput {
  readonly email: string;
  readonly address: string;
}

/** What came of it; says nothing about whether there is such a person. */
export type PasswordLinkRequested =
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'throttled'; readonly retryAfterSeconds: number };

/** Builds the use case behind "forgotten password": an address of nobody gets the same answer, and has the same limits. */
export function requestPasswordLink(deps: {
  readonly create: ReturnType<typeof createOneTimeLink>;
  readonly attempts: Pick<SignInAttempts, 'count'>;
}): (input: RequestPasswordLinkInput) => Promise<PasswordLinkRequested> {
  return async ({ email: typed, address }) => {
    const email = normaliseEmail(typed);
    const verdict = await deps.attempts.count({ email, address, browserOf: null });
    if (!verdict.allowed) return { outcome: 'throttled', retryAfterSeconds: verdict.retryAfterSeconds };
    if (isEmail(email)) await deps.create({ email, purpose: 'forgotten_password' });
    return { outcome: 'accepted' };
  };
}
