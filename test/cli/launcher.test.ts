import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { emptyFolder, launcherPath, runLatchkey } from './run-latchkey.ts';

/** Makes this very Node say that it is an older one, to the launcher only: its child is not started with this flag. */
const pretend = (version: string): string[] => [
  '--import',
  `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`,
];

const mainFile = `
export async function main(argv: readonly string[], { version }: { version: string }): Promise<number> {
  if (argv[0] === 'wait') {
    // Ends by itself when no signal comes, so that a broken launcher leaves nothing behind.
    const alone = setTimeout(() => process.exit(9), 8000);
    const ended = new Promise<number>((resolve) => process.once('SIGTERM', () => { clearTimeout(alone); resolve(7); }));
    console.log('ready');
    return ended;
  }
  if (argv[0] === 'die') process.kill(process.pid, 'SIGKILL');
  console.log(JSON.stringify({ argv, version, node: process.versions.node, from: import.meta.url }));
  return 3;
}
`;

const platformPackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

interface HouseOptions {
  readonly packagedNode?: string;
  readonly built?: boolean;
}

/** A checkout in small: the real launcher, a main of its own, and perhaps the platform's Node package. */
async function house({ packagedNode, built }: HouseOptions = {}): Promise<string> {
  const root = await emptyFolder();
  for (const folder of ['bin', 'src/cli', ...(built ? ['dist/src/cli'] : [])])
    await mkdir(join(root, folder), { recursive: true });
  await copyFile(launcherPath, join(root, 'bin/latchkey.js'));
  await writeFile(join(root, 'package.json'), JSON.stringify({ type: 'module', version: '9.8.7' }));
  await writeFile(join(root, 'src/cli/main.ts'), mainFile);
  if (built)
    await writeFile(
      join(root, 'dist/src/cli/main.js'),
      'export const main = async () => { console.log("built"); return 0; };',
    );
  if (packagedNode !== undefined) {
    const folder = join(root, 'node_modules', platformPackage);
    await mkdir(join(folder, 'bin'), { recursive: true });
    await writeFile(join(folder, 'package.json'), JSON.stringify({ version: packagedNode }));
    await symlink(process.execPath, join(folder, 'bin/node'));
  }
  return join(root, 'bin/latchkey.js');
}

interface Ending {
  readonly code: unknown;
  readonly signal: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[]): {
  child: ChildProcess;
  ending: Promise<Ending>;
  firstOutput: Promise<unknown>;
} {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const firstOutput = once(child.stdout, 'data');
  const ending = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([stdout, stderr, [code, signal]]) => ({ code, signal, stdout, stderr }),
  );
  // Settles with an error when the process ends without a word; only who awaits it cares.
  firstOutput.catch(() => undefined);
  return { child, ending, firstOutput };
}

describe('bin/latchkey.js', () => {
  for (const version of ['20.20.2', '18.0.0', '22.17.1', '23.5.0']) {
    it(`runs itself again with the packaged Node when started by Node ${version}, arguments and exit code kept`, async () => {
      const launcher = await house({ packagedNode: '24.1.0' });
      const { code, stdout, stderr } = await start([...pretend(version), launcher, 'a b', '--c="d"']).ending;
      expect(stderr).to.equal('');
      expect(code).to.equal(3);
      expect(JSON.parse(stdout)).to.include({ version: '9.8.7', node: process.versions.node });
      expect(JSON.parse(stdout).argv).to.deep.equal(['a b', '--c="d"']);
    });
  }

  for (const version of ['22.18.0', '23.6.0', '24.0.0', '26.1.0']) {
    it(`stays with Node ${version}`, async () => {
      const { code, stdout } = await start([...pretend(version), await house(), 'x']).ending;
      expect(code).to.equal(3);
      expect(JSON.parse(stdout).node).to.equal(version);
    });
  }

  it('passes SIGTERM on and waits for the end', async () => {
    const launcher = await house({ packagedNode: '24.1.0' });
    const { child, ending, firstOutput } = start([...pretend('20.0.0'), launcher, 'wait']);
    await firstOutput;
    child.kill('SIGTERM');
    expect(await ending).to.include({ code: 7, signal: null });
  });

  it('ends by the signal that ended the packaged Node', async () => {
    const launcher = await house({ packagedNode: '24.1.0' });
    expect(await start([...pretend('20.0.0'), launcher, 'die']).ending).to.include({ code: null, signal: 'SIGKILL' });
  });

  it('asks for Node 22.18 in one sentence, exit 78, when there is no packaged Node or only an old one', async () => {
    for (const options of [{}, { packagedNode: '20.0.0' }]) {
      const { code, stdout, stderr } = await start([...pretend('20.0.0'), await house(options), 'x']).ending;
      expect(code).to.equal(78);
      expect(stdout).to.equal('');
      expect(stderr).to.match(/^Latchkey needs Node\.js 22\.18 or later, and this is 20\.0\.0: .+\n$/);
    }
  });

  it('takes the built files where they exist', async () => {
    expect(await start([await house({ built: true })]).ending).to.include({ code: 0, stdout: 'built\n' });
  });

  it('works through a symbolic link, as npm installs it', async () => {
    const link = join(await emptyFolder(), 'latchkey');
    await symlink(launcherPath, link);
    expect((await start([link, '--version']).ending).stdout).to.equal((await runLatchkey(['--version'])).stdout);
  });

  it('works when started by an older Node of this machine', async function () {
    const old = (process.env.PATH ?? '')
      .split(delimiter)
      .map((folder) => join(folder, 'node'))
      .find((path) => {
        try {
          return /^v(18|20)\./.test(
            execFileSync(path, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
          );
        } catch {
          return false;
        }
      });
    if (old === undefined) return this.skip();
    const stdout = execFileSync(old, [launcherPath, '--version'], { encoding: 'utf8' });
    expect(stdout).to.equal((await runLatchkey(['--version'])).stdout);
  });
});
