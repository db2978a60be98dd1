import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { environmentSection, environmentTable } from '../../src/config/environment-table.ts';

describe('the README', () => {
  it('lists every variable of the environment as the server reads it (node src/config/environment-table.ts --write)', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    expect(environmentSection(readme)).to.equal(environmentTable());
  });
});
