import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How this process is. */
export interface ProcessHealth {
  readonly startedAt: Date;
  readonly uptimeSeconds: number;
  readonly node: string;
  readonly memory: { readonly residentBytes: number; readonly heapUsedBytes: number };
  /** Milliseconds by which the event loop is late, over the last minute or two. */
  readonly eventLoop: { readonly medianMs: number; readonly p99Ms: number; readonly longestMs: number };
}

const RESOLUTION_MS = 20;
const WINDOW_MS = 60_000;

type Delays = ReturnType<typeof monitorEventLoopDelay>;

/** One event loop, one watch, however many servers a process has. */
let watch: { before: Delays | null; current: Delays } | null = null;

/** Begins to watch the event loop, once a process; a window of a minute is kept whole, so that a look never finds an empty one. */
export function watchEventLoop(): void {
  if (watch !== null) return;
  const kept = { before: null as Delays | null, current: startHistogram() };
  watch = kept;
  setInterval(() => {
    kept.before?.disable();
    kept.before = kept.current;
    kept.current = startHistogram();
  }, WINDOW_MS).unref();
}

/** Reads how this process is. */
export function readProcessHealth(): ProcessHealth {
  const { rss, heapUsed } = process.memoryUsage();
  return {
    startedAt: new Date(Date.now() - process.uptime() * 1000),
    uptimeSeconds: Math.round(process.uptime()),
    node: process.versions.node,
    memory: { residentBytes: rss, heapUsedBytes: heapUsed },
    eventLoop: readEventLoop(),
  };
}

function readEventLoop(): ProcessHealth['eventLoop'] {
  if (watch === null) return { medianMs: 0, p99Ms: 0, longestMs: 0 };
  const { before, current } = watch;
  const fuller = before ?? current;
  return {
    medianMs: lateness(fuller.percentile(50)),
    p99Ms: lateness(fuller.percentile(99)),
    longestMs: Math.max(lateness(current.max), before === null ? 0 : lateness(before.max)),
  };
}

function startHistogram(): Delays {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return histogram;
}

/** The histogram has the time between two ticks in nanoseconds, of which the resolution is no delay; without a tick yet it is NaN or absurd. */
function lateness(nanoseconds: number): number {
  const late = nanoseconds / 1e6 - RESOLUTION_MS;
  return Number.isFinite(late) && late > 0 && late < 86_400_000 ? Math.round(late * 10) / 10 : 0;
}
