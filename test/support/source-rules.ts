import type { ArchitectureFault, SourceFile } from './architecture-rules.ts';
import { codeOf, commentsOf, withoutComments } from './source-text.ts';

const longestFileLines = 300;
const junkDrawer =
  /^(?:utils?|helpers?|common|services|libs?|managers?|misc)$|-(?:utils?|helpers?|services|libs?|managers?)$/;
// Written in two halves, so that this file does not break its own rule.
const unfinished = new RegExp(`\\b(?:TO${'DO'}|FIX${'ME'}|XX${'X'})\\b`);

/** Lists what is wrong with the name of a file: junk drawers and names that are not in kebab case. */
export function nameFaults(path: string): readonly ArchitectureFault[] {
  const rules: string[] = [];
  const names = path.replace(/(?:\.test)?\.(?:d\.)?ts$/, '').split('/');
  if (names.some((name) => junkDrawer.test(name))) {
    rules.push('nothing is called utils, helpers, common, services, lib or manager');
  }
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(names.at(-1) ?? '')) rules.push('file names are in kebab case');
  return rules.map((rule) => ({ file: path, rule }));
}

/** Lists what no TypeScript file of the project contains. */
export function textFaults({ path, text }: SourceFile): readonly ArchitectureFault[] {
  const rules: string[] = [];
  const code = codeOf(text);
  if (/:\s*any\b(?!\s*[.(])|\bas\s+any\b|[<|]\s*any\b|\bany\[\]|,\s*any>/.test(code)) rules.push('no any');
  if (/@ts-(?:ignore|nocheck)\b/.test(commentsOf(text))) rules.push('no silenced compiler');
  if (unfinished.test(commentsOf(text))) rules.push('nothing is left unfinished in a comment');
  if (
    /\b(?:describe|context|suite|it|specify|test)\.(?:only|skip)\b|^\s*x(?:describe|context|it|specify)\(/m.test(code)
  ) {
    rules.push('no test is singled out or skipped');
  }
  return rules.map((rule) => ({ file: path, rule }));
}

/** Lists what a file of src additionally keeps to: length, named exports, no barrels, a docstring on every export. */
export function exportFaults({ path, text }: SourceFile): readonly ArchitectureFault[] {
  const rules: string[] = [];
  const lines = text.trimEnd().split('\n');
  if (lines.length > longestFileLines) rules.push(`a file has at most ${longestFileLines} lines (${lines.length})`);
  const code = withoutComments(text).split('\n');
  for (const [index, line] of code.entries()) {
    if (!/^export\b/.test(line)) continue;
    if (/^export\s+default\b/.test(line)) rules.push(`exports are named (line ${index + 1})`);
    if (/^export\s+(?:type\s+)?[{*]/.test(line)) {
      // The published surface is the one place that hands on what others define.
      if (!path.startsWith('src/resource-server/'))
        rules.push(`no file only hands on another's exports (line ${index + 1})`);
    } else if (!isDocumented(lines, index)) {
      rules.push(`an export has a docstring directly before it (line ${index + 1})`);
    }
  }
  return rules.map((rule) => ({ file: path, rule }));
}

function isDocumented(lines: readonly string[], exportIndex: number): boolean {
  const previous = exportIndex - 1;
  // Of several overloads the first one is documented.
  const overload = /^export (?:async )?function (\w+)/;
  const ownName = overload.exec(lines[exportIndex] ?? '')?.[1];
  if (ownName !== undefined && overload.exec(lines[previous] ?? '')?.[1] === ownName)
    return isDocumented(lines, previous);
  if (!lines[previous]?.trimEnd().endsWith('*/')) return false;
  for (let index = previous; index >= 0; index -= 1) {
    const line = lines[index]?.trim() ?? '';
    if (line.startsWith('/*')) return /^\/\*\*\s*\S|^\/\*\*$/.test(line);
  }
  return false;
}

/** Lists the folders that ARCHITECTURE.md leaves out, and those it describes although they do not exist.
 *
 * A folder is described by a line that begins with its name and a slash, behind at most a list or table mark, a
 * back-tick and `src/`. */
export function mapFaults(
  map: string,
  sourceFolders: readonly string[],
  otherFolders: readonly string[],
): readonly ArchitectureFault[] {
  const described = [...map.matchAll(/^[\s|*-]*`?(?:(src)\/)?([a-z][a-z-]*)\/`?(?=[\s|:,`]|$)/gm)].map(
    (match) => match[2] ?? '',
  );
  const missing = sourceFolders.filter((folder) => !described.includes(folder));
  const invented = described.filter((name) => name !== 'src' && ![...sourceFolders, ...otherFolders].includes(name));
  return [
    ...missing.map((folder) => `src/${folder} has a line that begins with its name`),
    ...invented.map((folder) => `${folder}/ is described and does not exist`),
  ].map((rule) => ({ file: 'ARCHITECTURE.md', rule }));
}
