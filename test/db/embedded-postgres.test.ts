import { spawn } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import pg from 'pg';
import { ConfigurationError } from '../../src/core/errors.ts';
import { canEnter, chooseAccount, isRoot } from '../../src/db/embedded-account.ts';
import { binariesRun, copyBinaries, locateBinaries } from '../../src/db/embedded-binaries.ts';
import { PRESENCE_LOCK } from '../../src/db/embedded-join.ts';
import { resolveLocation } from '../../src/db/embedded-location.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts';
import { stopPostgres } from '../../src/db/embedded-process.ts';
import { type Database, openDatabase } from '../../src/db/open-database.ts';
import { isAlive, isPostmaster, readPostmasterFile } from '../../src/db/postmaster-file.ts';
import { type ChildOptions, type ChildProgram, startChild } from '../support/child-program.ts';
import { until } from '../support/start-server.ts';

describe('the embedded database (R-13)', function () {
  this.timeout(60_000);
  let parent: string;
  let dataDir: string;
  let cluster: string;
  const children: ChildProgram[] = [];
  const databases: Database[] = [];

  beforeEach(async () => {
    parent = await realpath(await mkdtemp(join(tmpdir(), 'latchkey-embedded-')));
    await chmod(parent, 0o711);
    dataDir = join(parent, 'data');
    cluster = join(dataDir, 'postgres');
  });

  afterEach(async () => {
    for (const database of databases.splice(0)) await database.close();
    for (const child of children.splice(0)) {
      child.signal('SIGKILL');
      await child.ended();
    }
    await stopPostgres(cluster);
    await rm(parent, { recursive: true, force: true });
  });

  function start(options: ChildOptions & { task?: string; folder?: string } = {}): ChildProgram {
    const parameters = [options.folder ?? dataDir, options.task ?? ''];
    const child = startChild('embedded-child.ts', { ...options, parameters });
    children.push(child);
    return child;
  }

  async function stop(child: ChildProgram): Promise<void> {
    child.signal('SIGTERM');
    expect(await child.ended(), child.lines.join('\n')).to.equal(0);
  }

  async function open(child: ChildProgram): Promise<Database> {
    const database = openDatabase({ databaseUrl: await child.line('ready'), poolSize: 1 });
    databases.push(database);
    return database;
  }

  async function postmasterPid(): Promise<number> {
    const file = await readPostmasterFile(cluster);
    if (file === null) throw new Error('No server runs.');
    return file.pid;
  }

  async function refusal(child: ChildProgram): Promise<string> {
    expect(await child.ended(), child.lines.join('\n')).to.equal(78);
    return child.line('fault');
  }

  it('starts on an empty folder, keeps what was written, and is stopped by the last process', async () => {
    const first = start();
    const database = await open(first);
    await database.knex('ledger').insert({ owner: 'kept', number: 1 });
    const pid = await postmasterPid();
    const second = start();
    await second.line('ready');
    expect(await postmasterPid(), 'joined').to.equal(pid);
    await stop(first);
    expect(isPostmaster(pid, cluster), 'the second still uses it').to.equal(true);
    await stop(second);
    expect(isAlive(pid), 'nobody uses it').to.equal(false);
    const third = await open(start());
    expect(await third.knex('ledger').pluck('owner')).to.deep.equal(['kept']);
  });

  it('listens on a socket in a private folder and nowhere else', async () => {
    const database = await open(start());
    const shown = await database.knex.raw("SELECT current_setting('listen_addresses') AS a, inet_server_port() AS p");
    expect(shown.rows).to.deep.equal([{ a: '', p: null }]);
    const { rows } = await database.knex.raw("SELECT current_setting('unix_socket_directories') AS folder");
    expect((await stat(String(rows[0].folder).replaceAll('"', ''))).mode & 0o077).to.equal(0);
    const { rows: safe } = await database.knex.raw("SELECT current_setting('fsync') AS fsync");
    expect(safe).to.deep.equal([{ fsync: 'on' }]);
  });

  it('comes up once for five processes that start at the same moment on an empty folder', async () => {
    const five = Array.from({ length: 5 }, () => start({ task: 'migrate' }));
    await Promise.all(five.map((child) => child.line('ready')));
    await Promise.all(five.map(stop));
    const again = Array.from({ length: 5 }, () => start());
    await Promise.all(again.map((child) => child.line('ready')));
    await Promise.all(again.map(stop));
    expect(await readPostmasterFile(cluster)).to.equal(null);
  });

  it('comes up for a process that starts while the last one stops it', async () => {
    let present = start();
    await present.line('ready');
    for (let round = 0; round < 5; round++) {
      const next = start();
      await new Promise((resolve) => setTimeout(resolve, 60 * round));
      present.signal('SIGTERM');
      await next.line('ready');
      expect(await present.ended()).to.equal(0);
      present = next;
    }
    await (await open(start())).knex('ledger').select();
  });

  it('is adopted after kill -9 of the process that started it', async () => {
    const owner = start();
    await (await open(owner)).knex('ledger').insert({ owner: 'kept', number: 1 });
    const pid = await postmasterPid();
    owner.signal('SIGKILL');
    await owner.ended();
    expect(isPostmaster(pid, cluster), 'left behind').to.equal(true);
    const heir = start();
    expect(await (await open(heir)).knex('ledger').pluck('owner')).to.deep.equal(['kept']);
    expect(await postmasterPid()).to.equal(pid);
    for (const database of databases.splice(0)) await database.close();
    await stop(heir);
    expect(isAlive(pid)).to.equal(false);
  });

  it('is brought back by those who use it after kill -9 of the database itself', async () => {
    const users = [start(), start(), start()];
    const [first] = users;
    if (first === undefined) throw new Error('unreachable');
    const database = await open(first);
    await database.knex('ledger').insert({ owner: 'kept', number: 1 });
    await Promise.all(users.slice(1).map((user) => user.line('ready')));
    process.kill(await postmasterPid(), 'SIGKILL');
    await Promise.all(users.map((user) => user.line('log the embedded database is back')));
    expect(await database.knex('ledger').pluck('owner')).to.deep.equal(['kept']);
    await database.close();
    await Promise.all(users.map(stop));
    expect(await readPostmasterFile(cluster)).to.equal(null);
  });

  it('is let go and stopped when it comes back at the moment of closing', async () => {
    const embedded = await startEmbeddedPostgres({ dataDir });
    const connectionString = embedded.urlOf('postgres');
    const [holder, watcher] = [new pg.Client({ connectionString }), new pg.Client({ connectionString })];
    await Promise.all([holder.connect(), watcher.connect()]);
    const waits = async (name: string): Promise<boolean> => {
      const { rows } = await watcher.query(
        "SELECT 1 FROM pg_stat_activity WHERE application_name = $1 AND wait_event = 'advisory'",
        [name],
      );
      return rows.length === 1;
    };
    // Whoever holds the lock alone keeps the process waiting on its way back in.
    await holder.query("SET application_name = 'holder'");
    const held = holder.query('SELECT pg_advisory_lock($1)', [PRESENCE_LOCK]);
    await until(() => waits('holder'), 20_000);
    await watcher.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'latchkey presence'",
    );
    await held;
    await until(() => waits('latchkey presence'), 20_000);
    const closed = embedded.close();
    await Promise.all([holder.end(), watcher.end()]);
    await closed;
    expect(await readPostmasterFile(cluster)).to.equal(null);
  });

  it('starts in spite of a lock file of a process that is gone', async () => {
    await stop(await ready());
    await writeFile(join(cluster, 'postmaster.pid'), await lockFile(await deadPid()));
    await ready();
  });

  it('starts in spite of a lock file whose number another program of the same user has by now', async () => {
    await stop(await ready());
    const { uid, gid } = await stat(cluster);
    const stranger = spawn('sleep', ['60'], { uid, gid, stdio: 'ignore' });
    try {
      await writeFile(join(cluster, 'postmaster.pid'), await lockFile(stranger.pid ?? 0));
      const child = await ready();
      expect(await postmasterPid()).to.not.equal(stranger.pid);
      expect(isAlive(stranger.pid ?? 0), 'the other program is left alone').to.equal(true);
      await stop(child);
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  it('refuses a folder of another major version with a sentence, and leaves it alone', async () => {
    await stop(await ready());
    await writeFile(join(cluster, 'PG_VERSION'), '14\n');
    expect(await refusal(start())).to.match(/DATABASE_OF_ANOTHER_VERSION: .*PostgreSQL 14.*DATABASE_URL/);
    expect(await readFile(join(cluster, 'PG_VERSION'), 'utf8')).to.equal('14\n');
  });

  it('refuses a folder that holds something else, and a configuration it can not start with', async () => {
    await mkdir(cluster, { recursive: true });
    await writeFile(join(cluster, 'thesis.txt'), 'important');
    expect(await refusal(start())).to.include('NOT_A_DATABASE');
    await rm(cluster, { recursive: true });
    await stop(await ready());
    await writeFile(join(cluster, 'postgresql.auto.conf'), 'nonsense = 1\n');
    expect(await refusal(start())).to.match(/EMBEDDED_DATABASE_REFUSES: .*nonsense/);
  });

  it('is not disturbed by what a killed first start left', async () => {
    await mkdir(join(dataDir, `postgres.new-${await deadPid()}-abc`), { recursive: true });
    await chmod(dataDir, 0o711);
    await ready();
    const left = await stat(join(dataDir, 'postgres.new')).catch(() => null);
    expect(left).to.equal(null);
  });

  it('works where the path is too long for a socket', async () => {
    const long = join(parent, 'x'.repeat(60), 'y'.repeat(60), 'data');
    await mkdir(long, { recursive: true });
    cluster = join(long, 'postgres');
    const child = start({ folder: long });
    const second = start({ folder: long });
    await Promise.all([child.line('ready'), second.line('ready')]);
    await stop(child);
    await stop(second);
    const { socketFolder } = await resolveLocation(long);
    expect(socketFolder).to.not.equal(cluster);
    await rm(socketFolder, { recursive: true });
  });

  it('works for an ordinary user in a closed folder', async function () {
    // Only root can become somebody else; an ordinary user proves the same by being one.
    const account = isRoot() ? await strangerAccount(this) : undefined;
    await mkdir(dataDir, { mode: 0o700 });
    if (account !== undefined) await chown(dataDir, account.uid, account.gid);
    const child = start(account === undefined ? {} : { account });
    await child.line('ready');
    expect((await stat(cluster)).uid).to.equal(account?.uid ?? process.geteuid?.());
    await stop(child);
    if (account === undefined) return;
    // Root on the same folder goes on as the user whose database it is.
    await chmod(dataDir, 0o711);
    await stop(await ready());
    expect((await stat(cluster)).uid).to.equal(account.uid);
  });

  it('started by root, runs as another user, and beside a closed folder with a pointer to it', async function () {
    if (!isRoot()) this.skip();
    await chmod(parent, 0o700);
    const child = await ready();
    const home = (await readFile(join(dataDir, 'postgres-location'), 'utf8')).trim();
    try {
      cluster = join(home, 'postgres');
      expect(home).to.match(/^\/var\/lib\/latchkey\/[0-9A-Za-z]{16}$/);
      expect((await stat(cluster)).uid).to.not.equal(0);
      expect(child.lines.join('\n')).to.include(cluster);
      const second = await ready();
      await stop(child);
      await stop(second);
      await stop(await ready());
    } finally {
      await stopPostgres(cluster);
      await rm(home, { recursive: true, force: true });
    }
    expect(await refusal(start())).to.include('DATABASE_FOLDER_MISSING');
  });

  it('started by an ordinary user, refuses the folder of somebody else with a sentence', async function () {
    if (!isRoot()) this.skip();
    await stop(await ready());
    await chmod(dataDir, 0o777);
    expect(await refusal(start({ account: await strangerAccount(this) }))).to.include('DATABASE_OF_ANOTHER_USER');
  });

  it('runs from a copy of its binaries where PostgreSQL can not reach the installed ones', async function () {
    if (!isRoot()) this.skip();
    const account = await chooseAccount();
    const installed = locateBinaries();
    const closed = join(parent, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const unreachable = await copyBinaries(installed, closed);
    expect(await binariesRun(unreachable, account)).to.equal(false);
    const copy = await copyBinaries(unreachable, parent);
    expect(await binariesRun(copy, account)).to.equal(true);
  });

  it('says what to do on a platform without binaries', () => {
    for (const [platform, arch] of [
      ['sunos', 'x64'],
      ['win32', 'x64'],
      ['linux', 's390x'],
    ]) {
      expect(() => locateBinaries(platform, arch)).to.throw(ConfigurationError, /DATABASE_URL/);
    }
  });

  async function ready(): Promise<ChildProgram> {
    const child = start();
    await child.line('ready');
    return child;
  }

  async function lockFile(pid: number): Promise<string> {
    return [pid, cluster, Math.floor(Date.now() / 1000), 5432, cluster, '', ' 1234567 0', 'ready', ''].join('\n');
  }

  async function deadPid(): Promise<number> {
    const short = spawn('true');
    await new Promise((resolve) => short.once('close', resolve));
    return short.pid ?? 0;
  }

  /** Neither root nor the user whom root's database runs as; skips where that user can not even read this checkout. */
  async function strangerAccount(running: Mocha.Context): Promise<{ uid: number; gid: number }> {
    const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((entry) => entry.startsWith('daemon:'));
    const account = { name: 'daemon', uid: Number(line?.split(':')[2]), gid: Number(line?.split(':')[3]) };
    const mayRead = [import.meta.dirname, process.execPath].every((path) => canEnter(dirname(path), account));
    if (line === undefined || !mayRead) running.skip();
    return account;
  }
});
