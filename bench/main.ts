import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../test/support/free-port.ts';
import { type BenchCase, benchCases, type Yardstick, yardstickRequests } from './cases.ts';
import { type PinnedProcess, startPinned, watchIdle } from './pinned-process.ts';
import { prepareInstallation } from './prepare-installation.ts';
import { type Measured, plot, table } from './report.ts';
import { type LoadRequest, runWrk, type Slice, writeLoad } from './run-wrk.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    only: { type: 'string' },
    rows: { type: 'string' },
    repetitions: { type: 'string' },
    connections: { type: 'string' },
    profile: { type: 'boolean', default: false },
  },
});

if (options.help) {
  process.stdout.write(`npm run bench -- [--quick] [--only WORDS] [--rows N] [--repetitions N] [--connections 1,16,64] [--profile]

Measures the server, alone on one core, against a bare Koa answer on the same core, in short slices in turn.
PostgreSQL and the load have the other core. Needs two cores and wrk. Results go to bench/results/.
`);
  process.exit(0);
}

const ROWS = Number(options.rows ?? (options.quick ? 20_000 : 100_000));
const REPETITIONS = Number(options.repetitions ?? (options.quick ? 3 : 8));
const SLICE_SECONDS = options.quick ? 1 : 2;
const CONNECTIONS = (options.connections ?? (options.quick ? '64' : '1,16,64')).split(',').map(Number);
/** A slice in which the server's core had this much to spare measured something else. */
const MOST_IDLE = 0.1;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const port = await freePort();
const installation = await prepareInstallation(port, ROWS, say);
const server = await installation.startServer(options.profile ? ['--cpu-prof', '--cpu-prof-dir=bench/results'] : []);
const yardsticks: Record<Yardstick, PinnedProcess> = {
  koa: await startPinned(file('yardsticks/bare-koa.ts'), await freePort(), { NODE_ENV: 'production' }, '/verify'),
  'oidc-provider': await startPinned(
    file('yardsticks/bare-oidc-provider.ts'),
    await freePort(),
    { NODE_ENV: 'production' },
    '/.well-known/openid-configuration',
  ),
};

try {
  const cases = benchCases({ ...installation, cookieName: 'latchkey_session' }).filter(
    ({ name }) => options.only === undefined || name.includes(options.only),
  );
  for (const one of cases) await checkAnswers(server.url, one);
  const loads = new Map(cases.map((one) => [one.name, writeLoad(one.name, one.requests)]));
  const yardstickLoads = {
    koa: writeLoad('koa', [yardstickRequests.koa]),
    'oidc-provider': writeLoad('oidc-provider', [yardstickRequests['oidc-provider']]),
  };
  const measured: Measured[] = [];
  for (const connections of CONNECTIONS) {
    const results = new Map<string, Measured>();
    for (const one of cases) await runWrk(loads.get(one.name) ?? '', server.url, connections, 1);
    for (let repetition = 1; repetition <= REPETITIONS; repetition += 1) {
      say(`${connections} connections, repetition ${repetition} of ${REPETITIONS}`);
      const against: Partial<Record<Yardstick, Slice>> = {};
      for (const yardstick of new Set(cases.map((one) => one.against))) {
        against[yardstick] = await runWrk(
          yardstickLoads[yardstick],
          yardsticks[yardstick].url,
          connections,
          SLICE_SECONDS,
        );
      }
      for (const one of cases) {
        const idle = watchIdle();
        const cpu = server.cpuSeconds();
        const slice = await runWrk(loads.get(one.name) ?? '', server.url, connections, SLICE_SECONDS);
        const [serverIdle = 0, loadIdle = 0] = idle();
        requireRight(one, slice);
        const known = results.get(one.name) ?? newMeasured(one, connections);
        results.set(one.name, known);
        const yardstick = against[one.against];
        const perSecond = slice.requestsPerSecond * (one.units ?? 1);
        const isVoid = connections > 1 && serverIdle > MOST_IDLE;
        (isVoid ? known.voided : known.slices).push({
          perSecond,
          p50Ms: slice.p50Ms,
          p99Ms: slice.p99Ms,
          ratio: yardstick === undefined ? 0 : perSecond / yardstick.requestsPerSecond,
          serverIdle,
          loadIdle,
          cpuSeconds: server.cpuSeconds() - cpu,
        });
      }
    }
    for (const result of results.values()) result.residentBytes = server.residentBytes();
    measured.push(...results.values());
  }
  write(measured);
} finally {
  await Promise.all([server.stop(), yardsticks.koa.stop(), yardsticks['oidc-provider'].stop()]);
  await installation.remove();
}

function newMeasured({ name, against, goal }: BenchCase, connections: number): Measured {
  return { name, against, goal, connections, slices: [], voided: [], residentBytes: 0 };
}

/** No number without right answers: each case is asked by hand before it is measured. */
async function checkAnswers(url: string, { name, requests, status, isRight }: BenchCase): Promise<void> {
  for (const request of [requests[0], requests.at(-1)]) {
    if (request === undefined) throw new Error(`${name}: nothing to ask`);
    const answer = await ask(url, request);
    const body = await answer.text();
    if (answer.status !== status || !isRight(body, answer.headers)) {
      throw new Error(`${name}: wrong answer ${answer.status} ${body.slice(0, 300)}`);
    }
  }
}

function ask(url: string, { method, path, headers, body }: LoadRequest): Promise<Response> {
  return fetch(url + path, { method, headers, ...(body !== undefined && { body }) });
}

/** A slice with one answer of another kind measured something else. */
function requireRight({ name, status }: BenchCase, { answers, refused, failed }: Slice): void {
  const wrong = status >= 400 ? answers - refused : refused;
  if (wrong > 0 || failed > 0) throw new Error(`${name}: ${wrong} wrong answers and ${failed} failures of ${answers}`);
}

function write(measured: readonly Measured[]): void {
  const folder = file('results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'latest.json'),
    `${JSON.stringify({ rows: ROWS, repetitions: REPETITIONS, measured }, null, 1)}\n`,
  );
  writeFileSync(join(folder, 'latest.svg'), plot(measured));
  process.stdout.write(`${table(measured)}\n`);
}

function file(name: string): string {
  return new URL(name, import.meta.url).pathname;
}
