import { z } from 'zod';
import type { DatabaseHealth } from '../db/database-health.ts';
import type { SweepRound } from '../db/sweeper.ts';
import type { ProcessHealth } from '../http/process-health.ts';
import type { SigningKeyRepository } from '../oauth/signing-key-repository.ts';
import { type AnyRoute, route } from './route.ts';

/** What the look at the server needs. */
export interface HealthRoutesDeps {
  readonly version: string;
  readonly readProcess: () => ProcessHealth;
  readonly readDatabase: () => Promise<DatabaseHealth>;
  /** True where the server brought its own PostgreSQL. */
  readonly embeddedDatabase: boolean;
  readonly lastSweep: () => SweepRound | null;
  /** Meters whose use waits to be written. */
  readonly usageWaiting: () => number;
  readonly signingKeys: Pick<SigningKeyRepository, 'listPublished'>;
}

const count = z.number().int();
const pool = z.object({ open: count, in_use: count, waiting: count, limit: count });

const healthAnswer = z.object({
  version: z.string(),
  node: z.string(),
  started_at: z.iso.datetime(),
  uptime_seconds: count,
  memory: z.object({ resident_bytes: count, heap_used_bytes: count }),
  event_loop: z.object({ median_ms: z.number(), p99_ms: z.number(), longest_ms: z.number() }),
  database: z.object({
    reachable: z.boolean(),
    embedded: z.boolean(),
    answer_ms: z.number().nullable(),
    version: z.string().nullable(),
    size_bytes: z.number().nullable(),
    connections: z.object({ open: count, limit: count }).nullable(),
    migrations: z.object({ applied: count, pending: count, latest: z.string().nullable() }).nullable(),
    pools: z.object({ main: pool, verification: pool }),
  }),
  sweeper: z
    .object({ last_run_at: z.iso.datetime(), outcome: z.enum(['swept', 'elsewhere', 'failed']), rows: count })
    .nullable(),
  usage_waiting: count,
  signing_key: z.object({ kid: z.string(), active_from: z.iso.datetime(), age_seconds: count }).nullable(),
});

/** The route of `/api/health`: how this server is, for callers that cover `admin:metrics`; nothing in it is secret. */
export function healthRoutes(deps: HealthRoutesDeps): readonly AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/api/health',
      summary: 'Show how this server is: the process, its database, and its work in the background',
      access: { scopes: ['admin:metrics'] },
      answers: { 200: healthAnswer },
      async handle() {
        const { uptimeSeconds, startedAt, node, memory, eventLoop } = deps.readProcess();
        const [database, signingKey] = await Promise.all([deps.readDatabase(), activeKey(deps)]);
        const sweep = deps.lastSweep();
        const body: z.input<typeof healthAnswer> = {
          version: deps.version,
          node,
          started_at: startedAt.toISOString(),
          uptime_seconds: uptimeSeconds,
          memory: { resident_bytes: memory.residentBytes, heap_used_bytes: memory.heapUsedBytes },
          event_loop: { median_ms: eventLoop.medianMs, p99_ms: eventLoop.p99Ms, longest_ms: eventLoop.longestMs },
          database: presentDatabase(database, deps.embeddedDatabase),
          sweeper: sweep && { last_run_at: sweep.at.toISOString(), outcome: sweep.outcome, rows: sweep.rows },
          usage_waiting: deps.usageWaiting(),
          signing_key: signingKey,
        };
        return { status: 200, body };
      },
    }),
  ];
}

type HealthAnswer = z.input<typeof healthAnswer>;

async function activeKey({ signingKeys }: HealthRoutesDeps): Promise<HealthAnswer['signing_key']> {
  const keys = await signingKeys.listPublished().catch(() => []);
  const active = keys.find(({ status }) => status === 'active');
  if (active === undefined) return null;
  const { kid, activeFrom } = active;
  const ageSeconds = Math.max(0, Math.round((Date.now() - activeFrom.getTime()) / 1000));
  return { kid, active_from: activeFrom.toISOString(), age_seconds: ageSeconds };
}

function presentDatabase(database: DatabaseHealth, embedded: boolean): HealthAnswer['database'] {
  const { answerMs, version, sizeBytes, connections, migrations, pools } = database;
  const presentPool = (one: DatabaseHealth['pools']['main']): z.input<typeof pool> => ({
    open: one.open,
    in_use: one.inUse,
    waiting: one.waiting,
    limit: one.limit,
  });
  return {
    reachable: answerMs !== null,
    embedded,
    answer_ms: answerMs,
    version,
    size_bytes: sizeBytes,
    connections,
    migrations,
    pools: { main: presentPool(pools.main), verification: presentPool(pools.verification) },
  };
}
