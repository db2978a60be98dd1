import type { Server } from 'node:http';

/** Stops taking connections, waits for the requests under way, and gives up after `patienceMs`; true when all were finished. */
export async function drainServer(server: Server, patienceMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const closed = new Promise<true>((resolve) => {
    server.close(() => resolve(true));
    // Idle keep-alive connections would hold the server open for nothing.
    server.closeIdleConnections();
  });
  const impatient = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), patienceMs);
  });
  const finished = await Promise.race([closed, impatient]);
  clearTimeout(timer);
  if (!finished) server.closeAllConnections();
  return finished;
}
