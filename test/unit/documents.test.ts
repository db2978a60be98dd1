import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { configRules } from '../../src/config/check-config.ts';
import { openMetrics } from '../../src/http/metrics.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = [
  ...['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** The heading of a section as its link names it. */
const anchorsOf = (page: string): readonly string[] =>
  [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

describe('the documents', () => {
  for (const path of pages) {
    it(`lead from ${path} to places that exist`, () => {
      const links = [...read(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
      for (const link of links.filter((target) => !/^[a-z]+:/.test(target))) {
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? path : join(dirname(path), file);
        expect(existsSync(join(root, target)), link).to.equal(true);
        if (anchor !== undefined) expect(anchorsOf(read(target)), link).to.include(anchor);
      }
    });
  }
});

describe('the page for operators', () => {
  const page = read('docs/operators.md');

  it('lists every refusal to start, and says which are always in force and which are warnings', () => {
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| [^|]+ \| (always|warning|) ?\|$/gm)];
    const listed = rows.map(([, code, applies]) => `${code} ${applies || 'production'}`);
    expect(listed.toSorted()).to.deep.equal(configRules.map(({ code, applies }) => `${code} ${applies}`).toSorted());
  });

  it('lists every number that the server counts', async () => {
    const listed = [...page.matchAll(/^\| `(latchkey_[a-z_]+)` \|/gm)].map(([, name]) => name);
    const counted = [...(await openMetrics().render()).matchAll(/^# TYPE (latchkey_\w+)/gm)].map(([, name]) => name);
    expect(listed.toSorted()).to.deep.equal(counted.toSorted());
  });
});

describe('the page about security', () => {
  const page = read('docs/security.md');

  it('names tests that exist, and says in each line either where something is proved or that it is open', () => {
    const rows = [...page.matchAll(/^\| [^|]+ \| [^|]+ \| ([^|]+) \|$/gm)].map(([, proof = '']) => proof);
    const proofs = rows.filter((proof) => proof !== 'proof' && !/^-+$/.test(proof));
    expect(proofs.length).to.be.above(50);
    for (const proof of proofs) {
      const files = [...proof.matchAll(/`((?:test|src)\/[^`]+)`/g)].map(([, file = '']) => file);
      expect(files.length > 0 || /\*\*open\*\*/.test(proof), proof).to.equal(true);
      for (const file of files) expect(existsSync(join(root, file)), file).to.equal(true);
    }
  });
});
