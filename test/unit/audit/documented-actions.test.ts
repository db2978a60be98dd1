import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { auditActionNames, auditActions } from '../../../src/audit/audit-event.ts';

const page = readFileSync(new URL('../../../docs/audit.md', import.meta.url), 'utf8');

describe('the page about the audit trail', () => {
  it('lists the actions of the program with target and meaning, and no other', () => {
    const listed = [...page.matchAll(/^\| `([a-z_]+\.[a-z_]+)` \| (\w+) \| (.+) \|$/gm)].map(([, ...cells]) => cells);
    expect(listed).to.deep.equal(
      auditActionNames.map((name) => [name, auditActions[name].target, auditActions[name].sentence]),
    );
  });
});
