import { setTimeout as sleep } from 'node:timers/promises';

/** Longer than what a test counts takes on a machine that is busy with something else; shorter than a hook may wait. */
const ROOM_MS = 10_000;

/** Waits for the next minute of the clock where less than `roomMs` is left of this one: what a test counts must not fall into two. */
export function minuteWithRoom(roomMs: number = ROOM_MS): Promise<void> {
  return windowWithRoom(60_000, roomMs);
}

/** Waits like `minuteWithRoom` for the next hour of the clock (UTC), in which the calls of a credential are counted. */
export function hourWithRoom(roomMs: number = ROOM_MS): Promise<void> {
  return windowWithRoom(3_600_000, roomMs);
}

async function windowWithRoom(windowMs: number, roomMs: number): Promise<void> {
  const leftMs = windowMs - (Date.now() % windowMs);
  if (leftMs < roomMs) await sleep(leftMs + 20);
}
