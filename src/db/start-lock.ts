import { createServer } from 'node:net';
import { sha256Hex } from '../crypto/digest.ts';

/**
 * Takes the right to start the database of that folder; null while another process of this machine holds it.
 *
 * A name in Linux's abstract socket space, which the system frees whatever way its holder ends. It only saves double
 * work and PostgreSQL's small window for two starters on a stale lock file; PostgreSQL's own lock stays the authority,
 * so elsewhere, or where the name can not be taken for another reason, everybody may start.
 */
export function takeStartLock(clusterFolder: string): Promise<(() => void) | null> {
  if (process.platform !== 'linux') return Promise.resolve(() => {});
  const name = `latchkey-start-${sha256Hex(clusterFolder).slice(0, 32)}`;
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'EADDRINUSE' ? null : () => {});
    });
    server.listen({ path: `\0${name}`, exclusive: true }, () => resolve(() => server.close()));
  });
}
