import { DependencyDown } from '../core/errors.ts';

/** Answers a whole batch: one result a key, in the order of the keys. */
export type AnswerBatch<Key, Result> = (keys: readonly Key[]) => Promise<readonly Result[]>;

interface Waiting<Key, Result> {
  readonly key: Key;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Halves of this are still large enough to share nearly all that a statement costs. */
const WORTH_SPLITTING = 32;

/**
 * Collects all questions of one event-loop turn and asks them at once. While `maxInFlight` batches are under way,
 * further questions wait for the next one, so that load makes batches larger instead of queues longer. Many questions are
 * spread over the batches there is room for: while the database answers one, the answers of the other are worked on.
 */
export function batchByTurn<Key, Result>(
  answerBatch: AnswerBatch<Key, Result>,
  { maxInFlight, maxBatch }: { readonly maxInFlight: number; readonly maxBatch: number },
): (key: Key) => Promise<Result> {
  let waiting: Waiting<Key, Result>[] = [];
  let scheduled = false;
  let inFlight = 0;

  const room = (): number => maxInFlight - inFlight;

  function schedule(): void {
    if (scheduled || inFlight >= maxInFlight || waiting.length === 0) return;
    scheduled = true;
    setImmediate(flush);
  }

  function flush(): void {
    scheduled = false;
    if (waiting.length === 0) return;
    const size = Math.min(
      maxBatch,
      waiting.length < WORTH_SPLITTING ? waiting.length : Math.ceil(waiting.length / room()),
    );
    const batch = waiting.slice(0, size);
    waiting = waiting.slice(size);
    inFlight += 1;
    answer(batch).finally(() => {
      inFlight -= 1;
      schedule();
    });
    schedule();
  }

  async function answer(batch: readonly Waiting<Key, Result>[]): Promise<void> {
    try {
      const results = await answerBatch(batch.map((one) => one.key));
      if (results.length !== batch.length) throw new Error('a batch was answered with a different number of results');
      batch.forEach((one, index) => {
        const result = results[index];
        if (result === undefined) one.reject(new Error('a batch was answered with a hole'));
        else one.resolve(result);
      });
    } catch (error) {
      for (const one of batch) one.reject(error);
      if (error instanceof DependencyDown) giveUpWaiting(error);
    }
  }

  /** Who waits behind a dead database would wait out a second time limit on top of the first. */
  function giveUpWaiting(error: DependencyDown): void {
    const given = waiting;
    waiting = [];
    for (const one of given) one.reject(error);
  }

  return (key) =>
    new Promise<Result>((resolve, reject) => {
      waiting.push({ key, resolve, reject });
      schedule();
    });
}
