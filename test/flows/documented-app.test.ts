import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { registerApp } from '../support/app-under-test.ts';
import { askJson } from '../support/ask.ts';
import { administrator, person } from '../support/person.ts';
import { commandLineToken, startServer, type TestServer } from '../support/start-server.ts';

const root = join(import.meta.dirname, '../..');

describe('the program that app developers are shown', function () {
  this.timeout(60_000);
  let server: TestServer;
  let owner: string;
  let folder: string;

  before(async () => {
    server = await startServer();
    owner = await commandLineToken(server);
    folder = await mkdtemp(join(tmpdir(), 'latchkey-app-'));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    const page = await readFile(join(root, 'docs/app-developers.md'), 'utf8');
    const program = /^```js\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? '';
    await writeFile(join(folder, 'app.mjs'), program);
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
    await server.stop();
  });

  function startProgram(clientId: string): ChildProcess {
    return spawn(process.execPath, ['app.mjs'], {
      cwd: folder,
      env: { ISSUER: server.issuer, CLIENT_ID: clientId },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  it('signs a person in, calls the API, refreshes, and gives its access back', async () => {
    const { clientId } = await registerApp(server, owner, {
      client_name: 'Reading list',
      redirect_uris: ['http://127.0.0.1/callback'],
      post_logout_redirect_uris: [],
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      scope: 'posts:read posts:write',
    });
    const program = startProgram(clientId);
    const ended = once(program, 'close');
    const lines: string[] = [];
    for await (const line of createInterface({ input: program.stdout ?? process.stdin })) {
      lines.push(line);
      const [, url] = /^Open this in your browser: (.+)$/.exec(line) ?? [];
      if (url === undefined) continue;
      const back = await person(server, administrator(server)).authorize(url, { untick: ['posts:write'] });
      expect(await (await fetch(back)).text()).to.include('Signed in');
    }
    await ended;
    expect(program.exitCode).to.equal(0);
    expect(lines[1]).to.equal('Signed in: admin@localhost. May: posts:read');
    expect(lines[2]).to.match(/^Posts: [1-9]/);
    expect(lines[3]).to.include('/oauth/logout?').and.to.include('id_token_hint=');
    const apps = await askJson(server, 'GET', '/api/apps', owner);
    expect(apps.text).to.include(clientId);
  });
});
