import { expect } from 'chai';
import { ask } from '../support/ask.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { type Run, runLatchkey } from './run-latchkey.ts';

describe('latchkey key and latchkey token', function () {
  this.timeout(120_000);
  let server: TestServer;

  before(async () => {
    server = await startServer();
  });
  after(() => server.stop());

  /** With nothing but the file that the first start wrote. */
  const run = (...args: string[]): Promise<Run> => runLatchkey(args, { DATA_DIR: server.dataDir });
  const json = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await run(...args, '--json');
    expect(code, stderr).to.equal(0);
    expect(stderr).to.equal('');
    return JSON.parse(stdout);
  };
  const works = async (credential: unknown): Promise<boolean> =>
    (await ask(server, '/v1/posts', { headers: { Authorization: `Bearer ${credential}` } })).status === 200;
  const daysFromNow = (time: unknown): number => (Date.parse(String(time)) - Date.now()) / 86_400_000;

  describe('key create', () => {
    it('prints what the API answers', async () => {
      const flags = ['--name', 'Mobile app', '--scope', 'posts:read  posts:write', '--scope', 'posts:read'];
      const { id, key, created_at, hint, expires_at, ...rest } = await json(
        ...['key', 'create', ...flags, '--tier', 'pro', '--environment', 'test', '--expires-in', 'P30D'],
      );
      expect(key).to.match(/^sk_test_[0-9A-Za-z]{32}$/);
      expect(daysFromNow(expires_at)).to.be.within(29.9, 30.1);
      expect(rest).to.deep.equal({
        name: 'Mobile app',
        scopes: ['posts:read', 'posts:write'],
        workspace_id: 1,
        rate_limit_tier: 'pro',
        environment: 'test',
        created_by: 1,
        state: 'active',
        replaces: null,
        replaced_by: null,
        last_used_at: null,
        last_used_address: null,
      });
      expect(await works(key)).to.equal(true);
    });

    it('shows the key once on standard output, and the advice on standard error', async () => {
      const { code, stdout, stderr } = await run('key', 'create', '--name', 'x', '--scope', 'posts:read');
      expect(code).to.equal(0);
      expect(stdout.match(/sk_live_[0-9A-Za-z]{32}/g)).to.have.length(1);
      expect(stderr).to.include('not shown again').and.not.to.include('sk_live_');
    });

    it('makes a key of another workspace for an administrator', async () => {
      const { id } = await json('workspace', 'create', '--name', 'News desk');
      const key = await json('key', 'create', '--name', 'x', '--scope', 'posts:read', '--workspace', String(id));
      expect(key.workspace_id).to.equal(id);
      expect(await works(key.key)).to.equal(true);
      const { data } = await json('key', 'list', '--workspace', String(id));
      expect((data as { id: number }[]).map((one) => one.id)).to.deep.equal([key.id]);
    });

    it('says what is wrong, field by field', async () => {
      const refused = await run('key', 'create', '--name', 'x', '--scope', 'posts:fly', '--tier', 'gold');
      expect(refused.code).to.equal(1);
      expect(refused.stderr).to.include('scopes: ').and.to.include('rate_limit_tier: There is no such tier.');
    });
  });

  describe('key list, rotate, revoke', () => {
    it('list what there is, without any key', async () => {
      const made = await json('key', 'create', '--name', 'Listed', '--scope', 'posts:read');
      const { stdout } = await run('key', 'list');
      expect(stdout).to.match(/^ID +NAME +KEY +STATE +SCOPES +EXPIRES +LAST USED\n/);
      expect(stdout).to.match(
        new RegExp(`^${made.id} +Listed +${String(made.key).slice(0, 16)} +active +posts:read`, 'm'),
      );
      expect(stdout).to.not.match(/sk_(?:live|test)_[0-9A-Za-z]{9}/);
    });

    it('replace a key, with the grace that is wanted', async () => {
      const old = await json('key', 'create', '--name', 'Old', '--scope', 'posts:read');
      const next = await json('key', 'rotate', String(old.id), '--grace', 'PT1H');
      const { id, expires_at } = next.replaces as Record<string, unknown>;
      expect(id).to.equal(old.id);
      expect(daysFromNow(expires_at) * 24).to.be.within(0.9, 1.1);
      expect([await works(old.key), await works(next.key)]).to.deep.equal([true, true]);
      const again = await run('key', 'rotate', String(old.id));
      expect([again.code, again.stdout]).to.deep.equal([1, '']);
      expect(again.stderr).to.include('being replaced already');
      const leaked = await json('key', 'create', '--name', 'Leaked', '--scope', 'posts:read');
      await json('key', 'rotate', String(leaked.id), '--grace', 'PT0S');
      expect(await works(leaked.key)).to.equal(false);
    });

    it('end a live key only when somebody means it, a test key at once', async () => {
      const live = await json('key', 'create', '--name', 'Fünf & mehr', '--scope', 'posts:read');
      const asked = await run('key', 'revoke', String(live.id));
      expect(asked.code).to.equal(2);
      expect(await works(live.key)).to.equal(true);
      expect(await json('key', 'revoke', String(live.id), '--yes')).to.deep.equal({ id: live.id, revoked: true });
      expect(await works(live.key)).to.equal(false);
      const test = await json('key', 'create', '--name', 'x', '--scope', 'posts:read', '--environment', 'test');
      const ended = await run('key', 'revoke', String(test.id));
      expect([ended.code, ended.stdout]).to.deep.equal([0, `Ended key ${test.id}.\n`]);
      expect((await run('key', 'revoke', String(test.id), '--yes')).code).to.equal(1);
    });
  });

  describe('token create, list, revoke', () => {
    it('make, show and end a token of the person behind the credential', async () => {
      const plain = await json('token', 'create', '--name', 'laptop');
      expect(plain.scopes).to.deep.equal(['posts:read']);
      expect(daysFromNow(plain.expires_at)).to.be.within(364, 367);
      const made = await json('token', 'create', '--name', 'ci', '--scope', 'posts:write', '--expires-in', 'P90D');
      expect(made.token).to.match(new RegExp(`^${made.id}\\|lkp_[0-9A-Za-z]{46}$`));
      expect(made.scopes).to.deep.equal(['posts:write']);
      expect(daysFromNow(made.expires_at)).to.be.within(89.9, 90.1);
      const { stdout } = await run('token', 'list');
      expect(stdout).to.match(new RegExp(`^${made.id} +ci +${made.hint} +active +posts:write`, 'm'));
      expect(stdout).to.not.include('lkp_');
      expect(await json('token', 'revoke', String(made.id))).to.deep.equal({ id: made.id, revoked: true });
      expect((await run('token', 'revoke', String(made.id))).code).to.equal(1);
    });
  });

  for (const args of [
    ['key', 'create', '--name', 'x'],
    ['key', 'create', '--scope', 'posts:read'],
    ['key', 'create', '--name', 'x', '--scope', 'posts:read', '--expires-in', 'soon'],
    ['key', 'create', '--name', 'x', '--scope', 'posts:read', '--workspace', 'main'],
    ['key', 'rotate', '1', '--grace', '3600'],
    ['key', 'rotate', '../clients'],
    ['key', 'revoke', '0'],
    ['token', 'create'],
    ['token', 'revoke', '1e3'],
  ]) {
    it(`ends "${args.join(' ')}" with 2, and asks no server`, async () => {
      const { code, stdout } = await runLatchkey(args, { LATCHKEY_TOKEN: 'sk_test_x', PORT: '9' });
      expect([code, stdout]).to.deep.equal([2, '']);
    });
  }
});
