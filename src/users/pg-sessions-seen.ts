import type { Pool } from 'pg';

/** Notes that sessions were used, without waiting; written a few seconds later in one statement. */
export interface SessionsSeen {
  note(sessionId: number): void;
  close(): Promise<void>;
}

const FLUSH_MS = 5000;
const SEEN = `
  UPDATE sessions SET last_seen_at = now() WHERE id = ANY($1::bigint[]) AND last_seen_at < now() - interval '1 minute'`;

/** Opens the notes. What a failing database loses is at most the last minute of a session's idle time. */
export function pgSessionsSeen(pool: Pick<Pool, 'query'>, reportFailure: (error: unknown) => void): SessionsSeen {
  let seen = new Set<number>();
  const timer = setInterval(() => void flush(), FLUSH_MS);
  timer.unref();

  async function flush(): Promise<void> {
    if (seen.size === 0) return;
    const ids = [...seen];
    seen = new Set();
    try {
      await pool.query({ name: 'sessions-seen', text: SEEN, values: [ids] });
    } catch (error) {
      reportFailure(error);
    }
  }

  return {
    note: (sessionId) => seen.add(sessionId),
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
