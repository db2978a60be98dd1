import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { askJson, ownerToken, registerMachine } from '../support/ask.ts';
import { clientToken, startServer, type TestServer } from '../support/start-server.ts';
import { hourWithRoom } from '../support/window-with-room.ts';
import { emptyFolder, launcherPath, type Run, runLatchkey } from './run-latchkey.ts';

const PASSWORD = 'a quiet river in the north';

describe('latchkey verify, against a real server', () => {
  let server: TestServer;
  let token: string;
  let env: Record<string, string>;

  before(async () => {
    server = await startServer();
    token = await ownerToken(server);
    env = { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: token };
  });
  after(() => server.stop());

  async function verify(credential: string, ...args: string[]): Promise<Run> {
    const child = spawn(process.execPath, [launcherPath, 'verify', '-', ...args], {
      cwd: await emptyFolder(),
      env: { PATH: process.env.PATH ?? '', ...env },
    });
    child.stdin.end(`${credential}\n`);
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code: typeof code === 'number' ? code : null, stdout, stderr };
  }

  async function key(scopes: readonly string[], more: object = {}): Promise<string> {
    const made = await askJson(server, 'POST', '/api/keys', token, { name: 'Mobile app', scopes, ...more });
    expect(made.status, made.text).to.equal(201);
    return (made.json as { key: string }).key;
  }

  it('says what a key is, whose, what it may do and until when, and never prints it', async () => {
    const secret = await key(['posts:read'], { environment: 'test', expires_at: '2099-01-01T00:00:00Z' });
    const { code, stdout, stderr } = await verify(secret);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^This is an API key called "Mobile app" \(id \d+, test\)\.\nIt belongs to workspace 1\./);
    expect(stdout).to.include('It works until 2099-01-01T00:00:00.000Z.');
    expect(stdout).to.match(/Of \d+ calls \(tier free\), \d+ are left until /);
    expect(stdout).to.include('posts:read: Read blog posts').and.include('posts:write: never granted');
    expect(stdout + stderr).to.not.include(secret);
  });

  it('ends with 0 where everything asked about is allowed and with 1 where something is not', async () => {
    const secret = await key(['posts:*']);
    expect((await verify(secret, '--scope', 'posts:read posts:write')).code).to.equal(0);
    const refused = await verify(secret, '--scope', 'posts:read', '--scope', 'analytics:read');
    expect(refused.code).to.equal(1);
    expect(refused.stdout)
      .to.include('analytics:read: never granted')
      .and.match(/Not allowed\.\n$/);
    expect(refused.stderr).to.include('Not allowed: posts:read analytics:read');
    expect((await verify(secret, '--scope', 'nothing:here')).stdout).to.include('not in the vocabulary');
  });

  it('names the role that removed a scope, and the protection that a wildcard does not reach', async () => {
    const email = 'ada@example.com';
    await askJson(server, 'POST', '/api/users', token, { email, password: PASSWORD, role: 'owner' });
    const login = await fetch(`${server.url}/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email, password: PASSWORD, scopes: ['posts:*', '*:*'] }),
    });
    const { token: personal, user } = (await login.json()) as { token: string; user: { id: number } };
    expect((await verify(personal, '--scope', 'posts:delete')).code).to.equal(0);
    await askJson(server, 'PATCH', `/api/workspaces/1/members/${user.id}`, token, { role: 'member' });
    const { code, stdout } = await verify(personal, '--scope', 'posts:delete webhooks:manage');
    expect(code).to.equal(1);
    expect(stdout).to.include(`It acts for user ${user.id} in workspace 1, with the role member.`);
    expect(stdout).to.include('posts:delete: the role member of its owner');
    expect(stdout).to.include('webhooks:manage: protected: covered only by its own name, by webhooks:* or by *');
  });

  it('says of a token of a program what was granted', async () => {
    const machine = await registerMachine(server, token, 'posts:read posts:write');
    const { code, stdout } = await verify(await clientToken(server, machine, 'posts:read'), '--scope', 'posts:write');
    expect(code).to.equal(1);
    expect(stdout).to.include('a program that acts for itself').and.include(machine.clientId);
    expect(stdout).to.include('posts:write: never granted');
  });

  it('prints the same as JSON', async () => {
    const { code, stdout } = await verify(await key(['posts:read']), '--scope', 'posts:write', '--json');
    expect(code).to.equal(1);
    const said = JSON.parse(stdout);
    expect(said).to.deep.include({ allowed: false, reason: 'insufficient_scope', workspace_id: 1, client_id: null });
    expect(said.missing).to.deep.equal([{ scope: 'posts:write', removed_by: 'grant' }]);
    expect(said.explanation.at(-1)).to.equal('Not allowed.');
  });

  it('explains what is not good, and ends with 1', async () => {
    const strange = await verify('no such thing');
    expect(strange.code, strange.stderr).to.equal(1);
    expect(strange.stdout).to.include('has not the form of any credential');
    const secret = await key(['posts:read']);
    const { id } = JSON.parse((await verify(secret, '--json')).stdout).credential;
    await askJson(server, 'DELETE', `/api/keys/${id}?confirm=Mobile%20app`, token);
    const gone = await verify(secret);
    expect(gone.code).to.equal(1);
    expect(gone.stdout).to.include('It was revoked.');
    expect((await verify('')).code).to.equal(2);
  });

  it('takes an argument too, with a warning that does not repeat it', async () => {
    const secret = await key(['posts:read']);
    const { code, stdout, stderr } = await runLatchkey(['verify', secret, '--scope', 'posts:read'], env);
    expect(code, stderr).to.equal(0);
    expect(stderr).to.include('warning:').and.include('history of the shell').and.not.include(secret);
    expect(stdout).to.not.include(secret);
  });

  it('counts nothing', async () => {
    await hourWithRoom();
    const secret = await key(['posts:read']);
    const left = async () => JSON.parse((await verify(secret, '--json')).stdout).rate_limit.remaining;
    expect(await left()).to.equal(await left());
  });

  it('is refused where the own credential may not introspect', async () => {
    const own = env.LATCHKEY_TOKEN ?? '';
    const secret = await key(['posts:read']);
    env.LATCHKEY_TOKEN = secret;
    const { code, stderr } = await verify(own);
    env.LATCHKEY_TOKEN = own;
    expect(code).to.equal(1);
    expect(stderr).to.include('required scope: credentials:introspect');
  });
});
