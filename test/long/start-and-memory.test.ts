import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { freePort } from '../support/free-port.ts';
import { startServerProcess } from '../support/server-process.ts';

describe('starting the server', () => {
  let parent: string;

  before(async () => {
    parent = await realpath(await mkdtemp(join(tmpdir(), 'latchkey-start-')));
    await chmod(parent, 0o711);
  });
  after(() => rm(parent, { recursive: true, force: true }));

  it('is ready within 5 s the first time and 2 s later, in less than 150 MB', async () => {
    const dataDir = join(parent, 'data');
    const port = await freePort();
    const first = await startServerProcess(port, dataDir);
    const firstBytes = await first.residentBytes();
    first.kill('SIGTERM');
    expect(await first.ended()).to.equal(0);
    const later = await startServerProcess(port, dataDir);
    const laterBytes = await later.residentBytes();
    later.kill('SIGTERM');
    expect(await later.ended()).to.equal(0);
    console.log(
      `      first ${Math.round(first.readyMs)} ms, ${Math.round(firstBytes / 1e6)} MB; later ${Math.round(later.readyMs)} ms, ${Math.round(laterBytes / 1e6)} MB`,
    );
    expect(first.readyMs).to.be.lessThan(5000);
    expect(later.readyMs).to.be.lessThan(2000);
    expect(laterBytes).to.be.lessThan(150e6);
  });
});
