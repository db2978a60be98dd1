import { DependencyDown } from '../core/errors.ts';

/** How much work of one kind may run and wait. */
export interface ConcurrencyLimits {
  /** Tasks that run at the same time. */
  readonly concurrency: number;
  /** Tasks that wait for their turn; further ones are turned away at once. */
  readonly queueLimit: number;
  /** How long a task waits before it is turned away. */
  readonly queueTimeoutMs: number;
}

/** Runs a task when there is room for it; throws DependencyDown (503) when the queue is full or the wait too long. */
export type ConcurrencyGate = <Result>(task: () => Promise<Result>) => Promise<Result>;

/** Opens a gate that runs at most so many tasks at a time and keeps the rest in a short queue, first come first served. */
export function concurrencyGate(name: string, limits: ConcurrencyLimits): ConcurrencyGate {
  let running = 0;
  const waiting = new Set<() => void>();

  /** Resolves when the caller holds a place; a place given up goes to the next in line without becoming free in between. */
  async function takePlace(): Promise<void> {
    if (running < limits.concurrency) {
      running += 1;
      return;
    }
    if (waiting.size >= limits.queueLimit) throw new DependencyDown(name, new Error('the queue is full'));
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(enter);
        reject(new DependencyDown(name, new Error('the wait was too long')));
      }, limits.queueTimeoutMs);
      const enter = (): void => {
        clearTimeout(timer);
        resolve();
      };
      waiting.add(enter);
    });
  }

  function givePlaceUp(): void {
    const [next] = waiting;
    if (next === undefined) {
      running -= 1;
      return;
    }
    waiting.delete(next);
    next();
  }

  return async (task) => {
    await takePlace();
    try {
      return await task();
    } finally {
      givePlaceUp();
    }
  };
}
