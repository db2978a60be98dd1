import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { dataFolderFacts } from '../../../src/config/data-folder-facts.ts';

describe('the data folder', () => {
  it('tells who may enter it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-folder-'));
    try {
      chmodSync(folder, 0o755);
      expect(dataFolderFacts(folder)).to.include({ path: folder, mode: 0o755 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('tells whether it is gone after a restart', function () {
    if (!existsSync('/dev/shm')) this.skip();
    expect(dataFolderFacts('/dev/shm').temporary).to.equal(true);
    expect(dataFolderFacts('/proc').temporary).to.equal(false);
  });
});
