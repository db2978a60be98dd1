import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { emptyFolder, runLatchkey, startStandIn } from './run-latchkey.ts';

const token = 'sk_test_0123456789abcdefghijklmnopqrstuv';
const created = { client_id: 'abc', client_secret: 'ocs_shown_once', client_name: 'Import', scope: 'posts:read' };

describe('latchkey client create', () => {
  it('sends every flag by its RFC 7591 name', async () => {
    await using server = await startStandIn(() => ({ status: 201, body: created }));
    const flags = [
      ...['--name', 'Import', '--grant', 'authorization_code', '--grant', 'client_credentials'],
      ...['--redirect-uri', 'https://a.example/cb', '--redirect-uri', 'https://b.example/cb'],
      ...['--scope', 'posts:read  posts:write', '--scope', 'posts:read analytics:read'],
      ...[
        '--post-logout-redirect-uri',
        'https://a.example/bye',
        '--public',
        '--first-party',
        '--native',
        '--resource-server',
      ],
    ];
    const { code } = await runLatchkey(['client', 'create', ...flags], {
      LATCHKEY_URL: server.url,
      LATCHKEY_TOKEN: token,
    });
    expect(code).to.equal(0);
    expect(server.seen[0]).to.include({ method: 'POST', path: '/api/clients' });
    expect(server.seen[0]?.headers['content-type']).to.equal('application/json');
    expect(JSON.parse(server.seen[0]?.body ?? '')).to.deep.equal({
      client_name: 'Import',
      grant_types: ['authorization_code', 'client_credentials'],
      redirect_uris: ['https://a.example/cb', 'https://b.example/cb'],
      post_logout_redirect_uris: ['https://a.example/bye'],
      scope: 'posts:read posts:write analytics:read',
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      first_party: true,
      resource_server: true,
    });
  });

  it('leaves to the server what was not given', async () => {
    await using server = await startStandIn(() => ({ status: 201, body: created }));
    await runLatchkey(['client', 'create', '--name', 'Import'], { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: token });
    expect(JSON.parse(server.seen[0]?.body ?? '')).to.deep.equal({ client_name: 'Import' });
  });

  it('prints exactly the answer of the API with --json, and nothing else', async () => {
    await using server = await startStandIn(() => ({ status: 201, body: created }));
    const env = { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: token };
    const { code, stdout, stderr } = await runLatchkey(['client', 'create', '--name', 'Import', '--json'], env);
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.deep.equal(created);
    expect(stderr).to.equal('');
  });

  it('prints the secret once on standard output and the advice on standard error', async () => {
    await using server = await startStandIn(() => ({ status: 201, body: created }));
    const env = { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: token };
    const { stdout, stderr } = await runLatchkey(['client', 'create', '--name', 'Import'], env);
    expect(stdout.split('ocs_shown_once')).to.have.length(2);
    expect(stderr).to.include('not shown again').and.not.to.include('ocs_shown_once');
  });

  it('sends the public keys of --jwks', async () => {
    await using server = await startStandIn(() => ({ status: 201, body: { client_id: 'abc' } }));
    const folder = await emptyFolder();
    const keys = [{ kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ' }];
    await writeFile(join(folder, 'keys.json'), JSON.stringify({ keys }));
    const env = { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: token };
    const { code } = await runLatchkey(['client', 'create', '--name', 'x', '--jwks', 'keys.json'], env, folder);
    expect(code).to.equal(0);
    expect(JSON.parse(server.seen[0]?.body ?? '')).to.deep.include({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys },
    });
  });

  it('never sends a private key', async () => {
    await using server = await startStandIn(() => ({ status: 201, body: created }));
    const folder = await emptyFolder();
    const env = { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: token };
    for (const key of [
      { kty: 'EC', d: 'cHJpdmF0ZQ' },
      { kty: 'oct', k: 'cHJpdmF0ZQ' },
    ]) {
      await writeFile(join(folder, 'keys.json'), JSON.stringify({ keys: [key] }));
      const { code, stderr } = await runLatchkey(
        ['client', 'create', '--name', 'x', '--jwks', 'keys.json'],
        env,
        folder,
      );
      expect(code).to.equal(2);
      expect(stderr).to.include('private key').and.not.to.include('cHJpdmF0ZQ');
    }
    expect(server.seen).to.have.length(0);
  });
});

describe('latchkey client list', () => {
  it('follows the cursor to the end', async () => {
    await using server = await startStandIn(({ path }) =>
      path.includes('cursor=')
        ? { status: 200, body: { data: [{ client_id: 'two' }], next: null } }
        : { status: 200, body: { data: [{ client_id: 'one' }], next: 'a/b=' } },
    );
    const env = { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: token };
    const { stdout } = await runLatchkey(['client', 'list', '--json'], env);
    expect(JSON.parse(stdout)).to.deep.equal({ data: [{ client_id: 'one' }, { client_id: 'two' }], next: null });
    expect(server.seen[1]?.path).to.include('cursor=a%2Fb%3D');
  });

  it('prints a table whose cells can not steer the terminal', async () => {
    const body = {
      data: [{ client_id: 'one', client_name: 'Nice\u001b]0;x\u0007', grant_types: [], scope: null }],
      next: null,
    };
    await using server = await startStandIn(() => ({ status: 200, body }));
    const { stdout } = await runLatchkey(['client', 'list'], { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: token });
    expect(stdout).to.match(/^CLIENT_ID {2}NAME +GRANTS {2}SCOPE\none +Nice�\]0;x� +- +-\n$/);
  });
});

describe('latchkey client show, delete, add-secret', () => {
  it('ask for the client by its id', async () => {
    await using server = await startStandIn(({ method }) =>
      method === 'DELETE'
        ? { status: 204 }
        : { status: 200, body: { id: 3, client_secret: 'ocs_two', expires_at: null } },
    );
    const env = { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: token };
    const shown = await runLatchkey(['client', 'show', 'abc', '--json'], env);
    const added = await runLatchkey(['client', 'add-secret', 'abc', '--json'], env);
    const deleted = await runLatchkey(['client', 'delete', 'abc', '--yes', '--json'], env);
    expect([shown.code, added.code, deleted.code]).to.deep.equal([0, 0, 0]);
    expect(JSON.parse(added.stdout)).to.deep.equal({ id: 3, client_secret: 'ocs_two', expires_at: null });
    expect(JSON.parse(deleted.stdout)).to.deep.equal({ client_id: 'abc', deleted: true });
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).to.deep.equal([
      'GET /api/clients/abc',
      'POST /api/clients/abc/secrets',
      'DELETE /api/clients/abc',
    ]);
  });

  it('delete nothing when nobody can confirm it', async () => {
    await using server = await startStandIn(() => ({ status: 204 }));
    const env = { LATCHKEY_URL: server.url, LATCHKEY_TOKEN: token };
    const { code } = await runLatchkey(['client', 'delete', 'abc'], env);
    expect(code).to.equal(2);
    expect(server.seen).to.have.length(0);
  });
});
