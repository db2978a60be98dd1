import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Knex } from 'knex';

/** One step of the schema; `name` has no extension, because the database outlives the compiler. */
export interface Migration {
  readonly name: string;
  up(knex: Knex): Promise<unknown>;
  down(knex: Knex): Promise<unknown>;
}

/** The product's migrations: `migrations/` beside `src/`, in the checkout as in what was built from it. */
export const migrationsFolder: string = fileURLToPath(new URL('../../migrations/', import.meta.url));

/**
 * Loads the migrations of a folder in the order of their names, from `.ts` or `.js`.
 * @throws Error for a file that does not export `up` and `down`.
 */
export async function loadMigrations(folder: string = migrationsFolder): Promise<Migration[]> {
  const files = new Map<string, string>();
  for (const file of await readdir(folder)) {
    const name = /^(\d{4}_[a-z0-9_-]+)\.(?:ts|js)$/.exec(file)?.[1];
    if (name !== undefined) files.set(name, file);
  }
  const names = [...files.keys()].sort();
  return Promise.all(names.map((name) => loadMigration(name, join(folder, files.get(name) ?? name))));
}

async function loadMigration(name: string, file: string): Promise<Migration> {
  const module: unknown = await import(pathToFileURL(file).href);
  if (!isMigration(module)) throw new Error(`The migration ${name} does not export up and down.`);
  return { name, up: module.up, down: module.down };
}

function isMigration(module: unknown): module is Omit<Migration, 'name'> {
  if (typeof module !== 'object' || module === null) return false;
  return 'up' in module && typeof module.up === 'function' && 'down' in module && typeof module.down === 'function';
}

/** The same migrations in the shape that knex's own command line asks for. */
export function migrationSource(folder: string = migrationsFolder): Knex.MigrationSource<Migration> {
  return {
    getMigrations: () => loadMigrations(folder),
    getMigrationName: (migration) => migration.name,
    getMigration: (migration) => Promise.resolve({ up: migration.up, down: migration.down }),
  };
}
