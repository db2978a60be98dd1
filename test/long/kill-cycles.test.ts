import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { stopPostgres } from '../../src/db/embedded-process.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { isAlive, readPostmasterFile } from '../../src/db/postmaster-file.ts';
import { type ChildProgram, startChild } from '../support/child-program.ts';

const CYCLES = Number(process.env.KILL_CYCLES ?? 20);

/** Whom a cycle kills; both in both orders, because the survivor of the moment between them acts. */
const VICTIMS = ['server', 'database', 'database then server', 'server then database'] as const;

describe('kill -9 during writes on the embedded database (R-02)', () => {
  let parent: string;
  let dataDir: string;

  before(async () => {
    parent = await realpath(await mkdtemp(join(tmpdir(), 'latchkey-kill-')));
    await chmod(parent, 0o711);
    dataDir = join(parent, 'data');
  });

  after(async () => {
    await stopPostgres(join(dataDir, 'postgres'));
    await rm(parent, { recursive: true, force: true });
  });

  it(`loses no acknowledged write in ${CYCLES} cycles and needs no hand`, async () => {
    const acknowledged = new Map<string, number[]>();
    const startMs: number[] = [];
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      const victim = VICTIMS[cycle % VICTIMS.length] ?? 'server';
      const owner = `cycle-${cycle}`;
      const began = performance.now();
      const writer = startChild('embedded-child.ts', { parameters: [dataDir, 'insert', owner] });
      await writer.line('ack');
      startMs.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 300));
      await kill(victim, writer);
      await writer.ended();
      acknowledged.set(owner, numbersSaid(writer));
    }
    await expectKept(acknowledged);
    const sorted = startMs.toSorted((a, b) => a - b);
    const total = [...acknowledged.values()].reduce((sum, numbers) => sum + numbers.length, 0);
    console.log(
      `      ${total} acknowledged writes, 0 lost; start to first write: median ${Math.round(sorted[sorted.length >> 1] ?? 0)} ms, longest ${Math.round(sorted.at(-1) ?? 0)} ms`,
    );
  });

  async function databasePid(): Promise<number> {
    const file = await readPostmasterFile(join(dataDir, 'postgres'));
    if (file === null) throw new Error('No database runs.');
    return file.pid;
  }

  async function kill(victim: (typeof VICTIMS)[number], writer: ChildProgram): Promise<void> {
    const pid = await databasePid();
    if (victim !== 'database' && victim !== 'database then server') writer.signal('SIGKILL');
    if (victim !== 'server') process.kill(pid, 'SIGKILL');
    if (victim === 'database then server') writer.signal('SIGKILL');
    if (victim !== 'database') return;
    // The writer lives on: it must bring the database back and go on writing, all by itself.
    const before = numbersSaid(writer).length;
    await writer.line('log the embedded database is back');
    while (numbersSaid(writer).length <= before) await writer.line('ack');
    writer.signal('SIGKILL');
  }

  function numbersSaid(writer: ChildProgram): number[] {
    return writer.lines.filter((line) => line.startsWith('ack ')).map((line) => Number(line.slice(4)));
  }

  async function expectKept(acknowledged: ReadonlyMap<string, readonly number[]>): Promise<void> {
    const reader = startChild('embedded-child.ts', { parameters: [dataDir] });
    const database = openDatabase({ databaseUrl: await reader.line('ready'), poolSize: 1 });
    for (const [owner, numbers] of acknowledged) {
      const kept: number[] = await database.knex('ledger').where({ owner }).pluck('number');
      const lost = numbers.filter((number) => !kept.includes(number));
      expect(lost, `${owner} of ${numbers.length}`).to.deep.equal([]);
    }
    await database.close();
    const pid = await databasePid();
    reader.signal('SIGTERM');
    expect(await reader.ended(), reader.lines.join('\n')).to.equal(0);
    expect(isAlive(pid), 'no database is left running').to.equal(false);
  }
});
