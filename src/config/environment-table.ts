import { readFileSync, writeFileSync } from 'node:fs';
import { metaOf } from './environment.ts';
import { variableNames } from './environment-schema.ts';

const start = '<!-- environment:start -->';
const end = '<!-- environment:end -->';

/** Prints the variables of the environment as a Markdown table: name, what to write, default, meaning. */
export function environmentTable(): string {
  const rows = variableNames.map((name) => {
    const meta = metaOf(name);
    if (meta === undefined) throw new Error(`${name} is not documented.`);
    return `| ${[`\`${name}\``, meta.kind, meta.fallback, meta.meaning].join(' | ')} |`;
  });
  return ['| variable | value | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** Cuts the table out of a README, without the markers around it; throws where they are missing. */
export function environmentSection(readme: string): string {
  const [from, to] = sectionBounds(readme);
  return readme.slice(from, to).trim();
}

/** Puts the table of today between the markers of a README and leaves the rest alone. */
export function withEnvironmentTable(readme: string): string {
  const [from, to] = sectionBounds(readme);
  return `${readme.slice(0, from)}\n\n${environmentTable()}\n\n${readme.slice(to)}`;
}

function sectionBounds(readme: string): readonly [number, number] {
  const from = readme.indexOf(start);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) throw new Error(`The README has no section between ${start} and ${end}.`);
  return [from + start.length, to];
}

if (import.meta.main) {
  if (process.argv.includes('--write')) {
    const readme = new URL('../../README.md', import.meta.url);
    writeFileSync(readme, withEnvironmentTable(readFileSync(readme, 'utf8')));
  } else {
    process.stdout.write(`${environmentTable()}\n`);
  }
}
