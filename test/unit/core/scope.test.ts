import { expect } from 'chai';
import fc from 'fast-check';
import { covers, isConcreteScope, isGrantableScope, isWildcardScope } from '../../../src/core/scope.ts';
import { cpuMs } from '../../support/cpu-time.ts';

const protectedNames = new Set(['admin:users', 'admin:read', 'keys:manage', 'secret']);
const isProtected = (scope: string): boolean => protectedNames.has(scope);

/** An independent reading of the rules, by regular expression and splitting, to compare with. */
function referenceCovers(granted: string, wanted: string): boolean {
  const segment = '[a-z0-9][a-z0-9._-]*';
  const concrete = new RegExp(`^${segment}(:${segment})?$`);
  const grantable = new RegExp(`^(\\*|\\*:\\*|\\*:${segment}|${segment}:\\*|${segment}(:${segment})?)$`);
  if (!grantable.test(granted) || !grantable.test(wanted)) return false;
  if (granted === '*' || granted === wanted) return true;
  const [heldResource, heldAction] = granted.split(':');
  const [resource, action] = wanted.split(':');
  if (!concrete.test(wanted)) return granted === '*:*' && resource === '*' && action !== undefined;
  if (heldAction === undefined) return false;
  if (heldResource !== '*') return heldAction === '*' && action !== undefined && heldResource === resource;
  return !protectedNames.has(wanted) && (heldAction === '*' || heldAction === action);
}

const word = fc.constantFrom(
  'posts',
  'postsx',
  'admin',
  'keys',
  'read',
  'users',
  'manage',
  'secret',
  'a',
  '0',
  'a.b',
  'x_-',
);
const part = fc.oneof({ weight: 3, arbitrary: word }, { weight: 2, arbitrary: fc.constant('*') });
const wellFormed = fc.oneof(
  part,
  fc.tuple(part, part).map(([resource, action]) => `${resource}:${action}`),
);
const strange = fc.string({
  unit: fc.constantFrom('a', 'z', '0', ':', '*', '.', '-', '_', 'A', ' ', '\n', 'é'),
  maxLength: 6,
});
const anyScope = fc.oneof({ weight: 4, arbitrary: wellFormed }, { weight: 1, arbitrary: strange });

describe('covers', () => {
  it('agrees with an independent reading of the rules', () => {
    fc.assert(
      fc.property(anyScope, anyScope, (granted, wanted) => {
        expect(covers(granted, wanted, isProtected)).to.equal(referenceCovers(granted, wanted));
      }),
      { numRuns: 20_000 },
    );
  });

  it('is transitive: what a covered entry covers, the covering one covers too', () => {
    fc.assert(
      fc.property(wellFormed, wellFormed, wellFormed, (outer, inner, wanted) => {
        if (!covers(outer, inner, isProtected) || !covers(inner, wanted, isProtected)) return;
        expect(covers(outer, wanted, isProtected), `${outer} ⊇ ${inner} ⊇ ${wanted}`).to.equal(true);
      }),
      { numRuns: 20_000 },
    );
  });

  it('covers itself when it is well formed, and nothing when it is not', () => {
    fc.assert(
      fc.property(anyScope, anyScope, (entry, other) => {
        expect(covers(entry, entry, isProtected)).to.equal(isGrantableScope(entry));
        if (isGrantableScope(entry)) return;
        expect(covers(entry, other, isProtected)).to.equal(false);
        expect(covers(other, entry, isProtected)).to.equal(false);
      }),
    );
  });

  const table: readonly (readonly [granted: string, wanted: string, expected: boolean])[] = [
    ['posts:*', 'posts:read', true],
    ['posts:*', 'postsX:read', false],
    ['posts:*', 'postsx:read', false],
    ['posts:*', 'posts', false],
    ['posts:*', 'posts:', false],
    ['posts:*', 'posts:a:b', false],
    ['post:*', 'posts:read', false],
    ['posts', 'posts:read', false],
    ['posts:read', 'posts', false],
    ['posts:read', 'posts:*', false],
    ['*:read', 'posts:read', true],
    ['*:read', 'read', false],
    ['*:read', 'posts:xread', false],
    ['*:read', 'posts:read2', false],
    ['*:read', 'admin:read', false],
    ['admin:*', 'admin:read', true],
    ['admin:read', 'admin:read', true],
    ['*', 'admin:read', true],
    ['*', 'read', true],
    ['*:*', 'admin:read', false],
    ['*:*', 'posts:read', true],
    ['*:*', 'read', true],
    ['*:*', 'secret', false],
    ['*', 'secret', true],
    ['secret', 'secret', true],
    // One wildcard within another, by form alone.
    ['*', '*:*', true],
    ['*', '*', true],
    ['*:*', '*', false],
    ['*:*', '*:*', true],
    ['*:*', '*:read', true],
    ['*:*', 'posts:*', false],
    ['*:*', 'admin:*', false],
    ['*:read', '*:*', false],
    ['*:read', '*:write', false],
    ['posts:*', 'posts:*', true],
    ['posts:*', '*:read', false],
    ['posts:*', '*', false],
    ['*', 'posts:*', true],
    // Regular expression characters are characters.
    ['p.sts:*', 'posts:read', false],
    ['p.sts:read', 'posts:read', false],
    ['*:r.ad', 'posts:read', false],
    ['.*', 'posts:read', false],
    ['.*:.*', 'posts:read', false],
    ['(posts|admin):*', 'posts:read', false],
    ['posts:re*', 'posts:read', false],
    ['p*:read', 'posts:read', false],
    ['**', 'posts:read', false],
    ['*:*:*', 'posts:read', false],
    ['*:', 'posts:read', false],
    [':*', 'posts:read', false],
    [':', 'posts:read', false],
    ['', 'posts:read', false],
    ['*', '', false],
    ['*', ':', false],
    ['*', 'posts:', false],
    ['*', ':read', false],
    ['*', 'posts:read\n', false],
    ['posts:*', 'posts:read\n', false],
    ['posts:read\n', 'posts:read\n', false],
    ['*', 'posts:read ', false],
    ['*', 'posts:read posts:write', false],
    ['*', 'POSTS:read', false],
    ['*', 'Posts:read', false],
    ['posts:READ', 'posts:read', false],
    // Cyrillic о, full-width colon, long s, zero-width joiner, NUL.
    ['*', 'pоsts:read', false],
    ['*', 'posts：read', false],
    ['*', 'poſts:read', false],
    ['*', 'posts\u200d:read', false],
    ['*', 'posts\u0000:read', false],
    ['*', '__proto__:x', false],
    ['__proto__:*', '__proto__:x', false],
    ['*:*', '__proto__', false],
    ['constructor', 'constructor', true],
    ['*', 'tostring', true],
    ['*', '-posts:read', false],
    ['*', 'posts:.read', false],
    ['*', 'a-b.c_d:0', true],
  ];
  for (const [granted, wanted, expected] of table) {
    it(`${expected ? 'lets' : 'does not let'} ${JSON.stringify(granted)} cover ${JSON.stringify(wanted)}`, () => {
      expect(covers(granted, wanted, isProtected)).to.equal(expected);
    });
  }

  it('compares against 10,000 entries within 50 ms', async () => {
    const entries = Array.from({ length: 10_000 }, (_, index) => `resource${index}:${index % 2 === 0 ? '*' : 'read'}`);
    entries.some((entry) => covers(entry, 'posts:read', isProtected));
    const tookMs = await cpuMs(() => {
      expect(entries.some((entry) => covers(entry, 'posts:read', isProtected))).to.equal(false);
    });
    expect(tookMs).to.be.below(50);
  });

  it('reads a scope of a million characters in linear time', async () => {
    const long = `${'a'.repeat(500_000)}:${'b-'.repeat(250_000)}`;
    const tookMs = await cpuMs(() => {
      expect(covers('*', long, isProtected)).to.equal(true);
      expect(covers('*', `${long}!`, isProtected)).to.equal(false);
    });
    expect(tookMs).to.be.below(500);
  });
});

describe('the scope grammar', () => {
  it('tells concrete scopes from wildcards', () => {
    for (const scope of ['read', 'posts:read', '0', 'a.b:c_d', 'constructor']) {
      expect(isConcreteScope(scope), scope).to.equal(true);
      expect(isGrantableScope(scope), scope).to.equal(true);
      expect(isWildcardScope(scope), scope).to.equal(false);
    }
    for (const scope of ['*', '*:*', 'posts:*', '*:read']) {
      expect(isConcreteScope(scope), scope).to.equal(false);
      expect(isGrantableScope(scope), scope).to.equal(true);
      expect(isWildcardScope(scope), scope).to.equal(true);
    }
  });

  it('refuses everything else', () => {
    for (const scope of [
      '',
      ':',
      'a:',
      ':a',
      'a:b:c',
      'A',
      'a b',
      'a\n',
      '\ta',
      '**',
      'a:**',
      '*:*:*',
      '*a:b',
      '__proto__',
    ]) {
      expect(isConcreteScope(scope), scope).to.equal(false);
      expect(isGrantableScope(scope), scope).to.equal(false);
      expect(isWildcardScope(scope), scope).to.equal(false);
    }
  });
});
