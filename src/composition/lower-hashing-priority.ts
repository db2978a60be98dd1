import { readdirSync, readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

const TASKS = '/proc/self/task';
/** Ten steps down are a tenth of the weight that the thread with the requests has. */
const STEPS_DOWN = 10;
const LOWEST = 19;

/**
 * Lets the thread that answers requests go before those that hash passwords, where they share a core: otherwise every
 * sign-in takes half of it for a fifth of a second. Gives the number of threads that it moved: on Linux those of the
 * thread pool, which are there once a file was read; elsewhere none, and the scheduler decides.
 */
export function lowerHashingPriority(): number {
  const priority = Math.min(getPriority() + STEPS_DOWN, LOWEST);
  let moved = 0;
  for (const thread of threads()) {
    try {
      if (!readFileSync(`${TASKS}/${thread}/comm`, 'utf8').startsWith('libuv-worker')) continue;
      // To Linux, a thread is what the number of a process names here.
      setPriority(Number(thread), priority);
      moved += 1;
    } catch {
      // It has ended meanwhile, or may not be moved: the server works as well, only less evenly.
    }
  }
  return moved;
}

function threads(): readonly string[] {
  try {
    return readdirSync(TASKS);
  } catch {
    return [];
  }
}
