import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** The manifest at the root of the package, both from `src/config` and from `dist/src/config`. */
const manifest = [
  join(import.meta.dirname, '../../package.json'),
  join(import.meta.dirname, '../../../package.json'),
].find((path) => existsSync(path));

/** Version of the product, as its manifest has it. */
export const productVersion: string = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(manifest ?? 'package.json', 'utf8'))).version;
