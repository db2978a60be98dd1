import type { Context } from 'koa';
import { deriveKeys } from '../crypto/derive-keys.ts';
import { open, seal } from '../crypto/seal.ts';
import type { ArtifactRepository } from './protocol-artifact.ts';
import type { Redemption } from './redemption.ts';
import { repeatedRefreshToken } from './request-session.ts';

const BOUND_TO = 'refresh-answer';

/**
 * Seals the answer to a refresh, to be kept with the use of the token that was presented; null for any other answer. The
 * key is derived from that token, so a stolen database opens nothing.
 */
export function sealedReplay(context: Context): Redemption['replay'] {
  const rotated = rotatedToken(context);
  const successor = refreshTokenIn(context.body);
  if (rotated === null || successor === null) return null;
  const sealedAnswer = seal(deriveKeys([rotated], 'sealing'), JSON.stringify(context.body), BOUND_TO);
  return { sealedAnswer, successor };
}

/** Gives the answer to a refresh again, where this request came too late for its only use. */
export async function replayRefresh(context: Context, artifacts: ArtifactRepository): Promise<void> {
  const repeated = repeatedRefreshToken();
  if (repeated !== null && context.status === 400) await answerAgain(context, artifacts, repeated);
}

async function answerAgain(context: Context, artifacts: ArtifactRepository, token: string): Promise<void> {
  const sealed = await artifacts.findReplay(token);
  const opened = sealed === null ? null : open(deriveKeys([token], 'sealing'), sealed, BOUND_TO);
  if (opened === null) return;
  context.status = 200;
  context.body = JSON.parse(opened.toString('utf8'));
}

/** The refresh token that this request used up, as the library notes it. */
function rotatedToken(context: Context): string | null {
  const value: unknown = context.oidc?.entities?.RotatedRefreshToken?.jti;
  return typeof value === 'string' ? value : null;
}

function refreshTokenIn(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('refresh_token' in body)) return null;
  return typeof body.refresh_token === 'string' ? body.refresh_token : null;
}
