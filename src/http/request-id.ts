import type { IncomingMessage } from 'node:http';

// Without an underscore, because every credential of ours has one: none can be put into the log this way.
const SANE = /^[A-Za-z0-9.-]{8,64}$/;
const known = new WeakMap<IncomingMessage, string>();

/** The identifier of a request for logs and answers: the one it brought in `X-Request-Id` if it is sane, else a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const remembered = known.get(request);
  if (remembered !== undefined) return remembered;
  const id = readRequestId(request);
  known.set(request, id);
  return id;
}

/** The same identifier for who asks once and keeps it: without one that it brought, a request gets another each time. */
export function readRequestId(request: IncomingMessage): string {
  const brought = request.headers['x-request-id'];
  return typeof brought === 'string' && SANE.test(brought) ? brought : crypto.randomUUID();
}
