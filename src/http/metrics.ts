import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/** The numbers of one process, in Prometheus' text format. */
export interface Metrics {
  readonly contentType: string;
  render(): Promise<string>;
  /** Counts an answer; `route` must be one of few. */
  countAnswer(route: string, method: string, status: number, seconds: number): void;
  /** Counts a decision of `/verify`. */
  countVerify(status: number): void;
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
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    countAnswer: (route, method, status, seconds) =>
      answers.observe({ route, method, status: String(status) }, seconds),
    countVerify: (status) => verifications.inc({ status: String(status) }),
  };
}
