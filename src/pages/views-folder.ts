import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of templates and style at the root of the package, both from `src/pages` and from `dist/src/pages`. */
export const viewsFolder: string =
  [join(import.meta.dirname, '../../views'), join(import.meta.dirname, '../../../views')].find((folder) =>
    existsSync(join(folder, 'layout.eta')),
  ) ?? join(import.meta.dirname, '../../views');
