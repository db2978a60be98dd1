import { createHash } from 'node:crypto';
import type { Verification, VerificationQuestion } from '../core/verification.ts';

/** Asks, or gives an answer that may still be used. */
export type Remember = (
  question: VerificationQuestion,
  ask: (question: VerificationQuestion) => Promise<Verification>,
) => Promise<Verification>;

interface Remembered {
  readonly verification: Verification;
  /** On the clock that no administrator turns back. */
  readonly untilMs: number;
}

const MOST_REMEMBERED = 10_000;

/**
 * Builds the memory of allowed answers; refusals are never remembered. It is keyed by a digest of the whole credential and
 * of what was asked, and nothing outlives `cacheSeconds` or the credential's own end.
 */
export function rememberVerdicts(cacheSeconds: number): Remember {
  if (!(cacheSeconds > 0)) return (question, ask) => ask(question);
  const remembered = new Map<string, Remembered>();

  function keep(key: string, verification: Verification, askedAtMs: number): void {
    if (!verification.allowed) return;
    const end = verification.principal.credential.expiresAt;
    const lifeMs = Math.min(cacheSeconds * 1000, end === null ? Infinity : end.getTime() - Date.now());
    if (lifeMs <= 0) return;
    const oldest = remembered.size >= MOST_REMEMBERED ? remembered.keys().next().value : undefined;
    if (oldest !== undefined) remembered.delete(oldest);
    // Counted from the question, not from the answer, which may have been long on its way.
    remembered.set(key, { verification, untilMs: askedAtMs + lifeMs });
  }

  return async (question, ask) => {
    const key = keyOf(question);
    const known = remembered.get(key);
    if (known !== undefined && performance.now() < known.untilMs) return known.verification;
    remembered.delete(key);
    const askedAtMs = performance.now();
    const verification = await ask(question);
    keep(key, verification, askedAtMs);
    return verification;
  };
}

function keyOf({ credential, requirement, audience }: VerificationQuestion): string {
  return createHash('sha256')
    .update(JSON.stringify([credential, requirement?.scopes, requirement?.any, audience]))
    .digest('base64url');
}
