import type { Verification, VerificationQuestion } from '../core/verification.ts';
import type { Metrics } from './metrics.ts';

/** Counts every decision by its reason; a failure to decide is none. Whatever asks goes through here once. */
export function countVerifications<Question extends VerificationQuestion, Answer extends Verification>(
  verify: (question: Question) => Promise<Answer>,
  metrics: Pick<Metrics, 'countVerification'>,
): (question: Question) => Promise<Answer> {
  return (question) =>
    verify(question).then((verification) => {
      metrics.countVerification(verification.reason);
      return verification;
    });
}
