import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { stopPostgres } from '../../src/db/embedded-process.ts';
import { readPostmasterFile } from '../../src/db/postmaster-file.ts';
import { freePort } from '../support/free-port.ts';
import { type ServerProcess, startServerProcess, tokenOf } from '../support/server-process.ts';

const CYCLES = Number(process.env.KILL_CYCLES ?? 20);
const VICTIMS = ['server', 'database', 'database then server', 'server then database'] as const;

describe('kill -9 of the server, of its database and of both, during writes (R-01, R-02)', () => {
  let parent: string;
  let dataDir: string;
  let port: number;

  before(async () => {
    parent = await realpath(await mkdtemp(join(tmpdir(), 'latchkey-kill-')));
    await chmod(parent, 0o711);
    dataDir = join(parent, 'data');
    port = await freePort();
  });

  after(async () => {
    await stopPostgres(join(dataDir, 'postgres'));
    await rm(parent, { recursive: true, force: true });
  });

  it(`loses no acknowledged write and revives no revoked key in ${CYCLES} cycles, and needs no hand`, async () => {
    const made = new Map<number, string>();
    const ended = new Set<string>();
    const readyMs: number[] = [];
    for (let cycle = 0; cycle < CYCLES; cycle += 1) {
      const server = await startServerProcess(port, dataDir);
      readyMs.push(server.readyMs);
      await expectKept(server, made, ended);
      const writing = write(server, made, ended);
      await new Promise((resolve) => setTimeout(resolve, 150 + Math.random() * 300));
      await strike(VICTIMS[cycle % VICTIMS.length] ?? 'server', server);
      await writing;
      server.kill('SIGKILL');
      await server.ended();
    }
    const last = await startServerProcess(port, dataDir);
    await expectKept(last, made, ended);
    last.kill('SIGTERM');
    expect(await last.ended()).to.equal(0);
    const sorted = readyMs.slice(1).toSorted((left, right) => left - right);
    console.log(
      `      ${made.size} keys made and ${ended.size} ended, 0 lost, 0 revived; ready again: median ${Math.round(sorted[sorted.length >> 1] ?? 0)} ms, longest ${Math.round(sorted.at(-1) ?? 0)} ms`,
    );
  });

  /** Makes test keys, ends every third, and keeps a ledger of what was acknowledged, until the server stops answering. */
  async function write(server: ServerProcess, made: Map<number, string>, ended: Set<string>): Promise<void> {
    const headers = { Authorization: `Bearer ${await tokenOf(dataDir)}`, 'Content-Type': 'application/json' };
    const body = JSON.stringify({ name: 'Ledger', scopes: ['posts:read'], environment: 'test' });
    for (let count = 0; count < 500; count += 1) {
      try {
        const answer = await fetch(`${server.url}/api/keys`, { method: 'POST', headers, body });
        if (answer.status !== 201) return;
        const { id, key } = (await answer.json()) as { id: number; key: string };
        made.set(id, key);
        if (count % 3 !== 2) continue;
        const revoked = await fetch(`${server.url}/api/keys/${id}`, { method: 'DELETE', headers });
        if (revoked.status === 204) ended.add(key);
        // Not acknowledged: it may have happened or not, so it proves nothing.
        else made.delete(id);
      } catch {
        return;
      }
    }
  }

  async function strike(victim: (typeof VICTIMS)[number], server: ServerProcess): Promise<void> {
    const database = (await readPostmasterFile(join(dataDir, 'postgres')))?.pid;
    if (database === undefined) throw new Error('no database runs');
    const killDatabase = (): void => void process.kill(database, 'SIGKILL');
    switch (victim) {
      case 'server':
        return server.kill('SIGKILL');
      case 'database':
        return killDatabase();
      case 'database then server':
        killDatabase();
        return server.kill('SIGKILL');
      case 'server then database':
        server.kill('SIGKILL');
        return killDatabase();
    }
  }

  async function expectKept(
    server: ServerProcess,
    made: ReadonlyMap<number, string>,
    ended: ReadonlySet<string>,
  ): Promise<void> {
    const statuses = await Promise.all(
      [...made.values()].map(async (key) => {
        const answer = await fetch(`${server.url}/verify?scope=posts:read`, {
          headers: { Authorization: `Bearer ${key}` },
        });
        return { key, status: answer.status };
      }),
    );
    const lost = statuses.filter(({ key, status }) => !ended.has(key) && status !== 200 && status !== 429);
    const revived = statuses.filter(({ key, status }) => ended.has(key) && status !== 401);
    expect(
      lost.map(({ status }) => status),
      'lost',
    ).to.deep.equal([]);
    expect(
      revived.map(({ status }) => status),
      'revived',
    ).to.deep.equal([]);
  }
});
