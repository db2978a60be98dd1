/** Receives what the operator should know about the database; given in, so that nothing here depends on a logger. */
export type DatabaseLog = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  details?: Readonly<Record<string, unknown>>,
) => void;

/** Keeps quiet; for commands and tests that do not listen. */
export const silentDatabaseLog: DatabaseLog = () => {};
