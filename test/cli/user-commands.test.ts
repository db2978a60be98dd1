import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { startServer, type TestServer } from '../support/start-server.ts';
import { emptyFolder, launcherPath, type Run, runLatchkey } from './run-latchkey.ts';

const PASSWORD = 'a quiet river in the north';

describe('latchkey user and workspace, against a real server', () => {
  let server: TestServer;

  before(async () => {
    server = await startServer();
  });
  after(() => server.stop());

  const env = (): Record<string, string> => ({ DATA_DIR: server.dataDir, LATCHKEY_URL: server.url });
  const run = (...args: string[]): Promise<Run> => runLatchkey(args, env());
  const json = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await run(...args, '--json');
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout);
  };

  async function pipe(input: string, ...args: string[]): Promise<Run> {
    const child = spawn(process.execPath, [launcherPath, ...args], {
      cwd: await emptyFolder(),
      env: { PATH: process.env.PATH ?? '', ...env() },
    });
    child.stdin.end(input);
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code: typeof code === 'number' ? code : null, stdout, stderr };
  }

  it('create a user whose password comes from standard input and is never printed', async () => {
    const created = await pipe(`${PASSWORD}\n`, 'user', 'create', '--email', 'ada@example.com', '--password-stdin');
    expect(created.code, created.stderr).to.equal(0);
    expect(created.stdout).to.include('ada@example.com').and.not.include('link');
    expect(created.stdout + created.stderr).to.not.include(PASSWORD);
    const weak = await pipe('password1', 'user', 'create', '--email', 'bob@example.com', '--password-stdin');
    expect(weak.code).to.equal(1);
    expect(weak.stderr).to.include('most common').and.not.include('password1');
  });

  it('invite a user into a workspace with a role', async () => {
    const workspace = await json('workspace', 'create', '--name', 'News desk');
    const id = String(workspace.id);
    const flags = ['--email', 'grace@example.com', '--name', 'Grace', '--role', 'admin', '--workspace', id];
    const user = await json('user', 'create', ...flags, '--invite');
    expect(user.link).to.match(/\/set-password\/[A-Za-z0-9_-]{43}$/);
    expect(user).to.deep.include({
      name: 'Grace',
      memberships: [{ workspace_id: workspace.id, workspace_name: 'News desk', role: 'admin' }],
    });
    expect((await run('user', 'create', ...flags, '--invite')).code).to.equal(1);
  });

  it('ask nobody for a password where nobody can answer', async () => {
    const { code, stderr } = await run('user', 'create', '--email', 'nobody@example.com');
    expect(code).to.equal(2);
    expect(stderr).to.include('--password-stdin').and.include('--invite');
  });

  it('list users with their roles', async () => {
    const { data } = (await json('user', 'list')) as unknown as { data: { email: string }[] };
    expect(data.map(({ email }) => email)).to.include('admin@localhost');
    expect((await run('user', 'list')).stdout).to.match(
      /^ID {2}E-MAIL +NAME.*\n1 {3}admin@localhost +Administrator +1:owner/,
    );
  });

  it('disable a user by id or address, and not the last owner', async () => {
    const { id } = await json('user', 'create', '--email', 'leaver@example.com', '--invite');
    expect((await json('user', 'disable', String(id))).disabled_at).to.be.a('string');
    expect((await json('user', 'disable', 'Leaver@Example.com')).id).to.equal(id);
    expect((await run('user', 'disable', '1')).code).to.equal(1);
    expect((await run('user', 'disable', 'nobody@nowhere.test')).code).to.equal(1);
    for (const bad of ['x', '../clients/1', '0']) expect((await run('user', 'disable', bad)).code, bad).to.equal(2);
  });

  it('suspend and resume a workspace, and list them', async () => {
    const { id } = await json('workspace', 'create', '--name', 'Blog');
    expect((await json('workspace', 'suspend', String(id))).suspended_at).to.be.a('string');
    expect((await run('workspace', 'list')).stdout).to.match(new RegExp(`^${id} +Blog +free +\\d{4}-`, 'm'));
    expect((await json('workspace', 'resume', String(id))).suspended_at).to.equal(null);
    expect((await run('workspace', 'suspend', '1')).code).to.equal(1);
    expect((await run('workspace', 'resume', 'x')).code).to.equal(2);
  });
});
