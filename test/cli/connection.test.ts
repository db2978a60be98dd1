import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { emptyFolder, runLatchkey, startStandIn } from './run-latchkey.ts';

const token = 'sk_test_0123456789abcdefghijklmnopqrstuv';
const emptyList = { status: 200, body: { data: [], next: null } };

async function folderWith(cliJson: unknown, mode = 0o600): Promise<string> {
  const folder = await emptyFolder();
  await mkdir(join(folder, 'data'));
  const path = join(folder, 'data', 'cli.json');
  await writeFile(path, typeof cliJson === 'string' ? cliJson : JSON.stringify(cliJson));
  await chmod(path, mode);
  return folder;
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

describe('the credential of the command line', () => {
  it('comes from LATCHKEY_TOKEN and goes to LATCHKEY_URL as a bearer', async () => {
    await using server = await startStandIn(() => emptyList);
    const { code } = await runLatchkey(['client', 'list'], {
      LATCHKEY_URL: `${server.url}/`,
      LATCHKEY_TOKEN: ` ${token}\n`,
    });
    expect(code).to.equal(0);
    expect(server.seen[0]?.headers.authorization).to.equal(`Bearer ${token}`);
    expect(server.seen[0]?.path).to.match(/^\/api\/clients\?/);
  });

  it('comes from cli.json with a token', async () => {
    await using server = await startStandIn(() => emptyList);
    const folder = await folderWith({ url: server.url, token });
    const { code, stderr } = await runLatchkey(['client', 'list'], {}, folder);
    expect(code).to.equal(0);
    expect(stderr).to.equal('');
    expect(server.seen[0]?.headers.authorization).to.equal(`Bearer ${token}`);
  });

  it('comes from cli.json with a client, exchanged for an access token', async () => {
    await using server = await startStandIn(({ path }) =>
      path === '/oauth/token' ? { status: 200, body: { access_token: 'oct_fresh', token_type: 'Bearer' } } : emptyList,
    );
    const folder = await folderWith({ url: server.url, client_id: 'cli:1', client_secret: 'ocs_s%cret' });
    const { code } = await runLatchkey(['client', 'list', '--json'], {}, folder);
    expect(code).to.equal(0);
    const basic = Buffer.from('cli%3A1:ocs_s%25cret').toString('base64');
    expect(server.seen[0]).to.include({ method: 'POST', body: 'grant_type=client_credentials&scope=*' });
    expect(server.seen[0]?.headers.authorization).to.equal(`Basic ${basic}`);
    expect(server.seen[1]?.headers.authorization).to.equal('Bearer oct_fresh');
  });

  it('of cli.json is found through DATA_DIR', async () => {
    await using server = await startStandIn(() => emptyList);
    const folder = await folderWith({ url: server.url, token });
    const { code } = await runLatchkey(['client', 'list'], { DATA_DIR: join(folder, 'data') });
    expect(code).to.equal(0);
  });

  it('of cli.json is never shown to a server that the file does not name', async () => {
    const folder = await folderWith({ url: 'https://auth.example.com', token });
    const { code, stderr } = await runLatchkey(['client', 'list'], { LATCHKEY_URL: 'https://evil.example' }, folder);
    expect(code).to.equal(78);
    expect(stderr).to.include('belongs to another server').and.not.to.include(token);
  });

  it('never follows a redirect', async () => {
    await using other = await startStandIn(() => emptyList);
    await using server = await startStandIn(() => ({ status: 307, headers: { location: `${other.url}/api/clients` } }));
    const { code, stderr } = await runLatchkey(['client', 'list'], { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: token });
    expect(code).to.equal(1);
    expect(stderr).to.include(other.url);
    expect(other.seen).to.have.length(0);
  });

  it('never travels over plain http to another machine', async () => {
    for (const url of [
      'http://auth.example.com',
      'http://10.0.0.1:3000',
      'http://localhost.example.com',
      'http://127.0.0.1.nip.io',
    ]) {
      const { code, stderr } = await runLatchkey(['client', 'list'], { LATCHKEY_URL: url, LATCHKEY_TOKEN: token });
      expect(code, url).to.equal(78);
      expect(stderr, url).to.include('would travel in clear');
    }
  });

  it('is not repeated by any message, even when the server repeats it', async () => {
    await using server = await startStandIn(() => ({ status: 401, body: { message: `No: ${token}` } }));
    const env = { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: token };
    for (const args of [
      ['client', 'list'],
      ['client', 'list', '--json'],
    ]) {
      const { code, stdout, stderr } = await runLatchkey(args, env);
      expect(code).to.equal(1);
      expect(stderr).to.include('[secret]').and.not.to.include(token);
      expect(stdout).to.equal('');
    }
  });

  it('missing: ends with 78 and says where one may come from', async () => {
    const { code, stderr } = await runLatchkey(['client', 'list']);
    expect(code).to.equal(78);
    expect(stderr).to.include('LATCHKEY_TOKEN').and.to.include('cli.json');
  });

  it('unreadable: ends with 78 without quoting the file', async () => {
    for (const content of [
      `{"url":"http://localhost:1","token":"${token}"`,
      '[]',
      '{}',
      { url: '', token },
      { url: 'x', token: 'a b' },
    ]) {
      const { code, stderr } = await runLatchkey(['client', 'list'], {}, await folderWith(content));
      expect(code).to.equal(78);
      expect(stderr).to.include('cli.json is not as the server writes it').and.not.to.include(token);
    }
  });

  it('readable by others: is used with a warning that says what to do', async () => {
    await using server = await startStandIn(() => emptyList);
    const folder = await folderWith({ url: server.url, token }, 0o644);
    const { code, stderr } = await runLatchkey(['client', 'list'], {}, folder);
    expect(code).to.equal(0);
    expect(stderr).to.include('chmod 600');
  });

  for (const url of [
    'localhost:3000',
    'ftp://localhost',
    'not an address',
    'https://a:b@example.com',
    'https://example.com/?x=1',
  ]) {
    it(`refuses LATCHKEY_URL=${url} with 78`, async () => {
      const { code, stderr } = await runLatchkey(['client', 'list'], { LATCHKEY_URL: url, LATCHKEY_TOKEN: token });
      expect(code).to.equal(78);
      expect(stderr).to.include('LATCHKEY_URL');
    });
  }
});

describe('an unreachable server', () => {
  it('ends with 69 and asks whether it runs', async () => {
    const url = `http://127.0.0.1:${await closedPort()}`;
    const { code, stdout, stderr } = await runLatchkey(['client', 'list'], {
      LATCHKEY_URL: url,
      LATCHKEY_TOKEN: token,
    });
    expect(code).to.equal(69);
    expect(stdout).to.equal('');
    expect(stderr).to.include(url).and.to.include('ECONNREFUSED').and.to.include('npm start');
  });

  it('is told apart from a server that can not work at the moment, which is 69 too', async () => {
    await using server = await startStandIn(() => ({
      status: 503,
      body: { message: 'x' },
      headers: { 'retry-after': '2' },
    }));
    const { code, stderr } = await runLatchkey(['client', 'list'], { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: token });
    expect(code).to.equal(69);
    expect(stderr).to.include('503').and.to.include('Try again in 2 s');
  });

  it('may be another program on the same port: 69', async () => {
    await using server = await startStandIn(() => ({ status: 200, body: ['hello'] }));
    const { code, stderr } = await runLatchkey(['client', 'list'], { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: token });
    expect(code).to.equal(69);
    expect(stderr).to.include('not a Latchkey server');
  });
});

describe('a refusal', () => {
  async function refused(status: number, body: unknown, args = ['client', 'list']) {
    await using server = await startStandIn(() => ({ status, body }));
    // Awaited here: the server stops at the end of this block.
    return await runLatchkey(args, { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: token });
  }

  it('401 names the variable that was used', async () => {
    const { code, stderr } = await refused(401, { message: 'Unauthenticated.' });
    expect(code).to.equal(1);
    expect(stderr).to.include('LATCHKEY_TOKEN').and.to.include('Unauthenticated.');
  });

  it('401 names the file that was used', async () => {
    await using server = await startStandIn(() => ({ status: 401, body: { message: 'Unauthenticated.' } }));
    const { code, stderr } = await runLatchkey(['client', 'list'], {}, await folderWith({ url: server.url, token }));
    expect(code).to.equal(1);
    expect(stderr).to.include(join('data', 'cli.json')).and.to.include('DATA_DIR');
  });

  it('of the exchange of a client secret names the file too', async () => {
    await using server = await startStandIn(() => ({ status: 401, body: { error: 'invalid_client' } }));
    const folder = await folderWith({ url: server.url, client_id: 'cli', client_secret: 'ocs_wrong' });
    const { code, stderr } = await runLatchkey(['client', 'list'], {}, folder);
    expect(code).to.equal(1);
    expect(stderr).to.include('cli.json').and.to.include('invalid_client').and.not.to.include('ocs_wrong');
  });

  it('403 says what is needed and what the credential has', async () => {
    const body = {
      message: 'This action is unauthorized.',
      required_scope: 'admin:clients',
      provided_scopes: ['posts:read'],
    };
    const { code, stderr } = await refused(403, body);
    expect(code).to.equal(1);
    expect(stderr).to.include('required scope: admin:clients').and.to.include('the credential has: posts:read');
  });

  it('422 lists the fields, one sentence a line', async () => {
    const body = {
      message: 'The given data was invalid.',
      errors: { scope: ['One.', 'Two.'], redirect_uris: ['Three.'] },
    };
    const { code, stderr } = await refused(422, body, ['client', 'create', '--name', 'x']);
    expect(code).to.equal(1);
    expect(stderr).to.include('\n  scope: One.\n  scope: Two.\n  redirect_uris: Three.\n');
  });

  it('is JSON on standard error with --json, with the status and the answer', async () => {
    const { code, stdout, stderr } = await refused(404, { message: 'Not found.' }, ['client', 'show', 'abc', '--json']);
    expect(code).to.equal(1);
    expect(stdout).to.equal('');
    expect(JSON.parse(stderr).error).to.deep.include({ exit_code: 1, message: 'Not found.', status: 404 });
  });

  it('has no colours without a terminal, nor anything else that steers one', async () => {
    const { stderr } = await refused(404, { message: 'Not\u001b[2J found.\u202e' });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(stderr).not.to.match(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(stderr).to.match(/^error: /);
  });
});
