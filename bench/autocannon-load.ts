import { readFileSync } from 'node:fs';
import autocannon, { type Request } from 'autocannon';

/* One slice of load in a process of its own; says what came of it as wrk's script does. */
const job = JSON.parse(process.argv[2] ?? '{}') as {
  load: string;
  url: string;
  connections: number;
  seconds: number;
  pauseMs: number;
};
const requests = JSON.parse(readFileSync(job.load, 'utf8')) as Request[];

const result = await autocannon({
  url: job.url,
  connections: job.connections,
  duration: job.seconds,
  // It looks at the clock this often, milliseconds.
  sampleInt: 100,
  timeout: 10,
  requests,
  ...(job.pauseMs > 0 && { overallRate: Math.max(1, Math.round((job.connections * 1000) / job.pauseMs)) }),
  // Every connection goes through all requests; not all of them through the same one at once.
  setupClient: (client) => {
    const start = Math.floor(Math.random() * requests.length);
    client.setRequests([...requests.slice(start), ...requests.slice(0, start)]);
  },
});
const { requests: sent, duration, latency, non2xx, errors, timeouts } = result;
process.stdout.write(
  `SLICE ${sent.total} ${duration * 1e6} ${latency.p50 * 1000} ${latency.p99 * 1000} ${non2xx} ${errors + timeouts}\n`,
);
