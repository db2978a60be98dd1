import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Cookies, type FlowTarget, letIn } from './let-in.ts';
import type { Slice } from './load.ts';
import { wholeFlowName } from './options.ts';
import { loadCore, onCore, type PinnedProcess, watchIdle } from './pinned-process.ts';
import { appCallback, type BenchInstallation } from './prepare-installation.ts';
import { type Measured, newMeasured } from './report.ts';
import { readSlice } from './run-wrk.ts';
import { yardstickClient } from './yardsticks.ts';

const PROGRAM = new URL('flow-load.ts', import.meta.url).pathname;
const BROWSERS = 16;
/** Both run many times the code of any other case, and are slow until it is compiled. */
const WARM_UP_SECONDS = 4;
const run = promisify(execFile);

/** Measures whole flows of signed-in people whose consent is remembered, against the bare library on PostgreSQL, slice by slice. */
export async function measureFlows(
  { app, filled }: BenchInstallation,
  server: PinnedProcess,
  yardstick: PinnedProcess,
  how: { readonly repetitions: number; readonly seconds: number; readonly cookieName: string },
): Promise<Measured> {
  const common = { redirectUri: appCallback, scope: 'openid offline_access posts:read' };
  const ours: FlowTarget = {
    ...common,
    ...app,
    url: server.url,
    authorizePath: '/oauth/authorize',
    tokenPath: '/oauth/token',
  };
  const theirs: FlowTarget = {
    ...common,
    ...yardstickClient,
    url: yardstick.url,
    authorizePath: '/auth',
    tokenPath: '/token',
  };
  const signedIn = filled.sessions.slice(0, BROWSERS);
  const ourBrowsers = await Promise.all(signedIn.map((session) => letIn(ours, { [how.cookieName]: session })));
  const theirBrowsers = await Promise.all(signedIn.map(() => letIn(theirs, {})));

  const measured = newMeasured(wholeFlowName, 'oidc-provider on PostgreSQL', 1.2, BROWSERS);
  await drive(ours, ourBrowsers, WARM_UP_SECONDS);
  await drive(theirs, theirBrowsers, WARM_UP_SECONDS);
  for (let repetition = 0; repetition < how.repetitions; repetition += 1) {
    const yard = await drive(theirs, theirBrowsers, how.seconds);
    const idle = watchIdle();
    const cpu = server.cpuSeconds();
    const slice = await drive(ours, ourBrowsers, how.seconds);
    const [serverIdle = 0, loadIdle = 0] = idle();
    const { requestsPerSecond: perSecond, p50Ms, p99Ms, answers } = slice;
    const cpuSeconds = server.cpuSeconds() - cpu;
    const ratio = perSecond / yard.requestsPerSecond;
    measured.slices.push({ perSecond, p50Ms, p99Ms, answers, ratio, serverIdle, loadIdle, cpuSeconds, lagMs: 0 });
  }
  measured.residentBytes = server.residentBytes();
  return measured;
}

async function drive(target: FlowTarget, browsers: readonly Cookies[], seconds: number): Promise<Slice> {
  const [command, ...rest] = onCore(loadCore, [
    process.execPath,
    PROGRAM,
    JSON.stringify({ target, browsers, seconds }),
  ]);
  const { stdout } = await run(command, rest);
  const slice = readSlice(stdout);
  if (slice === null) throw new Error(`the flows gave no result: ${stdout}`);
  return slice;
}
