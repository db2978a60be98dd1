import { execFileSync } from 'node:child_process';
import { platform } from 'node:os';
import { expect } from 'chai';

/** Prints how nice the threads are before and after, in a process of its own: no thread can be moved back. */
const PROGRAM = `
  import { readdirSync, readFileSync } from 'node:fs';
  import { readFile } from 'node:fs/promises';
  import { lowerHashingPriority } from './src/composition/lower-hashing-priority.ts';
  const niceOf = (name) => readdirSync('/proc/self/task').filter((task) =>
    readFileSync('/proc/self/task/' + task + '/comm', 'utf8').startsWith(name)).map((task) =>
    Number(readFileSync('/proc/self/task/' + task + '/stat', 'utf8').split(') ')[1].split(' ')[16]));
  await readFile('package.json');
  const moved = lowerHashingPriority();
  console.log(JSON.stringify({ moved, hashing: niceOf('libuv-worker'), main: niceOf(readFileSync('/proc/self/comm', 'utf8').trim()) }));`;

describe('the threads that hash passwords', () => {
  it('stand behind the one that answers requests', function () {
    if (platform() !== 'linux') return this.skip();
    const root = new URL('../../../', import.meta.url);
    const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', PROGRAM], { cwd: root });
    const { moved, hashing, main } = JSON.parse(printed.toString('utf8'));
    expect(moved).to.be.at.least(1);
    expect(hashing).to.have.length(moved);
    expect(new Set(hashing)).to.deep.equal(new Set([Math.min(main[0] + 10, 19)]));
  });
});
