import type { BenchCase } from './cases.ts';
import { requireRight } from './check-answers.ts';
import type { LoadDriver } from './load.ts';
import type { PinnedProcess } from './pinned-process.ts';

/** Resident memory at one moment of a long load. */
export interface MemoryPoint {
  readonly seconds: number;
  readonly residentBytes: number;
}

/** How memory went. */
export interface MeasuredMemory {
  readonly points: readonly MemoryPoint[];
  readonly mostBytes: number;
  /** What the last fifth of the second half had at most above its first fifth, bytes. */
  readonly growthInSecondHalfBytes: number;
}

const CONNECTIONS = 64;
const SLICE_SECONDS = 10;

/** Loads a server with everything in turn for so long, and looks at its memory after every slice. */
export async function measureMemory(
  driver: LoadDriver,
  server: PinnedProcess,
  cases: readonly BenchCase[],
  seconds: number,
  say: (line: string) => void,
): Promise<MeasuredMemory> {
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  const points: MemoryPoint[] = [];
  for (let turn = 0; elapsed() < seconds; turn += 1) {
    const one = cases[turn % cases.length];
    if (one === undefined) throw new Error('nothing to load the server with');
    const requests = typeof one.requests === 'function' ? await one.requests(server.url) : one.requests;
    const load = driver.write(one.name, requests);
    requireRight(one, await driver.run(load, server.url, { connections: CONNECTIONS, seconds: SLICE_SECONDS }));
    points.push({ seconds: Math.round(elapsed()), residentBytes: server.residentBytes() });
    say(`${Math.round(elapsed())} s: ${Math.round(server.residentBytes() / 1e6)} MB after ${one.name}`);
  }
  const half = points.slice(Math.floor(points.length / 2));
  const fifth = Math.max(1, Math.floor(half.length / 5));
  const most = (part: readonly MemoryPoint[]): number => Math.max(...part.map(({ residentBytes }) => residentBytes));
  return {
    points,
    mostBytes: most(points),
    growthInSecondHalfBytes: most(half.slice(-fifth)) - most(half.slice(0, fifth)),
  };
}
