import { DependencyDown } from '../core/errors.ts';

/** Runs a task when its turn comes. */
export type FewAtOnce = <Result>(task: () => Promise<Result>) => Promise<Result>;

interface Waiting {
  readonly enter: () => void;
  readonly giveUp: (error: DependencyDown) => void;
}

/**
 * Builds a queue of which so many run at a time, first come first served. When one of them finds something down that all
 * depend on, those that wait are told so at once: each would only wait out the same time limit again.
 */
export function fewAtOnce(places: number): FewAtOnce {
  let running = 0;
  let waiting: Waiting[] = [];

  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next.enter();
  }

  return async (task) => {
    if (running < places) running += 1;
    else await new Promise<void>((enter, giveUp) => waiting.push({ enter, giveUp }));
    try {
      return await task();
    } catch (error) {
      if (error instanceof DependencyDown) {
        const given = waiting;
        waiting = [];
        for (const { giveUp } of given) giveUp(error);
      }
      throw error;
    } finally {
      leave();
    }
  };
}
