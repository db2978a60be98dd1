import { statfsSync, statSync } from 'node:fs';
import type { DataFolderFacts } from './config-facts.ts';

/** Magic numbers of file systems in memory (Linux: tmpfs, ramfs). */
const memoryFileSystems = [0x01021994, 0x858458f6];

/** Looks at an existing data folder; throws where there is none. */
export function dataFolderFacts(path: string): DataFolderFacts {
  return { path, mode: statSync(path).mode & 0o777, temporary: memoryFileSystems.includes(statfsSync(path).type) };
}
