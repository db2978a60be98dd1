#!/usr/bin/env node
// Run by npm around packing. `prepack` takes the Node binaries (optional packages that only a checkout needs) out of
// package.json, so that nobody who installs Latchkey downloads a second Node; `postpack` puts the file back as it was.
// `prepublishOnly` refuses to publish the folder: npm would read package.json again after `postpack` and announce the
// binaries to the registry all the same. A packed file is published as it is.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = process.argv[3] ?? dirname(dirname(fileURLToPath(import.meta.url)));
const manifest = join(root, 'package.json');
const original = join(root, '.package.json.before-pack');

function prepack() {
  // Left over from a pack that was interrupted: it is the true file.
  if (existsSync(original)) renameSync(original, manifest);
  const text = readFileSync(manifest, 'utf8');
  const content = JSON.parse(text);
  const kept = Object.entries(content.optionalDependencies ?? {}).filter(([name]) => !/^node-[a-z]+-/.test(name));
  if (kept.length > 0) content.optionalDependencies = Object.fromEntries(kept);
  else delete content.optionalDependencies;
  writeFileSync(original, text);
  writeFileSync(manifest, `${JSON.stringify(content, null, 2)}\n`);
}

function postpack() {
  if (existsSync(original)) renameSync(original, manifest);
}

function prepublishOnly() {
  process.stderr.write(
    'Publish the packed file, not the folder: npm run build && npm pack && npm publish latchkey-*.tgz\n',
  );
  process.exitCode = 1;
}

const step = { prepack, postpack, prepublishOnly }[process.argv[2]];
if (step === undefined) {
  process.stderr.write('Usage: node bin/prepare-package.js prepack|postpack|prepublishOnly [folder]\n');
  process.exitCode = 2;
} else {
  step();
}
