import { expect } from 'chai';
import fc from 'fast-check';
import { ScopeSet } from '../../../src/core/scope-set.ts';

const isProtected = (scope: string): boolean => scope.startsWith('admin:');

describe('ScopeSet', () => {
  it('reads a space separated parameter and a list, drops repeats and writes single spaces', () => {
    expect(ScopeSet.from(' posts:read   posts:write posts:read ').toString()).to.equal('posts:read posts:write');
    expect(ScopeSet.from(['posts:read', 'posts:read', '']).entries).to.deep.equal(['posts:read']);
  });

  it('is empty for an empty text and then covers nothing', () => {
    for (const source of ['', '   ', [], ['']]) {
      const set = ScopeSet.from(source);
      expect(set.isEmpty).to.equal(true);
      expect(set.covers('posts:read', isProtected)).to.equal(false);
    }
  });

  it('separates at spaces only, so that other white space makes an entry that matches nothing', () => {
    const set = ScopeSet.from('posts:read\tposts:write\nposts:delete');
    expect(set.entries).to.have.length(1);
    for (const wanted of ['posts:read', 'posts:write', 'posts:delete']) {
      expect(set.covers(wanted, isProtected)).to.equal(false);
    }
  });

  it('can not be changed', () => {
    const { entries } = ScopeSet.from('posts:read');
    expect(() => Reflect.apply(Array.prototype.push, entries, ['*'])).to.throw(TypeError);
  });

  it('finds no member of Object.prototype in itself', () => {
    const set = ScopeSet.from('posts:read');
    for (const name of ['constructor', 'tostring', '__proto__', '__proto__:x', 'hasOwnProperty']) {
      expect(set.covers(name, isProtected), name).to.equal(false);
    }
    expect(ScopeSet.from('__proto__ constructor').entries).to.deep.equal(['__proto__', 'constructor']);
  });

  it('keeps of two sets what both hold', () => {
    const intersect = (left: string, right: string): string =>
      ScopeSet.from(left).intersect(ScopeSet.from(right), isProtected).toString();
    expect(intersect('posts:*', 'posts:read admin:users')).to.equal('posts:read');
    expect(intersect('*:read', 'posts:read admin:read')).to.equal('posts:read');
    expect(intersect('*', 'admin:*')).to.equal('admin:*');
    expect(intersect('*:*', 'admin:*')).to.equal('');
    expect(intersect('posts:*', '*:read')).to.equal('');
    expect(intersect('posts:read', '')).to.equal('');
  });

  it('never gives by intersection what one of the two does not hold', () => {
    const entry = fc.constantFrom(
      '*',
      '*:*',
      '*:read',
      'posts:*',
      'admin:*',
      'posts:read',
      'admin:read',
      'read',
      'A:b',
    );
    const wanted = fc.constantFrom('posts:read', 'posts:write', 'admin:read', 'admin:write', 'read');
    fc.assert(
      fc.property(fc.array(entry), fc.array(entry), wanted, (left, right, scope) => {
        const both = ScopeSet.from(left).intersect(ScopeSet.from(right), isProtected);
        if (!both.covers(scope, isProtected)) return;
        expect(ScopeSet.from(left).covers(scope, isProtected)).to.equal(true);
        expect(ScopeSet.from(right).covers(scope, isProtected)).to.equal(true);
      }),
    );
  });
});
