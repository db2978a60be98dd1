import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The server as `npm start` runs it, in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** From the spawn to the first 200 of `/readyz`; milliseconds. */
  readonly readyMs: number;
  /** Resident memory, bytes. */
  residentBytes(): Promise<number>;
  kill(signal: NodeJS.Signals): void;
  ended(): Promise<number | null>;
}

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const PATIENCE_MS = 60_000;

/** Starts the server on an embedded database and waits until it is ready; fails with what it said when it ends before. */
export async function startServerProcess(
  port: number,
  dataDir: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<ServerProcess> {
  const began = performance.now();
  const child = spawn(process.execPath, ['--max-semi-space-size=16', '--heap-growing-percent=100', MAIN], {
    // Nothing of the test's own environment: its settings are not the server's.
    env: { PATH: process.env.PATH, PORT: String(port), DATA_DIR: dataDir, LOG_LEVEL: 'warn', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += chunk));
  const url = `http://localhost:${port}`;
  await ready(child, url, () => said);
  const readyMs = performance.now() - began;
  return {
    url,
    pid: child.pid ?? 0,
    readyMs,
    residentBytes: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
    },
    kill: (signal) => void child.kill(signal),
    ended: async () => {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return child.exitCode;
    },
  };
}

async function ready(child: ChildProcess, url: string, said: () => string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${said()}`);
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.status === 200) return;
    await sleep(20);
  }
  throw new Error(`the server was not ready within a minute:\n${said()}`);
}

/** The token that the first start wrote for the command line of this data folder. */
export async function tokenOf(dataDir: string): Promise<string> {
  const { token } = JSON.parse(await readFile(join(dataDir, 'cli.json'), 'utf8')) as { token: string };
  return token;
}
