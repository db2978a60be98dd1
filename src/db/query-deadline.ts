import type { PoolClient } from 'pg';

/**
 * Cuts a connection whose answer is overdue by `deadlineMs`, so that everything waiting on it fails at once.
 *
 * pg's own `query_timeout` reports the late query but keeps the connection and lets the next statement (the `ROLLBACK`
 * of a transaction) wait behind it for a second term; on a connection that has gone silent nothing will ever come.
 */
export function guardWithDeadline(client: PoolClient, deadlineMs: number): void {
  const submit: unknown = client.query.bind(client);
  if (typeof submit !== 'function') return;
  let timer: NodeJS.Timeout | undefined;
  const settle = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  const overdue = (): void => {
    // After a busy moment of our own the answer may lie there unread: the reading turn comes first.
    setImmediate(() => {
      if (timer !== undefined) cut();
    });
  };
  const cut = (): void => {
    timer = undefined;
    client.connection.stream.destroy(Object.assign(new Error('Query read timeout'), { code: 'ETIMEDOUT' }));
  };
  client.on('drain', settle);
  client.on('end', settle);
  Object.defineProperty(client, 'query', {
    configurable: true,
    value: (...parameters: unknown[]): unknown => {
      timer ??= setTimeout(overdue, deadlineMs);
      return Reflect.apply(submit, undefined, parameters);
    },
  });
}
