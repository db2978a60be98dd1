import type { DatabaseTimeouts } from '../../src/db/open-database.ts';

/** Limits for tests of what many do at once, and not of how soon somebody gives up: a busy machine keeps callers waiting. */
export const patientTimeouts: Partial<DatabaseTimeouts> = {
  acquireMs: 15_000,
  statementMs: 15_000,
  answerMs: 18_000,
  lockMs: 15_000,
};
