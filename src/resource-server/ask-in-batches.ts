import type { Verification, VerificationQuestion } from '../core/verification.ts';
import { readVerdict } from './read-verdict.ts';
import type { ServerToAsk } from './server-to-ask.ts';

/** What asking needs. */
export interface AskDeps {
  readonly origin: string;
  readonly credentials: ServerToAsk['credentials'];
  readonly timeoutMs: number;
}

interface Waiting {
  readonly question: VerificationQuestion;
  readonly resolve: (verification: Verification) => void;
  readonly reject: (error: unknown) => void;
}

/** The most that the server answers at once. */
const LARGEST_BATCH = 100;

/** Builds the asking of `POST /api/verify`: the questions of one turn of the event loop go together. Throws where no verdict comes back. */
export function askInBatches(deps: AskDeps): (question: VerificationQuestion) => Promise<Verification> {
  let waiting: Waiting[] = [];

  function send(): void {
    const turn = waiting;
    waiting = [];
    for (let start = 0; start < turn.length; start += LARGEST_BATCH) {
      void settle(turn.slice(start, start + LARGEST_BATCH));
    }
  }

  async function settle(batch: readonly Waiting[]): Promise<void> {
    try {
      const answers = await post(
        deps,
        batch.map(({ question }) => wireQuestion(question)),
      );
      if (!Array.isArray(answers) || answers.length !== batch.length) throw new Error('the server answered otherwise');
      batch.forEach((one, index) => {
        try {
          one.resolve(readVerdict(answers[index], one.question.requirement));
        } catch (error) {
          one.reject(error);
        }
      });
    } catch (error) {
      for (const one of batch) one.reject(error);
    }
  }

  return (question) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(send);
      waiting.push({ question, resolve, reject });
    });
}

function wireQuestion({ credential, requirement, cost, audience }: VerificationQuestion): Record<string, unknown> {
  return {
    credential,
    scopes: requirement?.scopes ?? [],
    any: requirement?.any ?? false,
    cost,
    ...(audience !== null && { audience }),
  };
}

async function post({ origin, credentials, timeoutMs }: AskDeps, questions: readonly unknown[]): Promise<unknown> {
  const answer = await fetch(`${origin}/api/verify`, {
    method: 'POST',
    headers: { Authorization: authorization(credentials), 'Content-Type': 'application/json' },
    body: JSON.stringify(questions),
    // Our own credential is for that address and no other.
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (answer.status === 200) return answer.json();
  await answer.body?.cancel();
  throw new Error(`the server can not be asked: it answers ${answer.status}`);
}

function authorization(credentials: ServerToAsk['credentials']): string {
  if (typeof credentials === 'string') return `Bearer ${credentials}`;
  // RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
  const [id, secret] = [credentials.client_id, credentials.client_secret].map(encodeURIComponent);
  return `Basic ${btoa(`${id}:${secret}`)}`;
}
