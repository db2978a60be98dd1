import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { emptyFolder, runLatchkey, startStandIn } from './run-latchkey.ts';

const checkout = fileURLToPath(new URL('../../', import.meta.url));

describe('latchkey scopes check', () => {
  it('accepts the vocabulary of the checkout, without a server', async () => {
    const { code, stdout } = await runLatchkey(['scopes', 'check', '--json'], {}, checkout);
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.include({ file: 'scopes.yaml', valid: true });
  });

  it('reads the file that SCOPES_FILE names', async () => {
    const { code, stderr } = await runLatchkey(['scopes', 'check'], { SCOPES_FILE: 'absent.yaml' });
    expect(code).to.equal(78);
    expect(stderr).to.include('absent.yaml');
  });

  it('lists every fault and ends with 78', async () => {
    const folder = await emptyFolder();
    await writeFile(
      join(folder, 'bad.yaml'),
      'scopes:\n  Posts:read: { description: x }\n  openid: { description: y }\nroles: { owner: ["*"] }\ntiers: { free: { requests: unlimited } }\n',
    );
    const { code, stdout, stderr } = await runLatchkey(['scopes', 'check', 'bad.yaml'], {}, folder);
    expect(code).to.equal(78);
    expect(stdout).to.equal('');
    expect(stderr).to.include('Posts:read').and.to.include('openid');
  });
});

describe('latchkey scopes list', () => {
  it('reads a file without a server', async () => {
    const { code, stdout } = await runLatchkey(['scopes', 'list', '--file', 'scopes.yaml', '--json'], {}, checkout);
    expect(code).to.equal(0);
    const { scopes, defaults, roles } = JSON.parse(stdout);
    expect(scopes[0]).to.deep.include({ name: 'posts:read', default: true, protected: false, server: false });
    expect(defaults).to.deep.equal(['posts:read']);
    expect(roles.owner).to.deep.equal(['*']);
  });

  it('shows the vocabulary of the server as a table', async () => {
    const scopes = [
      { name: 'posts:read', description: 'Read blog posts', default: true, protected: false, server: false },
    ];
    await using server = await startStandIn(() => ({ status: 200, body: { scopes } }));
    const { stdout } = await runLatchkey(['scopes', 'list'], { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: 'x' });
    expect(server.seen[0]).to.include({ method: 'GET', path: '/api/scopes' });
    expect(stdout).to.match(
      /^SCOPE +DESCRIPTION +DEFAULT +PROTECTED +SERVER\nposts:read +Read blog posts +yes +no +no\n$/,
    );
  });
});
