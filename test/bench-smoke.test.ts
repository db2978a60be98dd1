import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';

const MAIN = new URL('../bench/main.ts', import.meta.url).pathname;

/** One line of the results, as far as it is looked at here. */
interface Line {
  readonly name: string;
  readonly slices: readonly { readonly perSecond: number; readonly ratio: number }[];
  readonly voided: readonly unknown[];
}

describe('the bench', () => {
  let results: string;

  before(async () => {
    results = await mkdtemp(join(tmpdir(), 'latchkey-bench-'));
  });
  after(() => rm(results, { recursive: true, force: true }));

  it('measures right answers of a server of its own beside its yardsticks, and writes down what it found', async function () {
    this.timeout(120_000);
    const parameters = [MAIN, '--smoke', '--results', results];
    const { stdout } = await promisify(execFile)(process.execPath, parameters, { maxBuffer: 1e7 });
    expect(stdout).to.match(/^\| case \|/);
    const { measured } = JSON.parse(await readFile(join(results, 'latest.json'), 'utf8')) as { measured: Line[] };
    expect(measured.map(({ name }) => name)).to.include.members(['verify API key', 'oauth/introspect']);
    for (const { name, slices, voided } of measured) {
      expect(slices.length + voided.length, name).to.equal(1);
      expect(stdout).to.include(`| ${name} |`);
      for (const { perSecond, ratio } of slices) {
        expect(perSecond, name).to.be.greaterThan(0);
        expect(ratio, name).to.be.greaterThan(0);
      }
    }
    expect(await readFile(join(results, 'latest.svg'), 'utf8')).to.match(/^<svg /);
  });
});
