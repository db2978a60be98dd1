import { expect } from 'chai';
import { type ExercisedScope, leastPrivilege } from '../../../src/pages/least-privilege.ts';

const NOW = new Date('2026-03-31T23:30:00Z');

describe('the hint of least privilege', () => {
  const scope = (name: string, lastUsedOn: string | null, held = true): ExercisedScope => ({
    scope: name,
    held,
    lastUsedOn,
  });
  const hint = (granted: readonly string[], exercised: readonly ExercisedScope[], days = 30) =>
    leastPrivilege({ granted, exercised, days, now: NOW });

  it('parts what is held into what was used and what was not', () => {
    const { used, unused, narrower } = hint(
      ['posts:read', 'posts:write', 'posts:delete'],
      [scope('posts:read', '2026-03-31'), scope('posts:write', null), scope('posts:delete', '2025-12-01')],
    );
    expect(used).to.deep.equal(['posts:read']);
    expect(unused).to.deep.equal(['posts:write', 'posts:delete']);
    expect(narrower).to.deep.equal(['posts:read']);
  });

  it('counts days of UTC, today among them', () => {
    const used = (day: string, days: number): number => hint(['a:b'], [scope('a:b', day)], days).used.length;
    expect(used('2026-03-02', 30)).to.equal(1);
    expect(used('2026-03-01', 30)).to.equal(0);
    expect(used('2026-01-01', 90)).to.equal(1);
    expect(used('2025-12-31', 90)).to.equal(0);
    expect(used('2026-03-31', 1)).to.equal(1);
    expect(used('2026-03-30', 1)).to.equal(0);
  });

  it('puts what was used in the place of wildcards, by name', () => {
    const { narrower, wildcards } = hint(
      ['posts:*', '*:read'],
      [scope('posts:read', '2026-03-30'), scope('posts:write', null), scope('categories:read', '2026-03-30')],
    );
    expect(narrower).to.deep.equal(['posts:read', 'categories:read']);
    expect(wildcards).to.deep.equal(['posts:*', '*:read']);
  });

  it('never narrows to nothing', () => {
    expect(hint(['*'], [scope('posts:read', null), scope('posts:write', '2020-01-01')]).narrower).to.equal(null);
    expect(hint([], []).narrower).to.equal(null);
  });

  it('takes nothing from what uses all that it holds, a wildcard among it', () => {
    expect(hint(['posts:read'], [scope('posts:read', '2026-03-31')]).narrower).to.equal(null);
    expect(hint(['posts:*'], [scope('posts:read', '2026-03-31')]).narrower).to.equal(null);
  });

  it('does not give back what was used and is held no more', () => {
    const { used, unused, narrower, idle } = hint(
      ['posts:read', 'posts:delete', 'old:scope'],
      [scope('posts:read', '2026-03-31'), scope('posts:delete', '2026-03-31', false)],
    );
    expect([used, unused, idle]).to.deep.equal([['posts:read'], [], ['posts:delete', 'old:scope']]);
    expect(narrower).to.deep.equal(['posts:read']);
  });
});
