import { expect } from 'chai';
import { ScopeCatalog, type ScopeDefinition } from '../../../src/core/scope-catalog.ts';

function scope(name: string, marks: Partial<ScopeDefinition> = {}): ScopeDefinition {
  return { name, description: `May ${name}`, default: false, protected: false, server: false, ...marks };
}

const catalog = new ScopeCatalog({
  scopes: [
    scope('posts:read', { default: true }),
    scope('posts:write'),
    scope('read'),
    scope('keys:manage', { protected: true }),
    scope('admin:users', { protected: true, server: true }),
    scope('constructor'),
  ],
  roles: { owner: ['*'], member: ['*:read'] },
  resources: { 'https://reports.example.com': { scopes: ['posts:read'], format: 'jwt', ttlSeconds: 300 } },
  tiers: {
    unlimited: { limit: null, windowSeconds: 3600 },
    daily: { limit: 24_000, windowSeconds: 86_400 },
    pro: { limit: 10_000, windowSeconds: 3600 },
    free: { limit: 900, windowSeconds: 3600 },
  },
  testMultiplier: 10,
});

describe('ScopeCatalog', () => {
  it('lists names and defaults in the order of the file', () => {
    expect(catalog.names).to.deep.equal([
      'posts:read',
      'posts:write',
      'read',
      'keys:manage',
      'admin:users',
      'constructor',
    ]);
    expect(catalog.defaults).to.deep.equal(['posts:read']);
  });

  it('knows its own names and none of Object.prototype', () => {
    expect(catalog.has('constructor')).to.equal(true);
    for (const name of ['__proto__', 'toString', 'hasOwnProperty', 'posts', '*', '']) {
      expect(catalog.has(name), name).to.equal(false);
      expect(catalog.describe(name), name).to.equal(undefined);
      expect(catalog.role(name), name).to.equal(undefined);
      expect(catalog.tier(name), name).to.equal(undefined);
      expect(catalog.resource(name), name).to.equal(undefined);
    }
    expect(catalog.role('constructor')).to.equal(undefined);
    expect(catalog.isServer('admin:users')).to.equal(true);
    expect(catalog.isProtected('keys:manage')).to.equal(true);
    expect(catalog.isProtected('posts:read')).to.equal(false);
    expect(catalog.describe('read')?.description).to.equal('May read');
    expect(catalog.resource('https://reports.example.com')?.format).to.equal('jwt');
  });

  it('covers only names of the vocabulary, so that a removed scope never matches', () => {
    expect(catalog.covers(['*'], 'posts:read')).to.equal(true);
    expect(catalog.covers(['*', 'posts:*', 'posts:delete'], 'posts:delete')).to.equal(false);
    expect(catalog.covers(['*'], '*:read')).to.equal(false);
    expect(catalog.covers([], 'posts:read')).to.equal(false);
  });

  it('expands entries to concrete names in the order of the file', () => {
    expect(catalog.expand(['*'])).to.deep.equal(catalog.names);
    expect(catalog.expand(['*:*'])).to.deep.equal(['posts:read', 'posts:write', 'read', 'constructor']);
    expect(catalog.expand(['keys:manage', '*:read'])).to.deep.equal(['posts:read', 'keys:manage']);
    expect(catalog.expand(['gone:read'])).to.deep.equal([]);
  });

  it('judges a wildcard to be handed on by form and a concrete scope by the vocabulary', () => {
    const everyPostsScope = ['posts:read', 'posts:write'];
    expect(catalog.coversEntry(everyPostsScope, 'posts:*')).to.equal(false);
    expect(catalog.coversEntry(['posts:*'], 'posts:*')).to.equal(true);
    expect(catalog.coversEntry(['*:*'], 'keys:*')).to.equal(false);
    expect(catalog.coversEntry(['*:*'], '*:read')).to.equal(true);
    expect(catalog.coversEntry(['*:*'], '*')).to.equal(false);
    expect(catalog.coversEntry(['*'], 'posts:delete')).to.equal(false);
    expect(catalog.coversEntry(['*'], 'Posts:*')).to.equal(false);
  });

  it('accepts every entry that may be granted', () => {
    expect(
      catalog.validateGrantable(['*', '*:*', 'posts:*', '*:read', 'admin:*', 'read', 'constructor']),
    ).to.deep.equal([]);
    expect(catalog.validateGrantable([])).to.deep.equal([]);
  });

  it('lists a fault for every entry that may not be granted', () => {
    const entries = ['posts:delete', 'foo:*', '*:foo', '*:manage', 'openid', 'a:b:c', 'Posts:read', '', '__proto__:x'];
    const faults = catalog.validateGrantable(['posts:read', ...entries]);
    expect(faults.map((fault) => fault.entry)).to.deep.equal(entries);
    expect(faults.map((fault) => fault.message)).to.deep.equal([
      'The scope "posts:delete" does not exist.',
      'The scope "foo:*" matches no scope that exists.',
      'The scope "*:foo" matches no scope that exists.',
      'The scope "*:manage" matches no scope that exists.',
      'The scope "openid" is reserved for OpenID Connect.',
      'The scope "a:b:c" is not well formed.',
      'The scope "Posts:read" is not well formed.',
      'The scope "" is not well formed.',
      'The scope "__proto__:x" is not well formed.',
    ]);
  });

  it('shortens what it quotes, so that a fault is never as long as the input', () => {
    expect(catalog.validateGrantable(['x'.repeat(100_000)])[0]?.message.length).to.be.below(200);
  });

  it('orders tiers by calls per second with the unlimited last', () => {
    expect(catalog.tierNames).to.deep.equal(['free', 'daily', 'pro', 'unlimited']);
    expect(catalog.compareTiers('pro', 'free')).to.be.above(0);
    expect(catalog.compareTiers('unlimited', 'unlimited')).to.equal(0);
    expect(catalog.compareTiers('nonsense', 'free')).to.be.below(0);
    expect(catalog.tier('pro')).to.deep.equal({ limit: 10_000, windowSeconds: 3600 });
  });
});
