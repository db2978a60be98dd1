import { spawn, spawnSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type FormBrowser, formBrowser } from '../pages/support/form-browser.ts';
import { newPerson } from '../support/app-under-test.ts';
import { askJson, ownerToken } from '../support/ask.ts';
import type { Person } from '../support/person.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const PROGRAMS = ['shell', 'javascript', 'python'] as const;
type Program = (typeof PROGRAMS)[number];
const NEEDS: Readonly<Record<Program, string>> = { shell: 'curl', javascript: 'node', python: 'python3' };

/** What the pages show is what developers copy, so this is what runs here: the text of the page, not of a function. */
describe('the programs on the page of an app', function () {
  this.timeout(30_000);
  let server: TestServer;
  let owner: string;
  let developer: FormBrowser;
  let ada: Person;
  let folder: string;

  before(async () => {
    server = await startServer();
    owner = await ownerToken(server);
    ada = await newPerson(server, owner, { role: 'owner' });
    developer = formBrowser(server.url);
    await developer.submit('/login', '/login', { email: ada.email, password: ada.password });
    folder = await mkdtemp(join(tmpdir(), 'latchkey-test-'));
    // As if its one package had been installed there.
    await symlink(new URL('../../node_modules', import.meta.url), join(folder, 'node_modules'));
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function registered(settings: object): Promise<{ id: string; secret: string }> {
    const answer = await askJson(server, 'POST', '/api/clients', owner, {
      client_name: 'Program',
      scope: 'posts:read posts:write',
      ...settings,
    });
    expect(answer.status, answer.text).to.equal(201);
    const { client_id: id = '', client_secret: secret = '' } = answer.json as Record<string, string>;
    return { id, secret };
  }

  async function programOf({ id, secret }: { id: string; secret: string }, program: Program): Promise<string> {
    const { text } = await developer.get(`/clients/${id}`);
    const shown = new RegExp(`<pre[^>]* id="code-${program}"[^>]*>([^<]*)</pre>`).exec(text)?.[1];
    if (shown === undefined) throw new Error(`no ${program} on the page`);
    return unescaped(shown).replace('paste the secret here', secret);
  }

  /** Runs a program; at the question it gets the address that the browser ended at. */
  async function run(program: Program, code: string, secret: string): Promise<string> {
    const file = { shell: 'app.sh', javascript: 'app.mjs', python: 'app.py' }[program];
    await writeFile(join(folder, file), code);
    const child = spawn({ shell: 'sh', javascript: process.execPath, python: 'python3' }[program], [file], {
      cwd: folder,
      env: { PATH: process.env.PATH, PYTHONUNBUFFERED: '1', ...(secret !== '' && { CLIENT_SECRET: secret }) },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let output = '';
    let answered = false;
    const errors: string[] = [];
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const question = /Open this in your browser: (\S+)[\s\S]*Paste the address/.exec(output)?.[1];
      if (question === undefined || answered) return;
      answered = true;
      void ada.authorize(question).then(
        (at) => child.stdin.end(`${at.href}\n`),
        (error: unknown) => {
          errors.push(String(error));
          child.kill();
        },
      );
    });
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(status, `${output}\n${errors.join('')}`).to.equal(0);
    return output;
  }

  const kinds: Readonly<Record<string, object>> = {
    'a web app': { redirect_uris: ['https://app.example/cb'] },
    'an app on a device': { redirect_uris: ['http://127.0.0.1/callback'], token_endpoint_auth_method: 'none' },
    'a machine': { grant_types: ['client_credentials'] },
    'a machine that sends its secret in the body': {
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_post',
      scope: 'posts:*',
    },
  };
  for (const [kind, settings] of Object.entries(kinds)) {
    for (const program of PROGRAMS) {
      it(`run as they stand: ${program} for ${kind}`, async function () {
        if (!has(NEEDS[program])) return this.skip();
        const app = await registered(settings);
        const output = await run(program, await programOf(app, program), program === 'shell' ? '' : app.secret);
        // What `/api/me` says about the token: who it is for, and that the server took it.
        if (kind.startsWith('a machine'))
          expect(output)
            .to.include(app.id)
            .and.match(/oauth_client_token/);
        else expect(output).to.match(/oauth_access_token/);
        expect(output).to.include('posts:read');
      });
    }
  }

  for (const program of ['shell', 'python'] as const) {
    it(`survive a redirect URI that a shell would read: ${program}`, async function () {
      if (!has(NEEDS[program])) return this.skip();
      const app = await registered({ redirect_uris: [`https://app.example/cb?it='s&x=$HOME&y="$(id)"&z={}`] });
      const output = await run(program, await programOf(app, program), program === 'shell' ? '' : app.secret);
      expect(output).to.match(/oauth_access_token/);
      expect((await developer.get(`/clients/${app.id}`)).text).to.include('This library needs another redirect URI');
    });
  }

  it('are not shown to a machine that may do nothing, which could not even get a token', async () => {
    const app = await registered({ grant_types: ['client_credentials'], scope: '' });
    const { text } = await developer.get(`/clients/${app.id}`);
    expect(text).to.not.include('code-shell');
    expect(text).to.include('may do nothing yet');
  });

  for (const [name, [type, options]] of Object.entries({
    EC: ['ec', { namedCurve: 'P-256' }],
    Ed25519: ['ed25519', {}],
  } as const)) {
    it(`sign with a private key (${name}), by the library alone`, async () => {
      const { privateKey, publicKey } = generateKeyPairSync(type as 'ec', options as { namedCurve: string });
      const app = await registered({
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [publicKey.export({ format: 'jwk' })] },
      });
      const pem = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
      await writeFile(join(folder, 'private-key.pem'), pem.export({ type: 'pkcs8', format: 'pem' }));
      expect(await run('javascript', await programOf(app, 'javascript'), '')).to.include(app.id);
      expect((await developer.get(`/clients/${app.id}`)).text)
        .to.not.include('code-shell')
        .and.not.include('code-python');
    });
  }
});

function unescaped(html: string): string {
  const characters: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' };
  return html.replaceAll(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => characters[name] ?? '');
}
