import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { loadSecretKeys, secretKeyFacts } from '../../../src/config/secret-keys-file.ts';
import { estimatedBits } from '../../../src/config/secret-strength.ts';
import { ConfigurationError } from '../../../src/core/errors.ts';
import { randomSecretKey } from '../../../src/crypto/random-token.ts';

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults[0]?.code;
    throw error;
  }
}

describe('secret keys', () => {
  let folder: string;
  let dataDir: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-secrets-'));
    dataDir = join(folder, 'data');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('come from SECRET_KEYS when it is set, and nothing is written', () => {
    expect(loadSecretKeys({ secretKeys: ['one', 'two'], dataDir }, randomSecretKey)).to.deep.equal(['one', 'two']);
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('are drawn once into a file that only its owner reads', () => {
    const keys = loadSecretKeys({ secretKeys: undefined, dataDir }, randomSecretKey);
    expect(keys).to.have.length(1);
    expect(Buffer.from(keys[0], 'base64url')).to.have.length(32);
    expect(estimatedBits(keys[0])).to.be.above(200);
    expect(statSync(join(dataDir, 'secret-keys')).mode & 0o777).to.equal(0o600);
    expect(statSync(dataDir).mode & 0o777).to.equal(0o700);
    expect(readdirSync(dataDir)).to.deep.equal(['secret-keys']);
    expect(loadSecretKeys({ secretKeys: undefined, dataDir }, randomSecretKey)).to.deep.equal(keys);
    expect(secretKeyFacts({ secretKeys: undefined }, keys)).to.deep.equal([{ text: keys[0], source: 'file' }]);
  });

  it('may be several in the file, the current one first', () => {
    loadSecretKeys({ secretKeys: undefined, dataDir }, randomSecretKey);
    writeFileSync(join(dataDir, 'secret-keys'), 'new\nold,older\n');
    expect(loadSecretKeys({ secretKeys: undefined, dataDir }, randomSecretKey)).to.deep.equal(['new', 'old', 'older']);
  });

  it('are refused from a file that others may read, or that is empty', () => {
    loadSecretKeys({ secretKeys: undefined, dataDir }, randomSecretKey);
    for (const mode of [0o640, 0o604, 0o620]) {
      chmodSync(join(dataDir, 'secret-keys'), mode);
      expect(codeOf(() => loadSecretKeys({ secretKeys: undefined, dataDir }, randomSecretKey))).to.equal(
        'SECRET_KEYS_FILE_READABLE',
      );
    }
    chmodSync(join(dataDir, 'secret-keys'), 0o600);
    writeFileSync(join(dataDir, 'secret-keys'), '\n');
    expect(codeOf(() => loadSecretKeys({ secretKeys: undefined, dataDir }, randomSecretKey))).to.equal(
      'SECRET_KEYS_FILE_EMPTY',
    );
  });

  it('are refused with a sentence where the data folder can not be made', () => {
    writeFileSync(join(folder, 'data'), '');
    expect(codeOf(() => loadSecretKeys({ secretKeys: undefined, dataDir }, randomSecretKey))).to.match(
      /^SECRET_KEYS_FILE_UNREADABLE$|^DATA_FOLDER_UNWRITABLE$/,
    );
  });

  it('are the same for processes that start at the same moment', async () => {
    const module = (name: string) => new URL(`../../../src/${name}.ts`, import.meta.url).href;
    const script = `const m = await import(${JSON.stringify(module('config/secret-keys-file'))});
      const r = await import(${JSON.stringify(module('crypto/random-token'))});
      const start = Number(process.argv[1]); while (Date.now() < start);
      process.stdout.write(m.loadSecretKeys({ secretKeys: undefined, dataDir: process.argv[2] }, r.randomSecretKey)[0]);`;
    const start = String(Date.now() + 1500);
    const children = Array.from({ length: 4 }, () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, start, dataDir]),
    );
    const keys = (await Promise.all(children)).map((child) => child.stdout);
    expect(new Set(keys).size).to.equal(1);
    expect(keys[0]).to.have.length(43);
    expect(readdirSync(dataDir)).to.deep.equal(['secret-keys']);
  }).timeout(20_000);
});
