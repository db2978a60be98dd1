import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadDriver, LoadRequest, Pressure, Slice } from './load.ts';
import { loadCore, onCore } from './pinned-process.ts';

/** Opens wrk (https://github.com/wg/wrk), which reads its loads from files in the folder; null where it is not installed. */
export function wrkDriver(folder: string): LoadDriver | null {
  if (spawnSync('wrk', ['-v']).error !== undefined) return null;
  return {
    name: 'wrk',
    write(name, requests) {
      const file = join(folder, `${name.replaceAll(/\W+/g, '-')}.lua`);
      writeFileSync(file, script(requests));
      return file;
    },
    run: runWrk,
  };
}

function runWrk(script: string, url: string, { connections, seconds, pauseMs = 0 }: Pressure): Promise<Slice> {
  // wrk counts whole seconds only.
  const duration = `${Math.max(1, Math.round(seconds))}s`;
  const parameters = ['-t1', `-c${connections}`, `-d${duration}`, '--timeout', '10s', '-s', script, url];
  const [command, ...rest] = onCore(loadCore, ['wrk', ...parameters]);
  return new Promise((resolve, reject) => {
    const child = spawn(command, rest, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, PAUSE_MS: String(Math.round(pauseMs)) },
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.once('error', reject);
    child.once('exit', () => {
      const slice = readSlice(output);
      if (slice === null) reject(new Error(`wrk gave no result: ${output}`));
      else resolve(slice);
    });
  });
}

/** Reads the line `SLICE answers microseconds p50 p99 refused failed`, times in microseconds. */
export function readSlice(output: string): Slice | null {
  const line = /^SLICE (.*)$/m.exec(output)?.[1];
  if (line === undefined) return null;
  const [answers = 0, microseconds = 1, p50 = 0, p99 = 0, refused = 0, failed = 0] = line.split(' ').map(Number);
  return {
    requestsPerSecond: (answers / microseconds) * 1e6,
    p50Ms: p50 / 1000,
    p99Ms: p99 / 1000,
    answers,
    refused,
    failed,
  };
}

function script(requests: readonly LoadRequest[]): string {
  const formats = requests.map(({ method, path, headers, body }) => {
    const table = Object.entries(headers).map(([name, value]) => `[${lua(name)}]=${lua(value)}`);
    return `  wrk.format(${lua(method)}, ${lua(path)}, {${table.join(',')}}, ${body === undefined ? 'nil' : lua(body)}),`;
  });
  return `
local requests
local pause = tonumber(os.getenv("PAUSE_MS") or "0")
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
if pause > 0 then
  function delay()
    return pause
  end
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
