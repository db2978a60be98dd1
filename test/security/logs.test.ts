import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ask, askJson, askRaw, askToken, ownerToken, registerMachine } from '../support/ask.ts';
import { freePort } from '../support/free-port.ts';
import { assertionType, registerSigningClient } from '../support/signing-client.ts';
import { almightyMachine, clientToken, until } from '../support/start-server.ts';
import { freshDatabase } from '../support/test-database.ts';

const ENTRY = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

describe('the log of a server in a process of its own, at its most talkative', function () {
  this.timeout(60_000);
  let child: ChildProcess;
  let dataDir: string;
  let server: { url: string; issuer: string; dataDir: string };
  let secretKey: string;
  let stdout = '';
  let stderr = '';
  /** Everything secret that was sent or received, by the place it stood in. */
  const secrets = new Map<string, string>();

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'latchkey-log-'));
    const port = await freePort();
    secretKey = randomBytes(32).toString('base64url');
    server = { url: `http://localhost:${port}`, issuer: `http://localhost:${port}`, dataDir };
    child = spawn(process.execPath, [ENTRY], {
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'development',
        LOG_LEVEL: 'trace',
        PORT: String(port),
        DATA_DIR: dataDir,
        DATABASE_URL: await freshDatabase('empty'),
        SECRET_KEYS: secretKey,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout?.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`the server ended: ${stdout}${stderr}`);
      return (await ask(server, '/readyz').catch(() => null))?.status === 200;
    }, 20_000);
    await talk();
  });

  after(async () => {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'close');
    }
    await rm(dataDir, { recursive: true, force: true });
  });

  /** A secret that nobody issued, in the form of a real one. */
  function invented(place: string, prefix = 'ocs_'): string {
    const secret = `${prefix}${randomBytes(32).toString('hex').slice(0, 43)}`;
    secrets.set(place, secret);
    return secret;
  }

  async function talk(): Promise<void> {
    const login = await almightyMachine(server);
    const owner = await ownerToken(server);
    const machine = await registerMachine(server, owner, 'posts:read posts:write');
    const token = await clientToken(server, machine, 'posts:read posts:write');
    secrets.set('the secret key', secretKey);
    secrets.set('the secret of the command line', login.clientSecret);
    secrets.set('a token that may do everything', owner);
    secrets.set('the secret of a new client', machine.clientSecret);
    secrets.set('a client’s token', token);
    const further = await askJson(server, 'POST', `/api/clients/${machine.clientId}/secrets`, owner, {});
    secrets.set('a further secret', (further.json as { client_secret: string }).client_secret);

    await askJson(server, 'GET', '/v1/posts', token);
    await askJson(server, 'POST', '/v1/posts', token, { title: 'x' });
    await ask(server, '/verify?scope=posts:read', { headers: { Authorization: `Bearer ${token}` } });
    await askJson(server, 'GET', '/api/clients', invented('a wrong token', 'oct_'));
    await askJson(server, 'GET', '/v1/posts', invented('a malformed token', 'oct_!'));
    await ask(server, `/verify?scope=posts:read&access_token=${invented('the query of /verify', 'oct_')}`);
    await ask(server, `/v1/posts?token=${invented('the query of a page', 'oat_')}`);
    await ask(server, `/v1/posts/${invented('a path', 'oct_')}`, { method: 'DELETE' });
    await askJson(server, 'GET', `/api/clients/${invented('a path of the API')}`, owner);
    await ask(server, `/${invented('a path of nothing', 'sk_live_')}`);
    await ask(server, `/oauth/${invented('a path of the protocol', 'ort_')}`);
    await ask(server, '/healthz', { headers: { Cookie: `latchkey_session=${invented('a cookie', '')}` } });
    await ask(server, '/healthz', { headers: { 'X-Request-Id': invented('a request id', 'oct_') } });
    await ask(server, '/healthz', { headers: { 'User-Agent': invented('a user agent') } });
    await ask(server, '/healthz', { headers: { Referer: `https://a.example/?t=${invented('a referrer', 'oat_')}` } });
    const clientCredentials = { grant_type: 'client_credentials' };
    await askToken(server, { ...machine, clientSecret: invented('a wrong secret in Basic') }, clientCredentials);
    await askToken(server, { clientId: invented('a client id in Basic'), clientSecret: 'x' }, clientCredentials);
    await askToken(server, null, {
      ...clientCredentials,
      client_id: machine.clientId,
      client_secret: invented('a wrong secret in the body'),
    });
    await askToken(server, null, { ...clientCredentials, client_id: invented('a client id in the body') });
    await askToken(server, machine, { grant_type: invented('a grant type') });
    await askToken(server, machine, { ...clientCredentials, scope: invented('a scope') });
    await askToken(server, machine, { ...clientCredentials, resource: `https://a.example/${invented('a resource')}` });
    await askToken(server, machine, {
      grant_type: 'refresh_token',
      refresh_token: invented('a refresh token', 'ort_'),
    });
    await askToken(server, machine, {
      grant_type: 'authorization_code',
      code: invented('a code', ''),
      code_verifier: invented('a verifier', ''),
      redirect_uri: 'https://a.example/',
    });
    await ask(server, `/oauth/token?client_secret=${invented('the query of the token endpoint')}`, { method: 'POST' });
    await ask(server, '/oauth/userinfo', { headers: { Authorization: `Bearer ${invented('userinfo', 'oat_')}` } });
    for (const path of ['/oauth/introspect', '/oauth/revoke']) {
      const body = new URLSearchParams({ token: invented(`the body of ${path}`, 'oat_') });
      await ask(server, path, {
        method: 'POST',
        headers: { Authorization: `Basic ${btoa(`${machine.clientId}:${machine.clientSecret}`)}` },
        body,
      });
    }
    const signing = await registerSigningClient(server, owner, 'posts:read');
    const assertions = [
      await signing.sign(),
      await signing.sign({ aud: 'https://other.example' }),
      `x.${invented('an assertion', '')}.y`,
    ];
    for (const [index, assertion] of assertions.entries()) {
      secrets.set(`assertion ${index}`, assertion);
      await askToken(server, null, {
        ...clientCredentials,
        client_assertion: assertion,
        client_assertion_type: assertionType,
      });
    }
    await askJson(server, 'POST', '/api/clients', owner, `{"client_name": ${invented('broken JSON')}`);
    await askJson(server, 'POST', '/api/clients', owner, { client_name: 'x', [invented('a field name')]: 1 });
    await askJson(server, 'POST', '/api/clients', owner, { client_name: 'x', scope: invented('a scope of a client') });
    await askJson(server, 'POST', '/api/clients', owner, {
      client_name: `\0${invented('a name with a NUL')}`,
      grant_types: ['client_credentials'],
    });
    await askJson(server, 'GET', `/api/clients?cursor=${invented('a cursor', '')}`, owner);
    await ask(server, '/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email: 'admin@localhost', password: invented('a wrong password', '') }),
    });
    await ask(server, '/login', {
      method: 'POST',
      body: new URLSearchParams({ email: 'admin@localhost', password: invented('a wrong password in a form', '') }),
    });
    await askRaw(server, `GET /${invented('no HTTP')}\r\n\r\n`, 500);
    await askRaw(server, `GET / HTTP/1.1\r\nHost: x\r\n${invented('a header name')} : 1\r\n\r\n`, 500);
  }

  it('is there, in JSON lines with times, levels and request ids', () => {
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.length).to.be.above(40);
    for (const line of lines) {
      expect(line).to.include.keys('level', 'time', 'msg');
      expect(line.time).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    }
    const answered = lines.filter(({ msg }) => msg === 'answered');
    expect(answered.length).to.be.above(20);
    for (const line of answered) expect(line).to.include.keys('request_id', 'method', 'path', 'status', 'duration_ms');
  });

  it('holds no secret, from wherever it was sent, right or wrong', () => {
    expect(secrets.size).to.be.above(40);
    const leaked = [...secrets].filter(([, secret]) => {
      const body = secret.replace(/^[a-z]+_(?:live_)?!?/, '');
      return [secret, body, encodeURIComponent(secret), btoa(secret).replace(/=+$/, '')].some((form) =>
        stdout.includes(form),
      );
    });
    expect(leaked.map(([place]) => place)).to.deep.equal([]);
  });

  it('holds the administrator’s password neither, which is shown on the terminal once', () => {
    const password = /password: (\S+)/.exec(stderr)?.[1] ?? '';
    expect(password).to.have.length.of.at.least(12);
    expect(stdout).to.not.include(password);
  });

  it('reports no failure of the server’s own in all that', () => {
    const failures = stdout.split('\n').filter((line) => /"level":"(?:error|fatal)"/.test(line));
    expect(failures).to.deep.equal([]);
  });

  it('shows no line of a library: no NOTICE, no WARNING, no deprecation', () => {
    expect(`${stdout}${stderr}`).to.not.match(/NOTICE|WARNING|Deprecat|ExperimentalWarning|oidc-provider/i);
    expect(stderr.split('\n').filter((line) => /warn/i.test(line))).to.deep.equal([]);
  });

  it('keeps the names of settings that it warns of', () => {
    for (const line of stdout.split('\n').filter((text) => text.includes('"level":"warn"'))) {
      expect(line).to.not.include('[removed]');
    }
  });

  it('ends with a word when the server is told to stop, and the server with 0', async () => {
    child.kill('SIGTERM');
    await once(child, 'close');
    expect(child.exitCode).to.equal(0);
    expect(stdout.trim().split('\n').at(-1)).to.include('stopped');
  });
});
