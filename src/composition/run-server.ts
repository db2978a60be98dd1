import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { composeServer } from '../compose.ts';
import { readEnvironment } from '../config/environment.ts';
import { ConfigurationError } from '../core/errors.ts';
import { drainServer } from '../http/drain.ts';
import { finishLog } from '../http/log.ts';
import { clearUp } from './clear-up.ts';
import { lowerHashingPriority } from './lower-hashing-priority.ts';

/** Runs the server until a signal stops it: readiness off, requests finished, pools closed. Throws `ConfigurationError` where it must not start. */
export async function runServer(environment: NodeJS.ProcessEnv): Promise<void> {
  const { host, port: wantedPort, drainSeconds } = readEnvironment(environment);
  const port = wantedPort === 0 ? await freePort(host) : wantedPort;
  const composed = await composeServer(environment, port);
  const { server, installation, issuer, welcome } = composed;
  const { log } = installation;
  clearUp();
  lowerHashingPriority();
  try {
    await listen(server, port, host);
  } catch (error) {
    await composed.close();
    throw error;
  }
  log.info({ host, port, issuer }, 'listening');
  if (welcome !== null) process.stderr.write(`${welcome}\n`);

  const signal = await nextSignal();
  log.info({ signal }, 'draining');
  // From here on nothing may keep the process alive for longer than was promised.
  const hardExit = (): void => process.exit(1);
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, hardExit);
  setTimeout(hardExit, (drainSeconds + 5) * 1000).unref();
  composed.startDraining();
  const finished = await drainServer(server, drainSeconds * 1000);
  await composed.close();
  log.info({ finished }, 'stopped');
  await finishLog(log);
  if (!finished) process.exitCode = 1;
}

function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
  });
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenFault(error, port, host)));
    server.listen(port, host, resolve);
  });
}

function listenFault(error: NodeJS.ErrnoException, port: number, host: string): Error {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there',
    EACCES: 'this user may not listen there',
    EADDRNOTAVAIL: 'this machine does not have that address',
  };
  const reason = reasons[error.code ?? ''];
  if (reason === undefined) return error;
  return new ConfigurationError([
    {
      code: 'CAN_NOT_LISTEN',
      message: `Can not listen on ${host}:${port}: ${reason}.`,
      fix: 'Set PORT or HOST to another one.',
    },
  ]);
}

/** A port that is free now; `PORT=0` needs to know it before the issuer is written down. */
function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, host, () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
