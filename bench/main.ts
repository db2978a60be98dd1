import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../test/support/free-port.ts';
import { benchCases, type CaseParts, type Target } from './cases.ts';
import { chooseDriver } from './load.ts';
import { measureCases } from './measure-cases.ts';
import { measureFlows } from './measure-flows.ts';
import { measureMemory } from './measure-memory.ts';
import { measureFirstUse, measureSignIns } from './measure-moments.ts';
import { readOptions } from './options.ts';
import type { PinnedProcess } from './pinned-process.ts';
import { type BenchInstallation, prepareInstallation } from './prepare-installation.ts';
import { type Measured, plot, table } from './report.ts';
import { startYardsticks } from './yardsticks.ts';

const options = readOptions(process.argv.slice(2));
const driver = chooseDriver(options.driver);
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const cookieName = 'latchkey_session';
const FEW = 1000;
/** What is to be undone in the end, the latest first. */
const endings: (() => Promise<void>)[] = [];

async function open(rows: number): Promise<BenchInstallation> {
  return prepareInstallation(await freePort(), rows, say, (end) => endings.unshift(end));
}

async function start(installation: BenchInstallation, nodeOptions: readonly string[] = []): Promise<PinnedProcess> {
  const server = await installation.startServer(nodeOptions);
  endings.unshift(() => server.stop());
  return server;
}

async function measure(): Promise<void> {
  const usual = await open(options.rows);
  const servers = new Map<Target, PinnedProcess>();
  let sizes: CaseParts['sizes'] = null;
  if (options.largeRows !== null) {
    const small = await open(FEW);
    const large = await open(options.largeRows);
    servers.set('small', await start(small));
    servers.set('large', await start(large));
    const words = options.largeRows.toLocaleString('en');
    sizes = { small: small.filled.apiKeys, large: large.filled.apiKeys, words };
  }
  const profile = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${options.results}`] : [];
  const server = await start(usual, profile);
  servers.set('usual', server);
  const cases = benchCases({ ...usual, cookieName, sizes }).filter(
    ({ name, goal }) => options.only === null || goal === null || options.only.some((words) => name.includes(words)),
  );
  if (options.memoryMinutes !== null) {
    const memory = await measureMemory(driver, server, cases, options.memoryMinutes * 60, say);
    return writeResult('memory', { memory });
  }

  const yardsticks = await startYardsticks();
  endings.unshift(() => yardsticks.stop());
  const measured: Measured[] = [];
  for (const connections of cases.some(({ goal }) => goal !== null) ? options.connections : []) {
    const deps = { ...options, driver, servers, yardsticks, say };
    measured.push(...(await measureCases(deps, cases, connections)));
  }
  if (options.flows) {
    say('whole flows');
    const flows = await yardsticks.startFlows(usual.databaseUrl);
    measured.push(await measureFlows(usual, server, flows, { ...options, cookieName }));
  }
  if (options.moments) {
    const moment = { ...options, driver, installation: usual };
    say('sign-ins at half load');
    measured.push(await measureSignIns(moment, server));
    await server.stop();
    say('first uses after a start');
    measured.push(await measureFirstUse(moment));
  }
  writeResult('latest', { measured });
  writeFileSync(join(options.results, 'latest.svg'), plot(measured));
  process.stdout.write(`${table(measured)}\n`);
}

function writeResult(name: string, result: object): void {
  mkdirSync(options.results, { recursive: true });
  const { rows, largeRows, repetitions, seconds } = options;
  const machine = { node: process.version, processor: cpus()[0]?.model ?? '', cores: cpus().length };
  const conditions = {
    at: new Date().toISOString(),
    machine,
    driver: driver.name,
    rows,
    largeRows,
    repetitions,
    seconds,
  };
  writeFileSync(join(options.results, `${name}.json`), `${JSON.stringify({ ...conditions, ...result }, null, 1)}\n`);
}

async function end(): Promise<void> {
  for (const undo of endings.splice(0)) await undo();
}

// Whoever breaks a bench off is left with no database of it.
process.once('SIGINT', () => void end().finally(() => process.exit(130)));
try {
  await measure();
} finally {
  await end();
}
