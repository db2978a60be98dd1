import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { autocannonDriver } from './run-autocannon.ts';
import { wrkDriver } from './run-wrk.ts';

/** One request as it goes over the wire. */
export interface LoadRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What a slice of load gave. */
export interface Slice {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly answers: number;
  /** Answers with a status of 400 or more. */
  readonly refused: number;
  /** Connections that failed, and answers that never came. */
  readonly failed: number;
}

/** How hard a load is driven. */
export interface Pressure {
  readonly connections: number;
  readonly seconds: number;
  /** What every connection waits between an answer and the next request; nothing unless said. */
  readonly pauseMs?: number;
}

/** A program that sends requests in rotation. */
export interface LoadDriver {
  readonly name: 'wrk' | 'autocannon';
  /** Writes a load down once; gives the file. */
  write(name: string, requests: readonly LoadRequest[]): string;
  /** Drives a load for so long; bounded, and stops by itself. */
  run(load: string, url: string, pressure: Pressure): Promise<Slice>;
}

/** Takes wrk where it is installed, which leaves the core of the load more room, else autocannon. */
export function chooseDriver(wanted: string | undefined): LoadDriver {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const wrk = wrkDriver(folder);
  if (wanted === 'wrk' && wrk === null) throw new Error('wrk is not on the PATH');
  return wanted === 'autocannon' || wrk === null ? autocannonDriver(folder) : wrk;
}
