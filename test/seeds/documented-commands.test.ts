import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { administrator } from '../support/person.ts';
import { startServer } from '../support/start-server.ts';

const page = new URL('../../docs/from-sanctum.md', import.meta.url);

describe('the page for people who come from Sanctum', () => {
  it('shows commands that run as they stand', async () => {
    const text = await readFile(page, 'utf8');
    const commands = /```sh\n([\s\S]*?)\n```/.exec(text)?.[1] ?? '';
    expect(commands).to.include('curl');
    const server = await startServer();
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-test-'));
    const { email, password } = administrator(server);
    try {
      const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', commands], {
        cwd: folder,
        env: { PATH: process.env.PATH, LATCHKEY: server.url, EMAIL: email, PASSWORD: password },
      });
      expect(stdout).to.include('"type":"personal_access_token"').and.include('"name":"mobile-app"');
      expect(stdout.match(/Hello, world/g)).to.have.length(2);
    } finally {
      await rm(folder, { recursive: true, force: true });
      await server.stop();
    }
  });
});
