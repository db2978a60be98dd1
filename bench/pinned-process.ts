import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server under load, alone on the first core. */
export interface PinnedProcess {
  readonly url: string;
  readonly pid: number;
  /** Resident memory, bytes. */
  residentBytes(): number;
  /** Processor time used so far, seconds. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

/** Core of the server; the load and PostgreSQL have the other. */
export const serverCore = 0;
export const loadCore = 1;

const canPin = availableParallelism() > 1 && spawnSync('taskset', ['-V']).error === undefined;

/** A command line that runs on one core; as it is where there is no second core, or nothing to pin with. */
export function onCore(core: number, command: readonly [string, ...string[]]): [string, ...string[]] {
  return canPin ? ['taskset', '-c', String(core), ...command] : [...command];
}

const TICKS_PER_SECOND = 100;
const PATIENCE_MS = 30_000;

/** Starts a program of Node on the server's core and waits until it answers at `readyPath`. */
export async function startPinned(
  file: string,
  port: number,
  environment: NodeJS.ProcessEnv,
  readyPath: string,
  nodeOptions: readonly string[] = [],
): Promise<PinnedProcess> {
  const [command, ...parameters] = onCore(serverCore, [process.execPath, ...nodeOptions, file]);
  const child = spawn(command, parameters, {
    env: { ...inherited(), ...environment, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://localhost:${port}`;
  await answering(child, url + readyPath);
  const pid = child.pid ?? 0;
  return {
    url,
    pid,
    residentBytes: () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024,
    cpuSeconds: () => {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null) return resolve();
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
}

async function answering(child: ChildProcess, url: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server under load ended with ${child.exitCode}`);
    const answer = await fetch(url).catch(() => null);
    if (answer !== null && answer.status < 500) return;
    await sleep(50);
  }
  throw new Error(`nothing answers at ${url}`);
}

/** Idle time of each core since it was made, as parts of one. */
export function watchIdle(): () => readonly number[] {
  const before = readCores();
  return () =>
    readCores().map(({ idle, total }, core) => {
      const past = before[core] ?? { idle: 0, total: 0 };
      return total === past.total ? 0 : (idle - past.idle) / (total - past.total);
    });
}

function readCores(): { idle: number; total: number }[] {
  return readFileSync('/proc/stat', 'utf8')
    .split('\n')
    .filter((line) => /^cpu\d/.test(line))
    .map((line) => {
      const times = line.split(/\s+/).slice(1, 9).map(Number);
      return { idle: (times[3] ?? 0) + (times[4] ?? 0), total: times.reduce((sum, time) => sum + time, 0) };
    });
}

/** What a program needs of its surroundings, and nothing that would be a setting of the server. */
function inherited(): NodeJS.ProcessEnv {
  const names = ['PATH', 'HOME', 'USER', 'TMPDIR', 'LANG', 'TZ'];
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}
