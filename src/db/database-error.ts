import { DependencyDown } from '../core/errors.ts';

/**
 * Translates "the database does not answer" into DependencyDown, and gives back every other error as it is.
 */
export function translateDatabaseError(error: unknown): unknown {
  return isDatabaseUnavailable(error) ? new DependencyDown('database', error) : error;
}

/** Tells whether an error means that the database can not serve now, rather than that the question was wrong. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError && error.errors.some(isDatabaseUnavailable)) return true;
  if (error.name === 'KnexTimeoutError') return true;
  if ('code' in error && typeof error.code === 'string' && error.code !== '') {
    if (UNAVAILABLE_STATES.test(error.code) || NETWORK_CODES.has(error.code)) return true;
    // The socket of a stopped server is a missing file; any other missing file is not the database's.
    return error.code === 'ENOENT' && 'syscall' in error && error.syscall === 'connect';
  }
  return DRIVER_SENTENCES.test(error.message);
}

/**
 * SQLSTATEs: connection lost (08), no resources, disk full, too many connections (53), shutting down or starting
 * (57P01 to 57P05), cancelled by a timeout (57014), lock timeout (55P03), the transaction sat idle (25P03, 25P04),
 * a server that became read-only (25006), input or output of the server failed (58).
 */
const UNAVAILABLE_STATES = /^(?:08...|53...|57P0[1-5]|57014|55P03|25P0[34]|25006|58...)$/;

const NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
]);

// What pg and knex throw without a code; knex puts the statement and a dash before it. A pool that was closed while the
// program drains is among them.
const DRIVER_SENTENCES =
  /(?:^| - )(?:Connection terminated|Connection ended|Client (?:has encountered|was closed)|Query read timeout|timeout expired|timeout exceeded when trying|Cannot use a pool after|Unable to acquire a connection|write after end|The server does not support SSL|There was an error establishing an SSL|Knex: Timeout acquiring)/;
