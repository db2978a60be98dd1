import type { BenchCase, Target } from './cases.ts';
import { checkAnswers, requireRight } from './check-answers.ts';
import type { LoadDriver, Slice } from './load.ts';
import { type PinnedProcess, watchIdle } from './pinned-process.ts';
import { type Measured, type MeasuredSlice, newMeasured } from './report.ts';
import type { Yardsticks } from './yardsticks.ts';

/** A slice in which the server's core had this much to spare measured something else. */
const MOST_IDLE = 0.1;

/** What measuring goes by. */
export interface MeasureDeps {
  readonly driver: LoadDriver;
  readonly servers: ReadonlyMap<Target, PinnedProcess>;
  readonly yardsticks: Pick<Yardsticks, 'loads'>;
  readonly repetitions: number;
  readonly seconds: number;
  readonly say: (line: string) => void;
}

interface OwnSlice extends Omit<MeasuredSlice, 'ratio'> {
  readonly one: BenchCase;
}

/** Measures every case in turn, round after round, each round beside its yardsticks: what slows a round down slows both. */
export async function measureCases(
  deps: MeasureDeps,
  cases: readonly BenchCase[],
  connections: number,
): Promise<readonly Measured[]> {
  const { driver, repetitions, seconds, say } = deps;
  const results = new Map(cases.map((one) => [one.name, measuredOf(one, connections)]));
  const against = [...new Set(cases.map((one) => one.against))].filter((name) => deps.yardsticks.loads.has(name));
  const yardstickFiles = new Map(
    against.map((name) => [name, driver.write(name, deps.yardsticks.loads.get(name)?.requests ?? [])]),
  );
  // Round 0 warms up.
  for (let round = 0; round <= repetitions; round += 1) {
    say(`${connections} connections, ${round === 0 ? 'warming up' : `round ${round} of ${repetitions}`}`);
    const pressure = { connections, seconds: round === 0 ? Math.min(1, seconds) : seconds };
    const speeds = new Map<string, number>();
    for (const [name, load] of yardstickFiles) {
      const slice = await driver.run(load, deps.yardsticks.loads.get(name)?.url ?? '', pressure);
      speeds.set(name, slice.requestsPerSecond);
    }
    const slices: OwnSlice[] = [];
    for (const one of cases) {
      const slice = await measureOne(deps, one, pressure);
      speeds.set(one.name, slice.perSecond);
      slices.push(slice);
    }
    if (round > 0) for (const slice of slices) keep(results, slice, speeds, connections);
  }
  for (const one of cases) {
    const result = results.get(one.name);
    if (result !== undefined) result.residentBytes = serverOf(deps, one).residentBytes();
  }
  return [...results.values()];
}

function measuredOf({ name, against, goal }: BenchCase, connections: number): Measured {
  return newMeasured(name, against, goal, connections);
}

function keep(
  results: ReadonlyMap<string, Measured>,
  { one, ...slice }: OwnSlice,
  speeds: ReadonlyMap<string, number>,
  connections: number,
): void {
  const result = results.get(one.name);
  const yardstick = speeds.get(one.against);
  if (result === undefined) return;
  const isVoid = connections > 1 && slice.serverIdle > MOST_IDLE;
  const ratio = yardstick === undefined ? 0 : slice.perSecond / yardstick;
  (isVoid ? result.voided : result.slices).push({ ...slice, ratio });
}

async function measureOne(
  deps: MeasureDeps,
  one: BenchCase,
  pressure: { readonly connections: number; readonly seconds: number },
): Promise<OwnSlice> {
  const server = serverOf(deps, one);
  const requests = typeof one.requests === 'function' ? await one.requests(server.url) : one.requests;
  const load = deps.driver.write(one.name, requests);
  await checkAnswers(server.url, one, requests);
  await eventLoopLagMs(server.url);
  const idle = watchIdle();
  const cpu = server.cpuSeconds();
  const slice: Slice = await deps.driver.run(load, server.url, pressure);
  const [serverIdle = 0, loadIdle = 0] = idle();
  const cpuSeconds = server.cpuSeconds() - cpu;
  requireRight(one, slice);
  const { p50Ms, p99Ms, answers } = slice;
  const perSecond = slice.requestsPerSecond * (one.units ?? 1);
  const lagMs = await eventLoopLagMs(server.url);
  return { one, perSecond, p50Ms, p99Ms, answers, serverIdle, loadIdle, cpuSeconds, lagMs };
}

function serverOf({ servers }: MeasureDeps, { target, name }: BenchCase): PinnedProcess {
  const server = servers.get(target);
  if (server === undefined) throw new Error(`${name}: there is no such server`);
  return server;
}

/** The 99th percentile of the event loop's lag since it was asked last, from the server's own metrics. */
async function eventLoopLagMs(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(text)?.[1] ?? Number.NaN) * 1000;
}
