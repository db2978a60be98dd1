import { once } from 'node:events';
import { type Logger, pino, stdTimeFunctions } from 'pino';

/** Names of members that never reach the log, wherever they stand. */
const SECRET_MEMBERS = [
  'authorization',
  'cookie',
  'password',
  'current_password',
  'client_secret',
  'client_assertion',
  'access_token',
  'refresh_token',
  'id_token',
  'code',
  'code_verifier',
  'token',
  'key',
  'secret',
  'credential',
];

/** Lines are written together, at the latest after a tenth of a second: one system call a line would be the dearest part of an answer. */
const BUFFER_BYTES = 16_000;
const FLUSH_MS = 100;

const endings = new WeakMap<Logger, () => Promise<void>>();

/** Opens the structured log on standard output: JSON lines, UTC times, secrets removed. */
export function openLog(level: string, destination?: { write(line: string): void }): Logger {
  const standardOutput =
    destination === undefined
      ? pino.destination({ dest: 1, sync: false, minLength: BUFFER_BYTES, periodicFlush: FLUSH_MS })
      : null;
  const log = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRET_MEMBERS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '[removed]',
      },
      serializers: { error: describeError },
    },
    destination ?? standardOutput ?? undefined,
  );
  if (standardOutput !== null) {
    endings.set(log, async () => {
      const closed = once(standardOutput, 'close');
      standardOutput.end();
      await closed;
    });
  }
  return log;
}

/** Waits until every line is written, in its order; to be called before the process exits, after which nothing is logged. */
export async function finishLog(log: Logger): Promise<void> {
  await endings.get(log)?.();
}

/** An error for the log: its name, sentence, stack and causes, without the members that libraries hang on it (bindings, bodies). */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  return {
    name: error.name,
    message: error.message,
    ...('code' in error && typeof error.code === 'string' && { error_code: error.code }),
    ...('detail' in error && error.name !== 'error' && typeof error.detail === 'string' && { detail: error.detail }),
    ...('error_detail' in error && typeof error.error_detail === 'string' && { detail: error.error_detail }),
    stack: error.stack,
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
  };
}
