import type { Verification, VerificationQuestion } from '../core/verification.ts';
import type { Metrics } from './metrics.ts';

/** Counts every decision by its reason; a failure to decide is none. Whatever asks goes through here once. */
export function countVerifications<Question extends VerificationQuestion, Answer extends Verification>(
  verify: (question: Question) => Promise<Answer>,
  metrics: Pick<Metrics, 'countVerification'>,
): (question: Question) => Promise<Answer> {
  return async (question) => {
    const verification = await verify(question);
    metrics.countVerification(verification.reason);
    return verification;
  };
}

/** Counts the requests that were refused for their address: limited, and by nobody we know. */
export function countLimitedStrangers<Question extends VerificationQuestion, Answer extends Verification>(
  verify: (question: Question) => Promise<Answer>,
  metrics: Pick<Metrics, 'countLimitedStranger'>,
): (question: Question) => Promise<Answer> {
  return async (question) => {
    const verification = await verify(question);
    if (verification.reason === 'rate_limited' && verification.principal === null) metrics.countLimitedStranger();
    return verification;
  };
}
