import { AsyncLocalStorage } from 'node:async_hooks';
import { errors } from 'oidc-provider';
import type { ArtifactModel, NewArtifact } from './protocol-artifact.ts';
import { noteRepeatedRefresh } from './request-session.ts';

/** A code or a refresh token, by its value. */
export interface RedeemedArtifact {
  readonly model: ArtifactModel;
  readonly id: string;
}

/** The one use of a code or refresh token, and everything that is stored because of it. */
export interface Redemption {
  readonly redeemed: RedeemedArtifact;
  readonly artifacts: readonly NewArtifact[];
  /** The sealed answer to a refresh, and the refresh token it brings. */
  readonly replay: { readonly sealedAnswer: string; readonly successor: string } | null;
}

/** What the library has asked to be written while it answers for a code or refresh token. */
export interface GatheredRedemption {
  /** Set for a refresh token whose only use was over before this request looked at it. */
  usedBefore: string | null;
  redeemed: RedeemedArtifact | null;
  readonly artifacts: NewArtifact[];
}

const storage = new AsyncLocalStorage<GatheredRedemption>();

/**
 * Runs the library's work on a code or refresh token; its use and its tokens are gathered instead of written, so that one
 * statement can write them together or not at all.
 */
export async function gatherRedemption(work: () => Promise<void> | void): Promise<GatheredRedemption> {
  const gathered: GatheredRedemption = { usedBefore: null, redeemed: null, artifacts: [] };
  await storage.run(gathered, work);
  return gathered;
}

/** What is being gathered in this request, or null where every write is made at once. */
export function redemptionUnderWay(): GatheredRedemption | null {
  return storage.getStore() ?? null;
}

/** The refusal of a use that came too late; notes a refresh token, which may be answered again. */
export function alreadyUsed({ model, id }: RedeemedArtifact): Error {
  if (model === 'RefreshToken') noteRepeatedRefresh(id);
  if (model === 'PushedAuthorizationRequest') return new errors.InvalidRequestUri('request_uri was already used');
  return new errors.InvalidGrant('already consumed');
}
