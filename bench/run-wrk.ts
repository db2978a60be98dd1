import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCore } from './pinned-process.ts';

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

const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));

/** Prepares a load: the requests are written once, and sent in rotation. */
export function writeLoad(name: string, requests: readonly LoadRequest[]): string {
  const file = join(folder, `${name.replaceAll(/\W+/g, '-')}.lua`);
  writeFileSync(file, script(requests));
  return file;
}

/** Drives a load for so long; bounded, and stops by itself. */
export function runWrk(script: string, url: string, connections: number, seconds: number): Promise<Slice> {
  const parameters = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, url];
  return new Promise((resolve, reject) => {
    const child = spawn('taskset', ['-c', String(loadCore), 'wrk', ...parameters], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.once('error', reject);
    child.once('exit', () => {
      const line = /^SLICE (.*)$/m.exec(output)?.[1];
      if (line === undefined) return reject(new Error(`wrk gave no result: ${output}`));
      const [answers = 0, microseconds = 1, p50 = 0, p99 = 0, refused = 0, failed = 0] = line.split(' ').map(Number);
      resolve({
        requestsPerSecond: (answers / microseconds) * 1e6,
        p50Ms: p50 / 1000,
        p99Ms: p99 / 1000,
        answers,
        refused,
        failed,
      });
    });
  });
}

function script(requests: readonly LoadRequest[]): string {
  const formats = requests.map(({ method, path, headers, body }) => {
    const table = Object.entries(headers).map(([name, value]) => `[${lua(name)}]=${lua(value)}`);
    return `  wrk.format(${lua(method)}, ${lua(path)}, {${table.join(',')}}, ${body === undefined ? 'nil' : lua(body)}),`;
  });
  return `
local requests
function init()
  math.randomseed(os.time())
  requests = {
${formats.join('\n')}
  }
  next = math.random(#requests)
end
function request()
  next = next % #requests + 1
  return requests[next]
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("SLICE %d %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
`;
}

function lua(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}"`;
}
