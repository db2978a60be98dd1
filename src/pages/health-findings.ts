import { z } from 'zod';
import { waitInWords } from './in-words.ts';

const pool = z.object({ open: z.number(), in_use: z.number(), waiting: z.number(), limit: z.number() });

/** The answer of `/api/health`. */
export const healthAnswer = z.object({
  version: z.string(),
  node: z.string(),
  started_at: z.string(),
  uptime_seconds: z.number(),
  memory: z.object({ resident_bytes: z.number(), heap_used_bytes: z.number() }),
  event_loop: z.object({ median_ms: z.number(), p99_ms: z.number(), longest_ms: z.number() }),
  database: z.object({
    reachable: z.boolean(),
    embedded: z.boolean(),
    answer_ms: z.number().nullable(),
    version: z.string().nullable(),
    size_bytes: z.number().nullable(),
    connections: z.object({ open: z.number(), limit: z.number() }).nullable(),
    migrations: z.object({ applied: z.number(), pending: z.number(), latest: z.string().nullable() }).nullable(),
    pools: z.object({ main: pool, verification: pool }),
  }),
  sweeper: z
    .object({ last_run_at: z.string(), outcome: z.enum(['swept', 'elsewhere', 'failed']), rows: z.number() })
    .nullable(),
  usage_waiting: z.number(),
  signing_key: z.object({ kid: z.string(), active_from: z.string(), age_seconds: z.number() }).nullable(),
});

/** How a server is. */
export type Health = z.output<typeof healthAnswer>;

/** Something that an administrator should look at. */
export interface Finding {
  readonly bad: boolean;
  readonly sentence: string;
}

const DAY = 86_400;
/** A signing key is replaced now and then, so that everybody knows how, and a copy of an old one is worth nothing. */
const OLD_KEY_SECONDS = 180 * DAY;
const LATE_SWEEP_SECONDS = 600;

interface Rule extends Finding {
  readonly when: boolean;
}

/** Lists what is not as it should be, the worst first; empty where all is well. */
export function healthFindings(health: Health, now: Date): readonly Finding[] {
  return [...databaseRules(health), ...processRules(health, now)]
    .filter(({ when }) => when)
    .sort((left, right) => Number(right.bad) - Number(left.bad))
    .map(({ bad, sentence }) => ({ bad, sentence }));
}

function databaseRules({ database }: Health): readonly Rule[] {
  const { connections, migrations, pools, answer_ms: answerMs } = database;
  const waiting = pools.main.waiting + pools.verification.waiting;
  return [
    { when: !database.reachable, bad: true, sentence: 'The database does not answer. Nobody is let in until it does.' },
    {
      when: (migrations?.pending ?? 0) > 0,
      bad: true,
      sentence: 'The database is older than this server: migrations are pending. Run latchkey migrate.',
    },
    {
      when: (answerMs ?? 0) > 250,
      bad: false,
      sentence: `The database took ${answerMs} ms to answer the simplest question.`,
    },
    {
      when: connections !== null && connections.open > 0.8 * connections.limit,
      bad: false,
      sentence: `The database has ${connections?.open} of ${connections?.limit} connections open.`,
    },
    { when: waiting > 0, bad: false, sentence: 'Requests wait for a connection to the database right now.' },
  ];
}

function processRules(health: Health, now: Date): readonly Rule[] {
  const { sweeper, event_loop: loop, signing_key: key } = health;
  const sweptSeconds =
    sweeper === null ? health.uptime_seconds : (now.getTime() - Date.parse(sweeper.last_run_at)) / 1000;
  return [
    {
      when: sweeper?.outcome === 'failed',
      bad: true,
      sentence: 'The last sweep failed, and tables grow until one succeeds. The log says why.',
    },
    {
      when: sweptSeconds > LATE_SWEEP_SECONDS,
      bad: true,
      sentence: `Nothing was swept for ${waitInWords(sweptSeconds)}. It should happen every minute.`,
    },
    { when: loop.p99_ms > 200, bad: false, sentence: `The server is busy: it was late by up to ${loop.p99_ms} ms.` },
    {
      when: health.usage_waiting > 5000,
      bad: false,
      sentence: `The use of ${health.usage_waiting} credentials waits to be written to the database.`,
    },
    { when: key === null, bad: true, sentence: 'There is no signing key. ID tokens and JWTs can not be issued.' },
    {
      when: (key?.age_seconds ?? 0) > OLD_KEY_SECONDS,
      bad: false,
      sentence: 'The signing key is older than half a year. Replace it when it suits you.',
    },
  ];
}
