import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { askJson } from '../support/ask.ts';
import { commandLineToken, startAnew, type TestServer } from '../support/start-server.ts';

const run = promisify(execFile);

describe('what the first start shows', function () {
  this.timeout(60_000);
  let server: TestServer;
  let lines: readonly string[];

  before(async () => {
    server = await startAnew();
    lines = (server.welcome ?? '').split('\n');
  });
  after(() => server.stop());

  it('has four commands, one for each kind of credential, and each of them reads the posts when pasted', async () => {
    const commands = lines.filter((line) => line.startsWith('curl '));
    expect(commands).to.have.length(4);
    for (const [index, kind] of ['client_credentials', 'lkp_', 'sk_live_', '/login'].entries()) {
      expect(commands[index]).to.include(kind);
      const { stdout } = await run('sh', ['-c', commands[index] ?? ''], { timeout: 20_000 });
      expect((JSON.parse(stdout) as { data: unknown[] }).data, kind).to.have.length(2);
    }
  });

  it('ends two lines with the address and the password of the administrator', () => {
    expect(lines.filter((line) => /^ *e-mail: admin@localhost$/.test(line))).to.have.length(1);
    expect(lines.filter((line) => /^ *password: \S{20}$/.test(line))).to.have.length(1);
  });

  it('leaves the command line of this machine a token that may do everything and never ends', async () => {
    const me = await askJson(server, 'GET', '/api/me', await commandLineToken(server));
    expect((me.json as Record<string, unknown>).credential).to.deep.include({
      type: 'personal_access_token',
      name: 'Command line',
      expires_at: null,
      workspace_id: 1,
    });
    expect((await stat(join(server.dataDir, 'cli.json'))).mode & 0o777).to.equal(0o600);
  });
});
