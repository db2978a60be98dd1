import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** How the road to the database behaves: open; accepting and silent; refusing; cut for those on it and silent for new ones. */
export type ProxyMode = 'forward' | 'black-hole' | 'refuse';

/** A road to a database that a test can close. */
export interface DatabaseProxy {
  readonly databaseUrl: string;
  readonly connections: number;
  setMode(mode: ProxyMode): void;
  close(): Promise<void>;
}

/** Puts a proxy before a database; its socket lies in a private temporary folder. */
export async function proxyDatabase(databaseUrl: string): Promise<DatabaseProxy> {
  const target = new pg.Client({ connectionString: databaseUrl });
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-proxy-'));
  const sockets = new Set<Socket>();
  let mode: ProxyMode = 'forward';
  const server = createServer((near) => {
    if (mode === 'refuse') {
      near.destroy();
      return;
    }
    const far = target.host.startsWith('/')
      ? connect(join(target.host, `.s.PGSQL.${target.port}`))
      : connect(target.port, target.host);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      // What arrives in a black hole is gone for good, as with a router that has forgotten the connection.
      from.on('data', (chunk) => {
        if (mode === 'forward') to.write(chunk);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(join(folder, '.s.PGSQL.5432'), resolve));
  const url = new URL(databaseUrl);
  url.searchParams.set('host', folder);
  url.port = '5432';
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    databaseUrl: url.href,
    get connections() {
      return sockets.size;
    },
    setMode: (next) => {
      mode = next;
      if (next === 'refuse') cutAll();
    },
    close: async () => {
      cutAll();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
