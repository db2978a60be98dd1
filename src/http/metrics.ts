import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The numbers of one process, in Prometheus' text format. */
export interface Metrics {
  readonly contentType: string;
  render(): Promise<string>;
  /** Counts an answer; `route` must be one of few. */
  countAnswer(route: string, method: string, status: number, seconds: number): void;
  /** Counts a decision of `/verify`. */
  countVerify(status: number): void;
  /** Counts a decision about a credential by its reason. */
  countVerification(reason: string): void;
  /** Counts a request refused for its address. */
  countLimitedStranger(): void;
  /** Counts rows that a round of sweeping deleted, by table. */
  countSwept(rows: Readonly<Record<string, number>>): void;
  /** Shows how many meters wait to be written down, asked whenever somebody looks. */
  watchUsage(size: () => number): void;
}

/** Opens the counters of a process. */
export function openMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const answers = new Histogram({
    name: 'latchkey_http_request_duration_seconds',
    help: 'Time to answer a request, by route, method and status.',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2],
    registers: [registry],
  });
  const verifications = new Counter({
    name: 'latchkey_verify_total',
    help: 'Answers of /verify by status.',
    labelNames: ['status'],
    registers: [registry],
  });
  const reasons = new Counter({
    name: 'latchkey_verifications_total',
    help: 'Decisions about credentials by reason; ok is allowed.',
    labelNames: ['reason'],
    registers: [registry],
  });
  const strangers = new Counter({
    name: 'latchkey_strangers_limited_total',
    help: 'Requests without a valid credential that were refused for their address.',
    registers: [registry],
  });
  const swept = new Counter({
    name: 'latchkey_swept_rows_total',
    help: 'Rows deleted by the sweeper of this process, by table.',
    labelNames: ['table'],
    registers: [registry],
  });
  let usageSize = (): number => 0;
  new Gauge({
    name: 'latchkey_usage_buffer_meters',
    help: 'Credentials, clients and users whose use waits to be written to the database.',
    registers: [registry],
    collect() {
      this.set(usageSize());
    },
  });
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    countAnswer: (route, method, status, seconds) =>
      answers.observe({ route, method, status: String(status) }, seconds),
    countVerify: (status) => verifications.inc({ status: String(status) }),
    countVerification: (reason) => reasons.inc({ reason }),
    countLimitedStranger: () => strangers.inc(),
    countSwept: (rows) => {
      for (const [table, count] of Object.entries(rows)) if (count > 0) swept.inc({ table }, count);
    },
    watchUsage: (size) => {
      usageSize = size;
    },
  };
}
