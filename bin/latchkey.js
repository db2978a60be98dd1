#!/usr/bin/env node
// Starts the command line: the built files where they exist (the published package), else the sources, which Node runs
// as they are. Written in plain JavaScript that old versions of Node understand, because its first task is to notice one.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const EXIT_CONFIGURATION = 78;
const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Type stripping needs no flag from 22.18 and from 23.6 on. */
function runsTypeScript(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major === 22) return minor >= 18;
  if (major === 23) return minor >= 6;
  return major > 23;
}

function fail(reason) {
  process.stderr.write(
    `Latchkey needs Node.js 22.18 or later, and this is ${process.versions.node}${reason}: install Node.js 24 from https://nodejs.org.\n`,
  );
  process.exitCode = EXIT_CONFIGURATION;
}

/** The `node` binary that npm installed beside us for this platform, or null. */
function packagedNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${platform}-${process.arch}/package.json`);
    if (!runsTypeScript(JSON.parse(readFileSync(manifest, 'utf8')).version)) return null;
    const binary = join(dirname(manifest), 'bin', platform === 'win' ? 'node.exe' : 'node');
    return existsSync(binary) ? binary : null;
  } catch {
    return null;
  }
}

/** Becomes the newer Node as far as a parent process can: same stdio, signals passed on, same end. */
function runWith(binary) {
  const child = spawn(binary, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl-C and Ctrl-\ to parent and child alike; passed on, the child would get them twice, and a
  // second signal means "do not wait" to the server.
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const handlers = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR2'].map((signal) => {
    const handler = () => {
      if (!(onTerminal && (signal === 'SIGINT' || signal === 'SIGQUIT'))) child.kill(signal);
    };
    process.on(signal, handler);
    return [signal, handler];
  });
  child.on('error', () => fail(' (the one that npm installed does not run on this system)'));
  child.on('exit', (code, signal) => {
    for (const [name, handler] of handlers) process.off(name, handler);
    if (signal === null) process.exitCode = code;
    else process.kill(process.pid, signal);
  });
}

async function runHere() {
  const built = join(root, 'dist', 'src', 'cli', 'main.js');
  const [folder, ending] = existsSync(built) ? ['dist/src', 'js'] : ['src', 'ts'];
  const load = (name) => import(pathToFileURL(join(root, folder, `${name}.${ending}`)).href);
  const { main } = await load('cli/main');
  process.exitCode = await main(process.argv.slice(2), {
    version: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
    loadMaintenance: async () => ({
      ...(await load('composition/run-server')),
      ...(await load('composition/open-for-maintenance')),
    }),
  });
}

if (runsTypeScript(process.versions.node)) {
  await runHere();
} else {
  const binary = packagedNode();
  if (binary === null) fail('');
  else runWith(binary);
}
