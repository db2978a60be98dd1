import type { Clock } from '../core/clock.ts';

const WINDOW_MS = 60_000;
const REMEMBERED = 10_000;

/**
 * Builds a brake for events that strangers can cause at will: true for the first of a name in a minute, then false. It
 * counts in this process and forgets the oldest names first, so that it can not be made to grow.
 */
export function onceAMinute(clock: Clock): (name: string) => boolean {
  const last = new Map<string, number>();
  return (name) => {
    const now = clock().getTime();
    const before = last.get(name);
    if (before !== undefined && now - before < WINDOW_MS) return false;
    last.delete(name);
    last.set(name, now);
    const oldest = last.keys().next().value;
    if (last.size > REMEMBERED && oldest !== undefined) last.delete(oldest);
    return true;
  };
}
