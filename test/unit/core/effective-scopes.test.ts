import { expect } from 'chai';
import fc from 'fast-check';
import {
  type EffectiveScopeInputs,
  effectiveScopes,
  memoEffectiveScopes,
  refusedGrants,
  whyMissing,
} from '../../../src/core/effective-scopes.ts';
import { ScopeCatalog } from '../../../src/core/scope-catalog.ts';

const catalog = new ScopeCatalog({
  scopes: [
    { name: 'posts:read', description: 'Read', default: true, protected: false, server: false },
    { name: 'posts:write', description: 'Write', default: false, protected: false, server: false },
    { name: 'keys:manage', description: 'Keys', default: false, protected: true, server: false },
    { name: 'admin:read', description: 'Admin', default: false, protected: true, server: true },
  ],
  roles: {},
  resources: {},
  tiers: {},
  testMultiplier: 10,
});

const noLimits: EffectiveScopeInputs = { grant: null, role: null, client: null, workspace: null, ownWorkspace: true };
const limits = (some: Partial<EffectiveScopeInputs>): EffectiveScopeInputs => ({ ...noLimits, ...some });

const entry = fc.constantFrom('*', '*:*', '*:read', 'posts:*', 'admin:*', ...catalog.names, 'gone:read', 'Bad', '');
const list = fc.option(fc.array(entry, { maxLength: 4 }), { nil: null });
const anyLimits = fc.record({ grant: list, role: list, client: list, workspace: list, ownWorkspace: fc.boolean() });

describe('effectiveScopes', () => {
  it('gives what every limit covers, in the order of the vocabulary', () => {
    expect(effectiveScopes(catalog, limits({ grant: ['posts:write', 'posts:read'], role: ['*'] }))).to.deep.equal([
      'posts:read',
      'posts:write',
    ]);
    expect(effectiveScopes(catalog, limits({ grant: ['posts:*'], role: ['*:read'] }))).to.deep.equal(['posts:read']);
    expect(effectiveScopes(catalog, limits({ grant: ['*'], client: ['posts:write'] }))).to.deep.equal(['posts:write']);
    expect(effectiveScopes(catalog, limits({ grant: ['*'], workspace: ['keys:*'] }))).to.deep.equal(['keys:manage']);
  });

  it('gives nothing for an empty list, and nothing when no limit applies at all', () => {
    for (const name of ['grant', 'role', 'client', 'workspace'] as const) {
      expect(effectiveScopes(catalog, { ...limits({ grant: ['*'] }), [name]: [] }), name).to.deep.equal([]);
    }
    expect(effectiveScopes(catalog, noLimits)).to.deep.equal([]);
  });

  it('counts server scopes in the first workspace only, even for *', () => {
    expect(effectiveScopes(catalog, limits({ grant: ['*'] }))).to.include('admin:read');
    for (const grant of [['*'], ['admin:*'], ['admin:read']]) {
      expect(effectiveScopes(catalog, limits({ grant, ownWorkspace: false }))).to.not.include('admin:read');
    }
  });

  it('only ever shrinks when a limit is added', () => {
    fc.assert(
      fc.property(anyLimits, fc.array(entry), (some, role) => {
        const before = effectiveScopes(catalog, { ...some, role: null });
        const after = effectiveScopes(catalog, { ...some, role });
        if ([some.grant, some.client, some.workspace].some((granted) => granted !== null)) {
          expect(before).to.include.members([...after]);
        }
      }),
    );
  });
});

describe('whyMissing', () => {
  const cases: readonly (readonly [string, Partial<EffectiveScopeInputs>, string, string])[] = [
    ['a scope that was never granted', { grant: ['posts:read'], role: ['*'] }, 'posts:write', 'grant'],
    ['a scope that is not in the vocabulary', { grant: ['*'] }, 'gone:read', 'grant'],
    ['no limit at all', {}, 'posts:read', 'grant'],
    ['a role without it', { grant: ['posts:*'], role: ['*:read'] }, 'posts:write', 'role'],
    ['no role any more', { grant: ['*'], role: [] }, 'posts:read', 'role'],
    ['a client without it', { grant: ['*'], role: ['*'], client: ['posts:read'] }, 'posts:write', 'client'],
    ['a narrowed workspace', { grant: ['*'], workspace: ['posts:read'] }, 'posts:write', 'role'],
    ['a protected scope behind *:read', { grant: ['*:read'] }, 'admin:read', 'protected'],
    ['a protected scope behind *:*', { grant: ['*:*'] }, 'keys:manage', 'protected'],
    ['a protected scope behind the role', { grant: ['*'], role: ['*:*'] }, 'keys:manage', 'protected'],
    ['a server scope elsewhere', { grant: ['*'], role: ['*'], ownWorkspace: false }, 'admin:read', 'protected'],
    ['a server scope never granted', { grant: ['posts:*'], ownWorkspace: false }, 'admin:read', 'grant'],
  ];
  for (const [situation, some, scope, rule] of cases) {
    it(`blames ${rule} for ${situation}`, () => {
      expect(effectiveScopes(catalog, limits(some))).to.not.include(scope);
      expect(whyMissing(catalog, limits(some), scope)).to.equal(rule);
    });
  }
});

describe('refusedGrants', () => {
  it('refuses what one of the limits of the grantor does not cover', () => {
    const grantor = limits({ grant: ['posts:*'], role: ['*:*'], client: ['*'] });
    expect(refusedGrants(catalog, grantor, ['posts:read', 'posts:*', '*:read', 'keys:manage'])).to.deep.equal([
      'posts:*',
      '*:read',
      'keys:manage',
    ]);
  });

  it('refuses everything to a grantor without limits on record', () => {
    expect(refusedGrants(catalog, noLimits, ['posts:read'])).to.deep.equal(['posts:read']);
  });

  it('refuses a server scope outside the first workspace', () => {
    const owner = limits({ role: ['*'] });
    expect(refusedGrants(catalog, owner, ['admin:read', '*'])).to.deep.equal([]);
    expect(refusedGrants(catalog, { ...owner, ownWorkspace: false }, ['admin:read', 'posts:read'])).to.deep.equal([
      'admin:read',
    ]);
  });

  it('never lets a grant reach a scope that the grantor does not have', () => {
    fc.assert(
      fc.property(anyLimits, fc.array(entry), (grantor, entries) => {
        const refused = new Set(refusedGrants(catalog, grantor, entries));
        const grant = entries.filter((item) => !refused.has(item));
        const reached = effectiveScopes(catalog, limits({ grant, ownWorkspace: grantor.ownWorkspace }));
        expect(effectiveScopes(catalog, grantor)).to.include.members([...reached]);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('memoEffectiveScopes', () => {
  it('answers as the function it remembers, however small its memory', () => {
    const memo = memoEffectiveScopes(catalog, 4);
    fc.assert(
      fc.property(anyLimits, (some) => {
        const { scopes, header } = memo(some);
        expect(scopes).to.deep.equal(effectiveScopes(catalog, some));
        expect(header).to.equal(scopes.join(' '));
      }),
      { numRuns: 2000 },
    );
  });

  it('gives the same frozen object again', () => {
    const memo = memoEffectiveScopes(catalog, 100);
    const first = memo(limits({ grant: ['posts:*'], role: ['*'] }));
    expect(memo(limits({ grant: ['posts:*'], role: ['*'] }))).to.equal(first);
    expect(first.header).to.equal('posts:read posts:write');
    expect(Object.isFrozen(first) && Object.isFrozen(first.scopes)).to.equal(true);
  });

  it('does not confuse lists whose texts run together', () => {
    const memo = memoEffectiveScopes(catalog, 100);
    const lookAlikes: readonly Partial<EffectiveScopeInputs>[] = [
      { grant: ['posts:read', 'posts:write'] },
      { grant: ['posts:read posts:write'] },
      { grant: ['posts:read11:posts:write'] },
      { grant: ['posts:read'], role: ['posts:write'] },
      { grant: ['posts:read-'], role: null },
      { grant: ['posts:read'], role: [] },
      { role: ['posts:read'] },
      { client: ['posts:read'] },
      { grant: ['posts:read'] },
      { grant: ['*'] },
      { grant: ['*'], ownWorkspace: false },
    ];
    for (let round = 0; round < 2; round += 1) {
      for (const some of lookAlikes) {
        expect(memo(limits(some)).scopes).to.deep.equal(effectiveScopes(catalog, limits(some)));
      }
    }
  });

  it('forgets the longest unused first and keeps no more than it may', () => {
    const memo = memoEffectiveScopes(catalog, 10);
    const used = limits({ grant: ['posts:read'] });
    const unused = limits({ grant: ['posts:write'] });
    const [firstUsed, firstUnused] = [memo(used), memo(unused)];
    for (let index = 0; index < 100; index += 1) {
      memo(limits({ grant: [`other${index}:*`] }));
      expect(memo(used)).to.equal(firstUsed);
    }
    expect(memo(unused)).to.not.equal(firstUnused);
  });

  it('does not keep limits of extraordinary length', () => {
    const memo = memoEffectiveScopes(catalog, 10);
    const huge = limits({ grant: Array.from({ length: 10_000 }, (_, index) => `resource${index}:read`) });
    expect(memo(huge)).to.not.equal(memo(huge));
  });
});
